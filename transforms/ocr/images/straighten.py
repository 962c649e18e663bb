"""Bring page images upright: quarter turns, then the skew that is left, told by the rows that text makes."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from transforms.ocr.images.pixels import POINTS_PER_INCH, Affine, Pixels, compose, grey, ink

#: Resolution at which turns and skew are sought.
WORK_DPI = 150.0
#: Skew beyond this, in degrees, is not looked for.
MAX_SKEW = 8.0
#: Smaller skew, in degrees, harms no engine; a warp costs sharpness.
MIN_SKEW = 0.12
#: Fewer dark pixels than this (of every third column) tell no skew.
MIN_MARKS = 300
#: Points that ink is smeared by: more than letters are apart, less than lines.
SMEAR = 2.5
#: Share of the pieces that smearing along the page leaves to which smearing down must come, on a page on its side.
SIDEWAYS = 0.95
#: Runs of text in which ascenders are compared with descenders: their least height in pixels, and the excess of the
#: latter that counts. A page is turned when such runs outnumber the others beyond this many standard deviations.
MIN_ROW_HEIGHT, UPSIDE_DOWN, SURELY = 8, 1.1, 2.0
#: Share of the height of a run beyond which its bodies are capitals and figures: commas and brackets stand below those,
#: and nothing above.
MAX_BODY = 0.75
IDENTITY: Affine = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Straight(NamedTuple):
    """An upright image and the map from its pixels to those of the image as it was."""

    pixels: Pixels
    to_original: Affine
    #: Clockwise quarter turns that were applied.
    quarter: int
    #: Degrees clockwise by which the text sloped down, after the quarter turns.
    skew: float


def straightened(pixels: Pixels, dpi: float) -> Straight:
    """The image with horizontal, upright text. Images without rows of text stay as they are."""
    work = _working_copy(pixels, dpi)
    quarter = 1 if _is_sideways(work) else 0
    work = turned_array(work, quarter)
    skew = find_skew(work)
    level = _levelled(work, skew)
    if _is_upside_down(level):
        quarter += 2
    upright = turned_array(pixels, quarter)
    to_original = _turn_map(quarter, pixels.shape[1], pixels.shape[0])
    if abs(skew) < MIN_SKEW:
        return Straight(upright, to_original, quarter, 0.0)
    warp = _rotation(skew, upright.shape[1], upright.shape[0])
    return Straight(_levelled(upright, skew), compose(warp, to_original), quarter, skew)


def _working_copy(pixels: Pixels, dpi: float) -> Pixels:
    """Ink at the working resolution; specks and large dark areas are left out."""
    luminance = grey(pixels)
    scale = min(1.0, WORK_DPI / max(dpi, 1.0))
    if scale < 1.0:
        luminance = np.asarray(cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return glyphs_only(ink(luminance, min(dpi, WORK_DPI)), min(dpi, WORK_DPI))


def glyphs_only(marks: Pixels, dpi: float) -> Pixels:
    """The components of the size of letters and words; rules, pictures and specks are dropped."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    if count < 2:
        return marks
    width, height, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    small, large = 0.03 * dpi, 0.6 * dpi
    keep = (np.maximum(width, height) >= small) & (np.minimum(width, height) <= large) & (area >= 4)
    keep &= np.maximum(width, height) <= 2 * large
    keep[0] = False
    return np.where(keep[labels], 255, 0).astype(np.uint8)


def turned_array(pixels: Pixels, quarter: int) -> Pixels:
    """The array after clockwise quarter turns."""
    return np.ascontiguousarray(np.rot90(pixels, -(quarter % 4)))


def _turn_map(quarter: int, width: int, height: int) -> Affine:
    """From pixels of the turned array to those of the original of this size."""
    return {
        0: IDENTITY,
        1: (0.0, -1.0, 1.0, 0.0, 0.0, float(height)),
        2: (-1.0, 0.0, 0.0, -1.0, float(width), float(height)),
        3: (0.0, 1.0, -1.0, 0.0, float(width), 0.0),
    }[quarter % 4]


def _is_sideways(marks: Pixels) -> bool:
    """Whether more letters join when ink is smeared down the page than along it: letters are closer than lines."""
    reach = max(3, round(SMEAR / POINTS_PER_INCH * WORK_DPI))
    along = cv2.connectedComponents(cv2.dilate(marks, np.ones((1, reach), np.uint8)))[0]
    down = cv2.connectedComponents(cv2.dilate(marks, np.ones((reach, 1), np.uint8)))[0]
    return down < SIDEWAYS * along


def find_skew(marks: Pixels) -> float:
    """Degrees by which rows slope down to the right; 0.0 without enough ink."""
    # Every third column tells as much as all of them.
    rows, columns = np.nonzero(marks[:, ::3])
    if len(rows) < MIN_MARKS:
        return 0.0
    ys, xs = rows.astype(np.float32), 3 * columns.astype(np.float32)
    best, reach, step = 0.0, MAX_SKEW, 0.5
    while step > 0.01:
        angles = np.arange(best - reach, best + reach + step / 2, step)
        sharpness = [_sharpness(xs, ys, float(angle)) for angle in angles]
        best = float(angles[int(np.argmax(sharpness))])
        reach, step = step, step / 5
    return best if abs(best) <= MAX_SKEW else 0.0


def _sharpness(xs: NDArray[np.float32], ys: NDArray[np.float32], angle: float) -> float:
    slope = math.tan(math.radians(angle))
    rows = ys - slope * xs
    profile = np.bincount((rows - rows.min()).astype(np.int32)).astype(np.float64)
    return float(np.square(np.diff(profile)).sum())


def _rotation(skew: float, width: int, height: int) -> Affine:
    """From pixels of the levelled image to those of the skewed one: a turn by `skew` about the middle."""
    cos, sin = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    x, y = width / 2, height / 2
    return (cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)


def _levelled(pixels: Pixels, skew: float) -> Pixels:
    if abs(skew) < MIN_SKEW:
        return pixels
    height, width = pixels.shape[:2]
    a, b, c, d, e, f = _rotation(skew, width, height)
    matrix = np.array([[a, c, e], [b, d, f]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _is_upside_down(marks: Pixels) -> bool:
    """Whether more ink stands below the bodies of letters than above: Latin text has more ascenders."""
    reach = max(3, round(2 * SMEAR / POINTS_PER_INCH * WORK_DPI))
    smeared = cv2.dilate(marks, np.ones((1, reach), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(smeared, connectivity=8)
    total, votes, rows = 0.0, 0, 0
    for x, y, width, height, _ in stats[1:]:
        if width < 3 * height or height < MIN_ROW_HEIGHT:
            continue
        above, below, body = _beyond_body(marks[y : y + height, x : x + width])
        if body > MAX_BODY * height:
            continue
        rows += 1
        total += below - UPSIDE_DOWN * above
        votes += (below > UPSIDE_DOWN * above) - (above > UPSIDE_DOWN * below)
    return total > 0 and votes > SURELY * math.sqrt(rows)


def _beyond_body(run: Pixels) -> tuple[float, float, int]:
    """Ink above and below the bodies of the letters of a run, and how high these are."""
    profile = run.astype(np.float32).sum(axis=1) / 255
    body = np.flatnonzero(profile > 0.5 * np.sort(profile)[-max(1, len(profile) // 4)])
    above, below = profile[: body[0]].sum(), profile[body[-1] + 1 :].sum()
    return float(above), float(below), int(body[-1] - body[0]) + 1
