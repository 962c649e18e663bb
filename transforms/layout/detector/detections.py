"""What the outputs of detectors mean, by convention. Boxes are in pixels of the network's input."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from transforms.layout.detector.spec import DetectorSpec
from transforms.layout.records import Array

#: Candidates of one page that are compared with each other, the surest.
_MOST = 5000
#: Of scores, when they are compared.
_DIGITS = 4


class Detections(msgspec.Struct, frozen=True, eq=False):
    """Candidates of one page: (n, 4) corners, (n,) classes and (n,) scores."""

    boxes: Array
    classes: Array
    scores: Array

    def take(self, rows: Array) -> Detections:
        """Some of them."""
        return Detections(self.boxes[rows], self.classes[rows], self.scores[rows])


#: Names and ranks of the outputs; by position where a name is None.
OUTPUTS: dict[str, tuple[tuple[str | None, int], ...]] = {
    "detr": (("pred_logits", 3), ("pred_boxes", 3)),
    "rtdetr": (("labels", 2), ("boxes", 3), ("scores", 2)),
    "yolo": ((None, 3),),
    "yolo-end-to-end": ((None, 3),),
}


def read(outputs: Sequence[Array], spec: DetectorSpec) -> Detections:
    """The detections of one page above the threshold, surest first. `outputs` are in the order of `OUTPUTS`."""
    found = _READERS[spec.convention](outputs, spec)
    # Equal ones stay in their order: further digits differ between CPUs.
    found = Detections(found.boxes, found.classes, found.scores.round(_DIGITS))
    finite = np.isfinite(found.boxes).all(axis=1) & (found.scores >= spec.threshold)
    found = found.take(np.flatnonzero(finite))
    found = found.take(np.argsort(-found.scores, kind="stable")[:_MOST])
    return found.take(suppressed(found, spec.iou)) if spec.convention == "yolo" else found


def class_count(shapes: Sequence[Sequence[int]], spec: DetectorSpec) -> int | None:
    """How many classes the outputs of a blank page (shapes without the batch) tell of; None when they do not tell.

    Raises ValueError for shapes that the convention does not have.
    """
    if spec.convention == "detr":
        (queries, classes), boxes = shapes
        _expect(tuple(boxes) == (queries, 4), f"pred_boxes is {tuple(boxes)} for {queries} queries, not (queries, 4)")
        return classes - (spec.activation == "softmax")
    if spec.convention == "rtdetr":
        labels, boxes, scores = map(tuple, shapes)
        _expect(boxes == (*labels, 4) and scores == labels, f"labels {labels}, boxes {boxes}, scores {scores} differ")
        return None
    rows, columns = shapes[0]
    if spec.convention == "yolo":
        _expect(rows > 4, f"({rows}, {columns}) is not (4 + classes, anchors)")
        _expect(rows <= columns, f"({rows}, {columns}) looks transposed: (4 + classes, anchors) is wanted")
        return rows - 4
    _expect(columns == 6, f"({rows}, {columns}) is not (detections, 6)")
    return None


def suppressed(found: Detections, iou: float) -> Array:
    """Rows that stay when of two overlapping boxes of a class the surer one wins. `found` is sorted."""
    kept: list[int] = []
    left = np.arange(len(found.scores))
    while left.size:
        first, left = left[0], left[1:]
        kept.append(int(first))
        same = found.classes[left] == found.classes[first]
        left = left[~(same & (overlaps(found.boxes[first], found.boxes[left]) > iou))]
    return np.array(kept, np.intp)


def overlaps(box: Array, boxes: Array) -> Array:
    """Intersection over union of a box with others."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)
    union = areas + np.clip(box[2:] - box[:2], 0, None).prod() - shared
    ratio: Array = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def _detr(outputs: Sequence[Array], spec: DetectorSpec) -> Detections:
    logits, boxes = outputs[0].astype(np.float64), outputs[1]
    if spec.activation == "softmax":
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = (powers / powers.sum(axis=1, keepdims=True))[:, :-1]
    else:
        shares = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    size = np.array([spec.input.width, spec.input.height] * 2)
    return _best(_corners(boxes.astype(np.float64) * size), shares)


def _rtdetr(outputs: Sequence[Array], spec: DetectorSpec) -> Detections:
    labels, boxes, scores = outputs
    return Detections(boxes.astype(np.float64), labels.astype(np.int64), scores.astype(np.float64))


def _yolo(outputs: Sequence[Array], spec: DetectorSpec) -> Detections:
    rows = outputs[0].T.astype(np.float64)
    return _best(_corners(rows[:, :4]), rows[:, 4:])


def _end_to_end(outputs: Sequence[Array], spec: DetectorSpec) -> Detections:
    rows = outputs[0].astype(np.float64)
    return Detections(rows[:, :4], rows[:, 5].astype(np.int64), rows[:, 4])


_READERS: dict[str, Callable[[Sequence[Array], DetectorSpec], Detections]] = {
    "detr": _detr,
    "rtdetr": _rtdetr,
    "yolo": _yolo,
    "yolo-end-to-end": _end_to_end,
}


def _best(boxes: Array, shares: Array) -> Detections:
    classes = shares.argmax(axis=1)
    return Detections(boxes, classes, shares[np.arange(len(shares)), classes])


def _corners(boxes: Array) -> Array:
    """Centre and size to corners."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)
