"""Pages by tier, in batches, again one by one after a failure; what networks say in the words of the schemas."""

import numpy as np
import pytest

from schemas.content import BlockType, PageNeed, Region
from schemas.failures import ConfigurationError
from schemas.geometry import Box
from transforms.layout.builtin.weights import settings
from transforms.layout.networks import TYPES, Networks, PageWork, covered, region
from transforms.layout.records import GridCell, LayoutBox, PageInput, TableGrid


def work(page, tier="full", refused=""):
    return PageWork(PageNeed(page, tier, "columns"), PageInput(width=page, height=100, refused=refused))


def named(page):
    return (Region(BlockType.PARAGRAPH, Box(0, 0, page, page), 0.5),)


class Loader:
    """Models that remember what they were asked, and raise for batches that hold a poisoned page."""

    def __init__(self, poison=(), error=None):
        self.loaded, self.batches, self.poison, self.error = [], [], set(poison), error or RuntimeError("bad input")

    def __call__(self, tier):
        self.loaded.append(tier)

        def model(works):
            pages = [work.need.page for work in works]
            self.batches.append((tier, pages))
            if self.poison & set(pages):
                raise self.error
            return [named(page) for page in pages]

        return model


def test_each_tier_is_loaded_once_and_sees_its_pages_together():
    loader = Loader()
    networks = Networks(loader, 2)
    works = [work(1), work(2, "graph"), work(3), work(4, "graph")]
    seen = networks.see(works) + networks.see([work(9)])
    assert loader.loaded == ["full", "graph"]
    assert loader.batches == [("full", [1, 3]), ("graph", [2, 4]), ("full", [9])]
    assert [(page.page, page.tier, page.reason) for page in seen] == [
        (1, "full", "columns"),
        (2, "graph", "columns"),
        (3, "full", "columns"),
        (4, "graph", "columns"),
        (9, "full", "columns"),
    ]
    assert [page.regions for page in seen] == [named(page.page) for page in seen]


def test_only_the_page_that_fails_alone_is_left_to_geometry():
    loader = Loader(poison=[2])
    seen = Networks(loader, 1).see([work(1), work(2), work(3)])
    assert [pages for _, pages in loader.batches] == [[1, 2, 3], [1], [2], [3]]
    assert [page.tier for page in seen] == ["full", "geometry", "full"]
    assert seen[1].regions == ()
    assert "columns" in seen[1].reason and "bad input" in seen[1].reason


def test_refused_pages_never_reach_a_model():
    loader = Loader()
    seen = Networks(loader, 1).see([work(1, refused="more than 3 lines"), work(2)])
    assert loader.batches == [("full", [2])]
    assert seen[0].tier == "geometry" and seen[0].reason == "columns, but more than 3 lines"


def test_nothing_to_see_loads_nothing():
    loader = Loader()
    assert Networks(loader, 1).see([]) == []
    assert len(Networks(loader, 1).see([work(1, refused="no")])) == 1
    assert loader.loaded == []


def test_a_broken_set_up_stops_the_run():
    loader = Loader(poison=[1], error=ConfigurationError("no such model"))
    with pytest.raises(ConfigurationError, match="no such model"):
        Networks(loader, 1).see([work(1), work(2)])


def test_every_class_of_the_networks_has_a_type():
    assert set(settings("full").classes) == set(settings("graph").classes) == set(TYPES)


@pytest.mark.parametrize(
    ("ruled", "expected"),
    [
        ((), False),
        ((Box(0, 0, 10, 10),), True),
        ((Box(0, 0, 10, 5),), False),
        ((Box(0, 0, 5, 7), Box(5, 0, 10, 7)), True),
    ],
)
def test_covered(ruled, expected):
    assert covered((0.0, 0.0, 10.0, 10.0), ruled) is expected


def test_an_empty_box_is_not_covered():
    assert not covered((5.0, 5.0, 5.0, 5.0), (Box(0, 0, 10, 10),))


def test_a_grid_becomes_lines_with_boxes():
    page = PageInput(width=100, height=100, boxes=np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32))
    box = LayoutBox((0.0, 0.0, 50.0, 50.0), "table", 0.75, (0, 1))
    grid = TableGrid((20.0,), (30.0,), (GridCell(1, 0, 1, 1, 2), GridCell(0, 1, 2, 0, 1)))
    found = region(box, page, grid)
    assert (found.type, found.box, found.confidence) == (BlockType.TABLE, Box(0, 0, 50, 50), 0.75)
    assert (found.rows, found.columns) == ((20.0,), (30.0,))
    assert [line.box for line in found.lines] == [Box(5, 6, 7, 8), Box(1, 2, 3, 4)]
    assert [(line.row_start, line.column_start) for line in found.lines] == [(0, 1), (1, 0)]
    assert region(box, page, None).lines == ()
