"""Boxes of straightened pages return to the page as shown."""

import pytest

from schemas.content import BlockType, Cell, ExtractedPage, Span
from schemas.document import Element, PageSpan
from schemas.geometry import Box
from transforms.assemble.shown import as_shown, moved_box

#: The page was turned by 90 degrees: what is right on it is down as shown; 100 is its height.
TURNED = (0.0, 1.0, -1.0, 0.0, 100.0, 0.0)
BOX, SHOWN = Box(10, 20, 30, 25), Box(75, 10, 80, 30)


def element(page, **fields):
    return Element(element_id="e", index=0, type=BlockType.TABLE, text="x", page=page, box=BOX, **fields)


def pages():
    return [ExtractedPage(number=1), ExtractedPage(number=2, to_shown=TURNED)]


def test_boxes_of_a_turned_page_move():
    spans = (PageSpan(2, Span("a", BOX)), PageSpan(1, Span("b", BOX)), PageSpan(2, Span("c")))
    cells = (Cell(0, 0, "own", box=BOX), Cell(1, 0, "other", box=BOX, page=1))
    (found,) = as_shown([element(2, spans=spans, cells=cells)], pages())
    assert found.box == SHOWN
    assert [part.span.box for part in found.spans] == [SHOWN, BOX, None]
    assert [cell.box for cell in found.cells] == [SHOWN, BOX]
    assert [part.span.text for part in found.spans] == ["a", "b", "c"]


def test_other_pages_stay_as_they_are():
    elements = [element(1), element(3)]
    assert as_shown(elements, pages()) == elements
    assert as_shown(elements, pages()[:1]) == elements


@pytest.mark.parametrize(
    ("affine", "expected"), [((1, 0, 0, 1, 0, 0), BOX), ((1, 0, 0, 1, 5, -5), Box(15, 15, 35, 20)), (TURNED, SHOWN)]
)
def test_moved_box(affine, expected):
    assert moved_box(BOX, affine) == expected
