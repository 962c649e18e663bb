"""Plain text."""

from pathlib import Path

import pytest

from schemas.content import Block, BlockType, ExtractRequest
from schemas.failures import Corrupt
from transforms.extract.text.plain import TextExtractor, text_blocks, wrap_width

WRAPPED = """\
It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief, it was the epoch of
incredulity, and the end."""


def summary(blocks: list[Block]) -> list[tuple[str, int, str, str]]:
    return [(b.type.value, b.level, b.marker, "".join(s.text for s in b.spans)) for b in blocks]


def blocks(text: str) -> list[tuple[str, int, str, str]]:
    return summary(list(text_blocks(text, wrap_width(text))))


def test_wrapped_lines_are_one_paragraph() -> None:
    assert blocks(f"{WRAPPED}\n\nShort.") == [
        ("paragraph", 0, "", WRAPPED.replace("\n", " ")),
        ("paragraph", 0, "", "Short."),
    ]


def test_verse_keeps_its_lines() -> None:
    assert blocks(f"{WRAPPED}\n\nRoses are red\nViolets are blue")[1][3] == "Roses are red\nViolets are blue"


def test_underlined_titles_are_headings() -> None:
    found = blocks("Title\n=====\nText right below.\n\nPart two\n--------\n\nmore")
    assert found == [
        ("heading", 1, "", "Title"),
        ("paragraph", 0, "", "Text right below."),
        ("heading", 2, "", "Part two"),
        ("paragraph", 0, "", "more"),
    ]


@pytest.mark.parametrize("text", ["Chapter IV", "CHAPTER 12: The End", "Appendix A"])
def test_chapter_lines_are_headings(text: str) -> None:
    assert blocks(f"{text}\n\nbody")[0] == ("heading", 1, "", text)


@pytest.mark.parametrize(
    "text",
    [
        "Chapter 3 is the longest of all.",
        "ALL CAPS LINE",
        "1984",
        "Chapters of my life",
        "A long line\n---",
        "----\n====",
    ],
)
def test_no_heading_is_guessed(text: str) -> None:
    assert all(kind != "heading" for kind, *_ in blocks(f"{text}\n\nbody"))


def test_lists_with_levels_markers_and_continuations() -> None:
    assert blocks("- one\n- two\n    * inner\n      goes on\n- three\n\n3. c\n4. d") == [
        ("list_item", 0, "-", "one"),
        ("list_item", 0, "-", "two"),
        ("list_item", 1, "*", "inner\ngoes on"),
        ("list_item", 0, "-", "three"),
        ("list_item", 0, "3.", "c"),
        ("list_item", 0, "4.", "d"),
    ]


@pytest.mark.parametrize("text", ["12. May was warm\n7. June was not", "– he said\nand left", "text\n- then a dash"])
def test_what_only_looks_like_a_list(text: str) -> None:
    assert [kind for kind, *_ in blocks(text)] == ["paragraph"]


def test_rules_are_dropped() -> None:
    assert blocks("above\n\n* * *\n\nbelow") == [("paragraph", 0, "", "above"), ("paragraph", 0, "", "below")]


def extract(tmp_path: Path, data: bytes, **request: int) -> object:
    path = tmp_path / "t.txt"
    path.write_bytes(data)
    return TextExtractor().extract(path, ExtractRequest(**request))  # type: ignore[arg-type]


def test_form_feeds_part_pages(tmp_path: Path) -> None:
    result = extract(tmp_path, b"one\r\n\ftwo\n\f\f four\n\f")
    assert result.page_count == 4  # type: ignore[attr-defined]
    pages = result.pages  # type: ignore[attr-defined]
    assert [(p.number, p.status.value) for p in pages] == [(1, "digital"), (2, "digital"), (3, "empty"), (4, "digital")]


def test_page_range_and_bound(tmp_path: Path) -> None:
    data = b"a\fb\fc"
    ranged = extract(tmp_path, data, first_page=2, last_page=3)
    assert [p.number for p in ranged.pages] == [2, 3]  # type: ignore[attr-defined]
    bounded = extract(tmp_path, data, max_pages=2)
    assert bounded.pages == [] and bounded.page_count == 3  # type: ignore[attr-defined]


def test_empty_file_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="file is empty"):
        extract(tmp_path, b"")


def test_paragraph_type_and_source() -> None:
    (block,) = text_blocks("words")
    assert block.type is BlockType.PARAGRAPH and block.source == "text"
