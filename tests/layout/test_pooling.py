import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.layout.builtin.pooling import pool_boxes

SIDE = 300


def blown_up(level: np.ndarray) -> np.ndarray:
    """Bilinear samples of (channels, n, n) at 300 x 300 pixel centres, edges repeated."""
    cells = level.shape[1]
    place = np.maximum((np.arange(SIDE) + 0.5) * cells / SIDE - 0.5, 0)
    low = np.floor(place).astype(int)
    high, part = np.minimum(low + 1, cells - 1), place - low
    rows = level[:, low] * (1 - part)[:, None] + level[:, high] * part[:, None]
    return rows[:, :, low] * (1 - part) + rows[:, :, high] * part


def direct(levels: list[np.ndarray], logits: np.ndarray, window: tuple[int, int, int, int]) -> np.ndarray:
    x0, y0, x1, y1 = window
    features = np.concatenate([blown_up(level) for level in levels])[:, y0 : y1 + 1, x0 : x1 + 1]
    chances = np.exp(logits - logits.max(axis=0))
    chances = (chances / chances.sum(axis=0))[:, y0 : y1 + 1, x0 : x1 + 1]
    best = np.sort(chances, axis=0)
    entropy = -(chances * np.log(chances + 1e-12)).sum(axis=0)
    axes = (1, 2)
    parts = [features.mean(axis=axes), features.max(axis=axes)]
    parts += [chances.mean(axis=axes), chances.min(axis=axes), chances.max(axis=axes)]
    return np.concatenate([*parts, [entropy.mean()], [(best[-1] - best[-2]).mean()]])


@pytest.fixture(scope="module")
def maps() -> tuple[list[np.ndarray], np.ndarray]:
    random = np.random.default_rng(7)
    levels = [random.normal(size=(4, cells, cells)).astype(np.float32) for cells in (150, 75, 37, 9)]
    return levels, random.normal(size=(3, SIDE, SIDE)).astype(np.float32)


PIXEL = st.integers(0, SIDE - 1)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(PIXEL, PIXEL, PIXEL, PIXEL), min_size=1, max_size=6))
def test_equals_pooling_of_the_large_map(
    maps: tuple[list[np.ndarray], np.ndarray], corners: list[tuple[int, int, int, int]]
) -> None:
    windows = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    boxes = np.array([(2 * a + 0.5, 3 * b + 0.5, 2 * c + 1.5, 3 * d + 2.5) for a, b, c, d in windows], np.float32)
    pooled = pool_boxes(*maps, boxes, (2 * SIDE, 3 * SIDE))
    assert np.allclose(pooled, [direct(*maps, window) for window in windows], atol=1e-4)


def test_boxes_outside_the_page_take_its_border(maps: tuple[list[np.ndarray], np.ndarray]) -> None:
    boxes = np.array([(-50, -50, -10, -10), (310, 310, 400, 400), (-10, -10, 400, 400)], np.float32)
    windows = [(0, 0, 0, 0), (299, 299, 299, 299), (0, 0, 299, 299)]
    pooled = pool_boxes(*maps, boxes, (SIDE, SIDE))
    assert np.allclose(pooled, [direct(*maps, window) for window in windows], atol=1e-4)


def test_many_large_boxes_are_the_same_one_by_one(maps: tuple[list[np.ndarray], np.ndarray]) -> None:
    # More samples than one chunk holds.
    boxes = np.array([(i, i, 290 - i, 290 - i) for i in range(6)], np.float32)
    together = pool_boxes(*maps, boxes, (SIDE, SIDE))
    alone = np.concatenate([pool_boxes(*maps, boxes[i : i + 1], (SIDE, SIDE)) for i in range(6)])
    assert np.allclose(together, alone, atol=1e-6)
