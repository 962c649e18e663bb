"""From the graph network's scores to regions: lines joined by strong edges, voting on their class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.geometry import Box, union
from transforms.layout.records import Array, LayoutBox

#: An edge this likely joins its two lines.
JOIN_PROBABILITY = 0.55
#: Pictures that share more than this part of their union are one picture.
_SAME_PICTURE = 0.2
PICTURE = "picture"


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def components(count: int, pairs: Array) -> list[list[int]]:
    """Connected components of `count` nodes under `pairs` (2, n), each sorted, ordered by their smallest node."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, two in pairs.T.tolist():
        low, high = sorted((root(one), root(two)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for node in range(count):
        members.setdefault(root(node), []).append(node)
    return list(members.values())


def group_lines(
    node_logits: Array, edge_logits: Array, edges: Array, boxes: Array, classes: Sequence[str], priority: Sequence[int]
) -> list[LayoutBox]:
    """Regions of a page, ordered by their first line."""
    chances = softmax(node_logits)
    joined = edges[:, softmax(edge_logits)[:, 1] > JOIN_PROBABILITY]
    labels = chances.argmax(axis=1)
    regions = []
    for nodes in components(len(boxes), joined):
        winner = _vote(labels[nodes], priority)
        low, high = boxes[nodes, :2].min(axis=0), boxes[nodes, 2:].max(axis=0)
        confidence = float(chances[nodes, winner].mean())
        regions.append(LayoutBox(Box(*low.tolist(), *high.tolist()), classes[winner], confidence, tuple(nodes)))
    return _merge_pictures(regions)


def _vote(labels: Array, priority: Sequence[int]) -> int:
    """The most frequent label; of several, the one named first in `priority`."""
    counts = np.bincount(labels)
    tied = np.flatnonzero(counts == counts.max()).tolist()
    return int(min(tied, key=lambda label: (priority.index(label) if label in priority else len(priority), label)))


def _merge_pictures(regions: list[LayoutBox]) -> list[LayoutBox]:
    """Joins pictures that overlap: drawings fall apart into several groups of lines."""
    pictures = [i for i, region in enumerate(regions) if region.cls == PICTURE]
    pairs = [
        (a, b)
        for a in range(len(pictures))
        for b in range(a + 1, len(pictures))
        if _overlap_share(regions[pictures[a]].box, regions[pictures[b]].box) > _SAME_PICTURE
    ]
    if not pairs:
        return regions
    merged = {}
    for members in components(len(pictures), np.array(pairs).T):
        merged[pictures[members[0]]] = _joined([regions[pictures[i]] for i in members])
    return [merged.get(i, region) for i, region in enumerate(regions) if i in merged or region.cls != PICTURE]


def _joined(regions: Sequence[LayoutBox]) -> LayoutBox:
    box = union(region.box for region in regions) or regions[0].box
    nodes = sorted({node for region in regions for node in region.nodes})
    weights = [len(region.nodes) for region in regions]
    confidence = float(np.average([region.confidence for region in regions], weights=weights))
    return LayoutBox(box, regions[0].cls, confidence, tuple(nodes))


def _overlap_share(one: Box, two: Box) -> float:
    shared = one.overlap(two)
    whole = one.area + two.area - shared
    return shared / whole if whole > 0 else 0.0
