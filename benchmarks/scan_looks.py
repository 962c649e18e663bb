"""Made pages as they come out of scanners and cameras (clean, skewed, photographed), as image files and PDFs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import cv2
import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image
from scan_pages import MadePage, make_page

Colours = NDArray[np.uint8]
POINTS = 72


class Scan(NamedTuple):
    """A page as it was saved: what docbeam is given, the same image alone for bare engines, and the truth."""

    name: str
    dpi: int
    kind: str
    condition: str
    given: Path
    image: Path
    words: list[tuple[str, int]]


def clean(page: Colours, dpi: int, random: np.random.Generator) -> Colours:
    """As a good scanner sees it."""
    return page


def skewed(page: Colours, dpi: int, random: np.random.Generator) -> Colours:
    """One to four degrees off, either way, in grey, with noise."""
    grey = np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    angle = float(random.choice([-1, 1]) * random.uniform(1.0, 4.0))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turned = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255,))
    return _noisy(np.asarray(turned, np.float32) * 0.96 + 5, 7.0, random)


def photographed(page: Colours, dpi: int, random: np.random.Generator) -> Colours:
    """Coloured paper on a desk, not quite from above, a fold, uneven light with a shadow, slightly out of focus."""
    height, width = page.shape[:2]
    paper = np.array([random.uniform(225, 250), random.uniform(218, 242), random.uniform(195, 230)], np.float32)
    seen = np.asarray(page, np.float32) * (paper / 255)
    seen *= _fold(height, dpi, random)[:, None, None]
    seen = _warped(seen, random)
    seen *= _light(height, width, random)[..., None]
    soft = cv2.GaussianBlur(seen, (0, 0), max(0.25, 0.25 * dpi / POINTS))
    return _noisy(np.asarray(soft, np.float32), 4.0, random)


def _fold(height: int, dpi: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Brightness of the rows: a dark crease with a light side."""
    rows = (np.arange(height) - height * random.uniform(0.35, 0.65)) / dpi * POINTS
    crease = 1 - 0.22 * np.exp(-np.square(rows / 1.5)) + 0.05 * np.exp(-np.square((rows - 8) / 8))
    return np.asarray(np.minimum(crease, 1.05), np.float32)


def _warped(seen: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """The corners of the paper come to lie up to 2.5% inside the picture."""
    height, width = seen.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32) * np.array([width, height], np.float32)
    target = corners + inward * random.uniform(0.0, 0.025, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    desk = (92.0, 74.0, 58.0)
    return np.asarray(cv2.warpPerspective(seen, matrix, (width, height), borderValue=desk), np.float32)


def _light(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Falls off to one side; the edge of a shadow crosses the page."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    turn = random.uniform(0, 2 * np.pi)
    along = np.cos(turn) * x + np.sin(turn) * y
    falling = 1 - 0.25 * (along - along.min()) / np.ptp(along)
    edge = np.cos(turn + 1) * x + np.sin(turn + 1) * y
    shadow = 1 - random.uniform(0.25, 0.45) / (1 + np.exp(-(edge - np.median(edge) - 0.1) * 30))
    return np.asarray(falling * shadow, np.float32)


def _noisy(seen: NDArray[np.float32], spread: float, random: np.random.Generator) -> Colours:
    noise = random.standard_normal(seen.shape[:2], np.float32) * np.float32(spread)
    seen = seen + (noise if seen.ndim == 2 else noise[..., None])
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


CONDITIONS: dict[str, Callable[[Colours, int, np.random.Generator], Colours]] = {
    "clean": clean,
    "skewed": skewed,
    "photographed": photographed,
}


def make_scans(folder: Path, dpis: Sequence[int], kinds: Sequence[str], pages: int, seed: int) -> Iterator[Scan]:
    """So many pages, through all resolutions and kinds, then again in other conditions: few pages see all of them.

    Every third is a scanned PDF; of the photographs every second is a phone's and tells no resolution.
    """
    cells, conditions = list(product(dpis, kinds)), list(CONDITIONS)
    for sub in ("given", "images"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for number in range(pages):
        dpi, kind = cells[number % len(cells)]
        condition = conditions[sum(divmod(number, len(cells))) % len(conditions)]
        # Threes of another step than that of the conditions, so that each comes as PDF and from phones.
        turn = number + number // len(conditions)
        yield _scan(folder, f"{number:04d}-{dpi}-{kind}-{condition}", (dpi, kind, condition), seed, turn)


def _scan(folder: Path, name: str, cell: tuple[int, str, str], seed: int, turn: int) -> Scan:
    dpi, kind, condition = cell
    r = Random(f"{seed} {name}")
    made = make_page(kind, r)
    pixels = CONDITIONS[condition](_rendered(made, dpi), dpi, np.random.default_rng(r.randrange(2**32)))
    phone = condition == "photographed" and turn % 2 == 0
    data, suffix = _saved(pixels, condition == "clean" and turn % 2 == 0, None if phone else dpi)
    image = folder / "images" / f"{name}{suffix}"
    image.write_bytes(data)
    given = folder / "given" / (f"{name}.pdf" if turn % 3 == 0 else image.name)
    given.write_bytes(_scanned(data, pixels, dpi) if turn % 3 == 0 else data)
    return Scan(name, dpi, kind, condition, given, image, made.words)


def _rendered(made: MadePage, dpi: int) -> Colours:
    pixmap = made.pdf[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csRGB)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def _saved(pixels: Colours, lossless: bool, dpi: int | None) -> tuple[bytes, str]:
    data = io.BytesIO()
    told: dict[str, Any] = {"dpi": (dpi, dpi)} if dpi else {}
    if lossless:
        Image.fromarray(pixels).save(data, "PNG", **told)
    else:
        Image.fromarray(pixels).save(data, "JPEG", quality=80, **told)
    return data.getvalue(), ".png" if lossless else ".jpg"


def _scanned(data: bytes, pixels: Colours, dpi: int) -> bytes:
    """A PDF file whose only page is the image."""
    height, width = pixels.shape[:2]
    with pymupdf.open() as document:
        page = document.new_page(width=width * POINTS / dpi, height=height * POINTS / dpi)
        page.insert_image(page.rect, stream=data)
        return bytes(document.tobytes())
