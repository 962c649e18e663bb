import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.geometry import Box
from transforms.layout.builtin.grouping import components, group_lines, softmax
from transforms.layout.records import LayoutBox

CLASSES = ("text", "title", "picture")
PRIORITY = (1, 2, 0)
STRONG, WEAK = (-9.0, 9.0), (9.0, -9.0)


def regions(labels: list[int], edges: list[tuple[int, int, bool]], boxes: list[Box]) -> list[LayoutBox]:
    nodes = np.eye(3, dtype=np.float32)[labels] * 9
    ends = np.array([edge[:2] for edge in edges], np.int64).reshape(-1, 2).T
    scores = np.array([STRONG if edge[2] else WEAK for edge in edges], np.float32).reshape(-1, 2)
    return group_lines(nodes, scores, ends, np.array(boxes, np.float32), CLASSES, PRIORITY)


def row(i: int) -> Box:
    return Box(10, 20 * i, 100, 20 * i + 12)


def test_strong_edges_join_lines() -> None:
    found = regions([0, 0, 1], [(0, 1, True), (1, 2, False)], [row(0), row(1), row(2)])
    assert [(r.cls, r.box, r.nodes) for r in found] == [
        ("text", Box(10, 0, 100, 32), (0, 1)),
        ("title", Box(10, 40, 100, 52), (2,)),
    ]
    assert all(0.99 < r.confidence <= 1 for r in found)


def test_majority_wins_and_ties_follow_the_priority() -> None:
    edges = [(0, 1, True), (1, 2, True)]
    assert [r.cls for r in regions([0, 0, 1], edges, [row(0), row(1), row(2)])] == ["text"]
    assert [r.cls for r in regions([0, 1], edges[:1], [row(0), row(1)])] == ["title"]


def test_overlapping_pictures_become_one() -> None:
    boxes = [Box(0, 0, 100, 100), Box(40, 0, 140, 100), Box(0, 300, 100, 400), row(30)]
    found = regions([2, 2, 2, 0], [], boxes)
    assert [(r.cls, r.box, r.nodes) for r in found] == [
        ("picture", Box(0, 0, 140, 100), (0, 1)),
        ("picture", Box(0, 300, 100, 400), (2,)),
        ("text", row(30), (3,)),
    ]


def test_confidence_is_the_mean_over_the_lines() -> None:
    nodes = np.log(np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2]], np.float32))
    edges = np.array([[0], [1]])
    boxes = np.array([row(0), row(1)], np.float32)
    (found,) = group_lines(nodes, np.array([STRONG]), edges, boxes, CLASSES, PRIORITY)
    assert abs(found.confidence - 0.7) < 1e-6


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_components_are_a_partition_closed_under_pairs(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = case
    found = components(count, np.array(pairs, np.int64).reshape(-1, 2).T)
    assert sorted(node for members in found for node in members) == list(range(count))
    home = {node: i for i, members in enumerate(found) for node in members}
    assert all(home[a] == home[b] for a, b in pairs)
    assert [members[0] for members in found] == sorted(min(members) for members in found)
    assert len(found) >= count - len(pairs)


def test_softmax_of_large_numbers() -> None:
    assert np.allclose(softmax(np.array([[1000.0, 1000.0], [-1000.0, 1000.0]])), [[0.5, 0.5], [0.0, 1.0]])
