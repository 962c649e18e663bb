import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.failures import ConfigurationError
from transforms.layout.batches import BatchBounds, graph_batches, shipped_bounds, slices

SIZES = st.lists(st.integers(0, 300), max_size=30)
BOUNDS = st.builds(BatchBounds, image_pages=st.just(1), graph_pages=st.integers(1, 8), graph_nodes=st.integers(1, 600))


@given(SIZES, BOUNDS)
def test_every_page_with_lines_runs_once_within_bounds(sizes: list[int], bounds: BatchBounds) -> None:
    batches = list(graph_batches(sizes, 20, bounds))
    assert sorted(page for batch in batches for page in batch) == [i for i, size in enumerate(sizes) if size]
    for batch in batches:
        assert len(batch) <= bounds.graph_pages
        assert len(batch) == 1 or sum(sizes[page] for page in batch) <= bounds.graph_nodes
        assert len(batch) == 1 or all(sizes[page] > 20 for page in batch)


def test_pages_fill_a_batch() -> None:
    bounds = BatchBounds(graph_pages=3, graph_nodes=100)
    assert list(graph_batches([30, 40, 25, 90, 5, 30, 20], 20, bounds)) == [[0, 1, 2], [4], [3], [6], [5]]


def test_slices_cover_everything() -> None:
    assert [list(range(7))[part] for part in slices(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(slices(0, 3)) == []


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_shipped_bounds_are_positive(device: str) -> None:
    bounds = shipped_bounds(device)
    assert min(bounds.image_pages, bounds.graph_pages, bounds.graph_nodes, bounds.table_crops) >= 1


def test_unknown_device_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="batch_bounds"):
        shipped_bounds("abacus")
