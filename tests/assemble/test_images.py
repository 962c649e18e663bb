"""Images of a page become pictures: parts of one picture are joined, backgrounds and ornaments left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.content import ExtractedPage, Image
from schemas.geometry import Box, column_boxes, union
from transforms.assemble.geometry.images import joined, pictures, with_seen

_sides = st.floats(0, 500)
_boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w + 1, y + h + 1), _sides, _sides, _sides, _sides)


def page(*boxes: Box) -> ExtractedPage:
    return ExtractedPage(number=1, width=600, height=800, images=[Image(box=box) for box in boxes])


def test_parts_of_a_picture_are_one() -> None:
    part, inside, apart = Box(100, 100, 200, 200), Box(140, 120, 220, 180), Box(300, 100, 400, 200)
    assert pictures(page(part, inside, apart)) == [Box(100, 100, 220, 200), apart]


def test_ornaments_and_backgrounds_are_none() -> None:
    assert pictures(page(Box(0, 0, 10, 10), Box(0, 0, 600, 800))) == []


def test_parts_that_fill_the_page_stay_apart() -> None:
    halves = [Box(0, 0, 600, 500), Box(0, 250, 600, 800)]
    assert pictures(page(*halves, Box(0, 240, 600, 510))) == [*halves, Box(0, 240, 600, 510)]


def test_a_model_joins_what_it_sees_as_one() -> None:
    parts = [Box(100, 100, 140, 140), Box(160, 100, 200, 140), Box(400, 100, 440, 140)]
    assert with_seen(parts, [Box(95, 95, 210, 150)]) == [parts[2], Box(95, 95, 210, 150)]
    assert with_seen(parts[:1], [Box(95, 95, 210, 150)]) == parts[:1]


@given(st.lists(_boxes, max_size=12))
def test_joining_covers_all_and_leaves_no_overlap(parts: list[Box]) -> None:
    whole = joined(parts)
    assert union(whole) == union(parts)
    assert joined(whole) == whole


@given(st.lists(_boxes, max_size=12))
def test_columns_cover_their_boxes(boxes: list[Box]) -> None:
    columns = column_boxes(boxes)
    assert union(columns) == union(boxes)
    assert len(columns) <= len(boxes)


def test_a_jump_up_opens_a_column() -> None:
    left, right = (
        [Box(0, 10 * y, 90, 10 * y + 9) for y in range(5, 9)],
        [Box(100, 10 * y, 190, 10 * y + 9) for y in range(3)],
    )
    beside = Box(95, 85, 99, 89)
    assert column_boxes([*left, beside, *right]) == [Box(0, 50, 99, 89), Box(100, 0, 190, 29)]
