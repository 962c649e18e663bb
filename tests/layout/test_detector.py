"""Detectors of users: every convention, the way of boxes to the network and back, and what is refused at start."""

import importlib.util
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from onnx import TensorProto, helper

from schemas.content import BlockType
from schemas.failures import ConfigurationError
from transforms.inference.sessions import Execution
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.detector import detections, view
from transforms.layout.detector.detector import Detector, normalised
from transforms.layout.detector.spec import DetectorSpec, InputSpec, prepare_request
from transforms.layout.records import PageInput, View

_spec = importlib.util.spec_from_file_location("detector_models", Path(__file__).with_name("detector_models.py"))
models = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(models)

CPU = Execution(device="cpu")
ONE_CLASS = {"classes": {"0": BlockType.TABLE}, "iou": 1.0}
TYPES = {"0": BlockType.TABLE, "1": BlockType.FIGURE}
#: On a page of 64 x 128 points, stretched to 64 x 64 pixels.
BOX, IN_POINTS = (10.0, 20.0, 30.0, 40.0), (10.0, 40.0, 30.0, 80.0)


def spec(convention: str, **changes) -> DetectorSpec:
    fields = {"convention": convention, "input": InputSpec(width=64, height=64), "classes": TYPES} | changes
    return DetectorSpec(**fields)


@pytest.fixture(scope="module")
def page() -> PageInput:
    return prepared([], 64, 128, spec("detr"))


def prepared(marks, width: float, height: float, wanted: DetectorSpec, rotation: int = 0) -> PageInput:
    document = pymupdf.open()
    made = document.new_page(width=width, height=height)
    for mark in marks:
        made.draw_rect(pymupdf.Rect(mark), fill=(0, 0, 0), color=None)
    made.set_rotation(rotation)
    return prepare_page(made, prepare_request(wanted))


def floats(*rows) -> np.ndarray:
    return np.array(rows, np.float32)


CENTRED = [(BOX[0] + BOX[2]) / 2, (BOX[1] + BOX[3]) / 2, 20.0, 20.0]
OUTPUTS = {
    "detr": {
        "pred_boxes": floats([v / 64 for v in CENTRED], [0.5, 0.5, 0.1, 0.1]),
        "pred_logits": floats([0, 8, 0], [0, 0, 8]),
    },
    "rtdetr": {
        "labels": np.array([1, 0]),
        "boxes": floats(BOX, BOX),
        "scores": floats(0.9, 0.1),
    },
    "yolo": {
        "output0": floats([*CENTRED, 0.1, 0.9], [CENTRED[0] + 1, *CENTRED[1:], 0.1, 0.8], *[[0.0] * 6] * 6).T.copy()
    },
    "yolo-end-to-end": {"output0": floats([*BOX, 0.9, 1], [*BOX, 0.1, 0], [*BOX, 0.95, 7])},
}


@pytest.mark.parametrize("convention", OUTPUTS)
def test_each_convention_says_the_same(convention: str, page: PageInput) -> None:
    detector = Detector(spec(convention), models.constant(OUTPUTS[convention]), CPU)
    (found,) = detector.regions([page])
    assert [region.type for region in found] == [BlockType.FIGURE]
    assert found[0].box == pytest.approx(IN_POINTS, abs=0.006) and 0.89 < found[0].confidence <= 1
    assert detector.providers == ["CPUExecutionProvider"]


def test_sigmoid_has_no_class_for_nothing(page: PageInput) -> None:
    outputs = {"pred_logits": floats([-3, 3]), "pred_boxes": floats([0.5, 0.5, 2, 1])}
    detector = Detector(spec("detr", activation="sigmoid"), models.constant(outputs), CPU)
    ((found,),) = detector.regions([page])
    assert found.type is BlockType.FIGURE and found.confidence == round(1 / (1 + np.exp(-3)), 2)
    assert found.box == pytest.approx((0, 0, 64, 128)), "clipped to the page"


def test_models_may_want_the_image_size(page: PageInput) -> None:
    size = helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["batch", 2])
    model = models.constant(OUTPUTS["rtdetr"], inputs=[size])
    assert len(Detector(spec("rtdetr"), model, CPU).regions([page])[0]) == 1
    with pytest.raises(ConfigurationError, match="orig_target_sizes"):
        Detector(spec("detr"), model, CPU)


MARK = (20.0, 40.0, 80.0, 70.0)


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
@pytest.mark.parametrize(("size", "rotation"), [((200, 100), 0), ((100, 300), 0), ((120, 90), 90), ((128, 128), 0)])
def test_boxes_come_back_to_where_the_ink_is(fit: str, size: tuple[int, int], rotation: int) -> None:
    wanted = spec("yolo", input=InputSpec(width=64, height=64, fit=fit, padding=255), threshold=0.6, **ONE_CLASS)
    page = prepared([MARK], *size, wanted, rotation)
    ((*regions,),) = Detector(wanted, models.darkness(), CPU).regions([page])
    boxes = np.array([region.box for region in regions])
    found = [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    mark = pymupdf.Rect(MARK)
    if rotation == 90:
        mark = pymupdf.Rect(size[1] - MARK[3], MARK[0], size[1] - MARK[1], MARK[2])
    pixel = max(page.width, page.height) / 64
    assert found == pytest.approx(list(mark), abs=2 * pixel)


def test_batches_change_nothing() -> None:
    wanted = spec("yolo", input=InputSpec(width=64, height=64, fit="letterbox"), threshold=0.3, **ONE_CLASS)
    sizes = [(100, 100), (64, 128), (200, 90), (77, 31), (50, 50)]
    pages = [prepared([(5 * i, 5, 5 * i + 20, 25)], *size, wanted) for i, size in enumerate(sizes)]
    pages.insert(2, PageInput(width=0, height=0, refused="broken"))
    found = [Detector(wanted, models.darkness(), CPU, size).regions(pages) for size in (1, 2, 4, 9)]
    found.append(Detector(wanted, models.darkness(batch=1), CPU, 9).regions(pages))
    assert all(other == found[0] for other in found[1:])
    assert [bool(regions) for regions in found[0]] == [True, True, False, True, True, True]


def test_batch_sizes() -> None:
    wanted = spec("yolo", **ONE_CLASS)
    assert Detector(wanted, models.darkness(), CPU).batch_pages == 1
    assert Detector(wanted, models.darkness(), CPU, 5).batch_pages == 5
    assert Detector(wanted, models.darkness(batch=1), CPU, 5).batch_pages == 1
    assert Detector(wanted, models.darkness(), Execution(device="cpu", precision="int8"), 5).batch_pages == 1
    with pytest.raises(ConfigurationError, match="batch of the input is 4"):
        Detector(wanted, models.darkness(batch=4), CPU)


@pytest.mark.parametrize(("convention", "outputs", "message"), [
    ("detr", {"logits": floats([0, 0, 0])}, "missing: pred_logits, pred_boxes"),
    ("detr", {"pred_logits": floats([0, 0, 0]), "pred_boxes": floats([0] * 5)}, r"pred_boxes is \(1, 5\)"),
    ("detr", {"pred_logits": floats([0, 0]), "pred_boxes": floats([0] * 4)}, r"class 1, but the model has 1"),
    ("rtdetr", OUTPUTS["rtdetr"] | {"scores": floats(1, 2, 3)}, "differ"),
    ("yolo", {"output0": np.zeros((9, 6), np.float32)}, "looks transposed"),
    ("yolo", {"output0": np.zeros((4, 9), np.float32)}, r"is not \(4 \+ classes, anchors\)"),
    ("yolo-end-to-end", {"output0": np.zeros((6, 9), np.float32)}, r"is not \(detections, 6\)"),
    ("yolo", {"output0": np.zeros(9, np.float32)}, "have ranks"),
])  # fmt: skip
def test_outputs_that_do_not_fit(convention: str, outputs, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Detector(spec(convention), models.constant(outputs), CPU)


def test_inputs_that_do_not_fit() -> None:
    with pytest.raises(ConfigurationError, match=r"TOML file says \(batch, 3, 32, 64\)"):
        Detector(spec("yolo", input=InputSpec(width=64, height=32)), models.darkness(), CPU)
    with pytest.raises(ConfigurationError, match="wanted is one image"):
        Detector(spec("yolo"), models.product(), CPU)
    with pytest.raises(ConfigurationError, match="cannot make a session"):
        Detector(spec("yolo"), b"no model", CPU)


def test_pixels_are_normalised() -> None:
    given = InputSpec(width=16, height=16, channels="bgr", scale=0.5, mean=(1, 2, 3), std=(2, 2, 4))
    pixels = np.array([[[10, 20, 30]]], np.uint8)
    assert normalised(pixels, spec("yolo", input=given)).ravel().tolist() == [(15 - 1) / 2, (10 - 2) / 2, (5 - 3) / 4]


def test_padding_is_around_the_page() -> None:
    wanted = View(64, 64, True)
    page = prepared([], 64, 32, spec("yolo", input=InputSpec(width=64, height=64, fit="letterbox")))
    canvas = view.placed(page, wanted, 114)
    assert (canvas[:16] == 114).all() and (canvas[16:48] == 255).all() and (canvas[48:] == 114).all()


def test_only_what_is_asked_for_is_prepared() -> None:
    document = pymupdf.open()
    made = document.new_page()
    made.insert_text((50, 50), "A line of text")
    alone = prepare_page(made, prepare_request(spec("yolo")))
    assert not alone.boxes.size and not alone.raster and alone.view and (alone.width, alone.height) == (595, 842)
    tables = prepare_page(made, prepare_request(spec("yolo"), tables=True))
    assert len(tables.boxes) == 1 and tables.raster and tables.view == alone.view


def test_of_overlapping_boxes_of_a_class_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [20, 20, 20, 20], [8, 0, 18, 10]], float)
    found = detections.Detections(boxes, np.array([0, 0, 1, 0, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.5]))
    assert detections.suppressed(found, 0.5).tolist() == [0, 2, 3, 4]
    assert detections.suppressed(found, 0.05).tolist() == [0, 2, 3]
    assert detections.overlaps(boxes[0], boxes[:2]).tolist() == pytest.approx([1, 90 / 110])
