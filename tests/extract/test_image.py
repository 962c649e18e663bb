"""Image files as pages."""

import zlib
from pathlib import Path

import pytest
from PIL import Image as Pillow

from schemas.content import Extraction, ExtractRequest, PageStatus
from schemas.failures import Category, Corrupt, TooLarge
from transforms.extract import image as images
from transforms.extract.image import ImageExtractor


def extract(path: Path, **request: int) -> Extraction:
    return ImageExtractor().extract(path, ExtractRequest(**request))


def saved(path: Path, size: tuple[int, int] = (850, 1100), **how: object) -> Path:
    Pillow.new("L", size, 200).save(path, **how)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp", "a.gif"])
def test_every_format_is_one_page_with_one_image(tmp_path: Path, name: str) -> None:
    extraction = extract(saved(tmp_path / name))
    (page,) = extraction.pages
    assert extraction.page_count == 1 and page.status is PageStatus.EMPTY
    (shown,) = page.images
    assert (shown.width, shown.height) == (850, 1100)
    assert shown.box == (0, 0, page.width, page.height)


def test_the_resolution_of_the_file_gives_the_size(tmp_path: Path) -> None:
    page = extract(saved(tmp_path / "a.png", dpi=(100, 100))).pages[0]
    assert (page.width, page.height) == pytest.approx((612, 792), abs=0.1)


@pytest.mark.parametrize(("size", "inches"), [((1000, 2340), 11.7), ((300, 480), 5.0), ((3000, 4500), 15.0)])
@pytest.mark.parametrize("dpi", [None, (1, 1), (72, 400)])
def test_without_a_credible_resolution_pages_have_usual_sizes(
    tmp_path: Path, size: tuple[int, int], inches: float, dpi: tuple[int, int] | None
) -> None:
    page = extract(saved(tmp_path / "a.png", size, **({"dpi": dpi} if dpi else {}))).pages[0]
    assert page.height == pytest.approx(inches * 72, rel=0.01)


def test_exif_turns_the_page(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    page = extract(saved(tmp_path / "a.jpg", (400, 200), exif=exif, dpi=(100, 100))).pages[0]
    assert (page.width, page.height) == pytest.approx((144, 288))
    assert (page.images[0].width, page.images[0].height) == (200, 400)


@pytest.fixture
def fax(tmp_path: Path) -> Path:
    frames = [Pillow.new("1", (600 + 100 * n, 800), 1) for n in range(4)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:], dpi=(100, 100))
    return tmp_path / "a.tif"


def test_frames_are_pages(fax: Path) -> None:
    extraction = extract(fax)
    assert [page.number for page in extraction.pages] == [1, 2, 3, 4]
    assert [page.width for page in extraction.pages] == pytest.approx([432, 504, 576, 648])


def test_ranges_and_bounds_of_frames(fax: Path) -> None:
    assert [page.number for page in extract(fax, first_page=2, last_page=3).pages] == [2, 3]
    bounded = extract(fax, max_pages=2)
    assert bounded.page_count == 4 and bounded.pages == []


def test_animations_are_one_page(tmp_path: Path) -> None:
    frames = [Pillow.new("L", (60, 40), 80 * n) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert extract(tmp_path / "a.gif").page_count == 1


def test_large_frames_fail_alone(fax: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_FRAME_PIXELS", 850 * 800)
    extraction = extract(fax)
    assert [page.status for page in extraction.pages][2:] == [PageStatus.EMPTY, PageStatus.FAILED]
    (failure,) = extraction.failures
    assert failure.category is Category.TOO_LARGE and failure.page == 4 and "900 x 800" in failure.message


def test_a_single_large_image_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_FRAME_PIXELS", 1000)
    with pytest.raises(TooLarge, match="850 x 1100"):
        extract(saved(tmp_path / "a.png"))


def test_bombs_are_too_large_before_they_are_decoded(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (20, 20))
    data = bytearray(path.read_bytes())
    # Width and height in the header; its checksum is what Pillow verifies, so it is made anew.
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(data)
    with pytest.raises(TooLarge):
        extract(path)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"II*\x00\x08\x00\x00\x00", b"plain text"])
def test_damaged_files_are_corrupt(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(Corrupt):
        extract(path)


def test_lost_frames_fail_alone(fax: Path, tmp_path: Path) -> None:
    whole = fax.read_bytes()
    count = 0
    for size in range(len(whole) - 1, len(whole) // 2, -max(1, len(whole) // 60)):
        path = tmp_path / "cut.tif"
        path.write_bytes(whole[:size])
        try:
            extraction = extract(path)
        except Corrupt:
            continue
        count += 1
        assert len(extraction.pages) == extraction.page_count
        failed = sum(page.status is PageStatus.FAILED for page in extraction.pages)
        assert failed == len(extraction.failures)
    assert count > 0
