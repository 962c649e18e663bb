"""Reading order: columns, bands, and what must hold for any set of boxes."""

import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.geometry import Box
from transforms.assemble.geometry.reading_order import reading_order


@dataclass(frozen=True)
class Piece:
    box: Box
    text: str = "a line with enough words in it"


def column(name: str, x0: float, x1: float, top: float, count: int) -> list[Piece]:
    return [
        Piece(Box(x0, top + 12 * i, x1, top + 12 * i + 10), f"{name}{i} a line with many words") for i in range(count)
    ]


def names(items: list[Piece]) -> list[str]:
    shuffled = random.Random(7).sample(items, len(items))
    return [piece.text.split()[0] for stack in reading_order(shuffled, 10.0) for piece in stack]


def test_two_columns_are_read_one_after_the_other() -> None:
    assert names(column("l", 50, 290, 100, 5) + column("r", 310, 550, 100, 5)) == [
        *[f"l{i}" for i in range(5)],
        *[f"r{i}" for i in range(5)],
    ]


def test_three_columns() -> None:
    items = column("a", 50, 200, 100, 4) + column("b", 220, 370, 100, 4) + column("c", 390, 540, 100, 4)
    assert [name[0] for name in names(items)] == ["a"] * 4 + ["b"] * 4 + ["c"] * 4


def test_a_wide_line_parts_the_columns_above_from_those_below() -> None:
    wide = Piece(Box(50, 150, 550, 160), "w a line over both columns")
    items = [*column("a", 50, 290, 100, 4), *column("b", 310, 550, 100, 4), wide]
    items += [*column("c", 50, 290, 170, 4), *column("d", 310, 550, 170, 4)]
    assert [name[0] for name in names(items)] == ["a"] * 4 + ["b"] * 4 + ["w"] + ["c"] * 4 + ["d"] * 4


def test_short_lines_in_pairs_are_rows() -> None:
    left = [Piece(Box(50, 100 + 12 * i, 120, 110 + 12 * i), f"l{i} name here") for i in range(5)]
    right = [Piece(Box(300, 100 + 12 * i, 360, 110 + 12 * i), f"r{i} value 12") for i in range(5)]
    assert names(left + right) == [f"{side}{i}" for i in range(5) for side in "lr"]


def test_a_figure_makes_a_column() -> None:
    figure = Piece(Box(310, 100, 550, 300), "")
    stacks = reading_order([*column("l", 50, 290, 100, 9), figure], 10.0)
    assert [piece.text[:1] for stack in stacks for piece in stack] == ["l"] * 9 + [""]


coordinate = st.integers(0, 600)
boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h), coordinate, coordinate, st.integers(1, 300), st.integers(1, 40)
)
pieces = st.lists(
    st.builds(Piece, boxes, st.sampled_from(["", "x", "two words", "a line with enough words"])), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(pieces, st.randoms(use_true_random=False))
def test_order_is_a_permutation_that_ignores_the_order_of_the_input(items: list[Piece], rng: random.Random) -> None:
    ordered = [piece for stack in reading_order(items, 10.0) for piece in stack]
    assert sorted(map(repr, ordered)) == sorted(map(repr, items))
    shuffled = rng.sample(items, len(items))
    assert [piece for stack in reading_order(shuffled, 10.0) for piece in stack] == ordered
