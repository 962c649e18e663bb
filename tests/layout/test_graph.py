import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.layout.builtin.graph import edge_geometry, neighbour_edges, node_geometry, text_pattern


def boxes_of(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


GRID = boxes_of(*[(100 * c, 30 * r, 100 * c + 80, 30 * r + 12) for r in range(4) for c in range(3)])


def test_nodes_are_relative_to_all_of_them() -> None:
    rows = node_geometry(boxes_of((10, 20, 30, 40), (50, 20, 110, 120)))
    assert np.allclose(rows[0], [0, 0, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2])
    assert np.allclose(rows[1], [0.4, 0, 1, 1, 0.7, 0.5, 0.6, 1])


def test_a_point_has_no_extent() -> None:
    assert np.isfinite(node_geometry(boxes_of((5, 5, 5, 5)))).all()


def test_edges_join_near_neighbours_and_skip_one_below() -> None:
    edges = {tuple(pair) for pair in neighbour_edges(GRID).T.tolist()}
    assert {(0, 1), (1, 2), (0, 3), (3, 6)} <= edges
    assert (0, 11) not in edges


def test_few_nodes_have_loops() -> None:
    assert neighbour_edges(boxes_of()).shape == (2, 0)
    assert neighbour_edges(boxes_of((0, 0, 9, 9))).tolist() == [[0], [0]]
    assert neighbour_edges(boxes_of((0, 0, 9, 9), (0, 0, 9, 9))).tolist() == [[0], [0]]
    assert edge_geometry(boxes_of((0, 0, 9, 9)), np.zeros((2, 1), np.int64)).tolist() == [[0.0] * 24]


@given(st.lists(st.tuples(*[st.integers(0, 600)] * 2, *[st.integers(1, 60)] * 2), min_size=2, max_size=25))
def test_edges_are_sorted_pairs_of_different_nodes_and_finite(rows: list[tuple[int, int, int, int]]) -> None:
    boxes = boxes_of(*[(x, y, x + w, y + h) for x, y, w, h in rows])
    edges = neighbour_edges(boxes)
    if edges.shape[1] != 1:
        assert (edges[0] < edges[1]).all()
    assert edges.shape[1] <= 7 * len(rows)
    geometry = edge_geometry(boxes, edges)
    assert geometry.shape == (edges.shape[1], 24) and np.isfinite(geometry).all()
    assert geometry.dtype == np.float32


def test_alignment_columns() -> None:
    boxes = boxes_of((0, 0, 10, 10), (0, 20, 10, 30), (50, 0, 60, 12))
    first, second = edge_geometry(boxes, np.array([[0, 0], [1, 2]]))
    assert first[18:].tolist() == [1, 1, 1, 0, 0, 0]
    assert second[18:].tolist() == [0, 0, 0, 1, 0, 0]


def test_text_pattern_counts_runs() -> None:
    # Two letters (kind 10 = octal 12, run 2), a space (13 = octal 15, run 1), three digits (11 = octal 13, run 3).
    expected = [1, 2, 0, 2, 1, 5, 0, 1, 1, 3, 0, 3]
    assert text_pattern("ab 123")[:12] == [digit / 8 for digit in expected]
    assert text_pattern("")[:2] == [0.0, 0.0]


@given(st.text())
def test_text_pattern_has_one_length(text: str) -> None:
    assert len(text_pattern(text)) == 40


def test_marks_have_codes_of_their_own() -> None:
    kinds = {tuple(text_pattern(mark)[:2]) for mark in "•-(a1 %"}
    assert len(kinds) == 7
