"""PyMuPDF's internals still are what the adapter takes them for: our batches equal `page.get_layout()`.

A failure here after an upgrade of PyMuPDF means: read its layout package again before trusting any result.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest

from transforms.layout.builtin import graph, raster
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.model import LayoutModel
from transforms.layout.builtin.table_grid import table_crops
from transforms.layout.builtin.weights import prepare_request, settings
from transforms.layout.records import LayoutBox, PageInput

TIERS = {"full": "imf+rf", "graph": "rf"}


EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "documents").glob("*.pdf"))


def analyzer(tier: str) -> Any:
    """PyMuPDF's own model of a tier."""
    from pymupdf.layout import DocumentLayoutAnalyzer

    return DocumentLayoutAnalyzer.get_model(feature_set_name=TIERS[tier])


@pytest.fixture(scope="session")
def reference(document: pymupdf.Document) -> dict[str, list[list[dict[str, Any]]]]:
    """Raw regions of every page from PyMuPDF itself, per tier."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for tier in TIERS:
            model = analyzer(tier)
            found[tier] = [model.predict(page, return_raw=True) for page in document]
    return found


def test_get_layout_is_the_full_tier(
    document: pymupdf.Document, reference: dict[str, list[list[dict[str, Any]]]]
) -> None:
    page = document[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        page.get_layout()
    told = sorted((*map(round, box[:4]), box[4]) for box in page.layout_information)
    assert told == sorted((*map(round, g["group_bbox"]), g["class_name"]) for g in reference["full"][0])


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_regions_equal_get_layout(
    tier: str,
    size: int,
    layouts: dict[tuple[str, int], list[list[LayoutBox]]],
    reference: dict[str, list[list[dict[str, Any]]]],
) -> None:
    for regions, groups in zip(layouts[tier, size], reference[tier], strict=True):
        ours = sorted((region.cls, *region.box) for region in regions)
        theirs = sorted((group["class_name"], *group["group_bbox"]) for group in groups)
        assert [cls for cls, *_ in ours] == [cls for cls, *_ in theirs]
        assert np.allclose([box for _, *box in ours], [box for _, *box in theirs], atol=1e-3)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_equal_get_layout(path: Path, models: dict[tuple[str, int], LayoutModel]) -> None:
    with pymupdf.open(path) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        ours = models["full", 5].layout([prepare_page(page, prepare_request("full")) for page in opened])
        theirs = [analyzer("full").predict(page, return_raw=True) for page in opened]
    assert any(ours)
    for regions, groups in zip(ours, theirs, strict=True):
        found = sorted((region.cls, *region.box) for region in regions)
        wanted = sorted((group["class_name"], *group["group_bbox"]) for group in groups)
        assert [cls for cls, *_ in found] == [cls for cls, *_ in wanted]
        assert np.allclose([box for _, *box in found], [box for _, *box in wanted], atol=1e-3)


def test_the_pages_show_what_they_should(
    layouts: dict[tuple[str, int], list[list[LayoutBox]]], prepared: list[PageInput]
) -> None:
    # Otherwise the equality above would compare nothing worth comparing.
    found = [{region.cls for region in regions} for regions in layouts["full", 5]]
    assert {"section-header", "text"} <= found[0]
    assert "table" in found[1] and "table" in found[2]
    assert found[-1] == set()
    sizes = [len(page.boxes) for page in prepared]
    assert max(sizes) > 20 and 1 in sizes and any(2 <= size < 20 for size in sizes)


@pytest.mark.parametrize("tier", TIERS)
def test_scores_do_not_depend_on_the_batch(
    tier: str, models: dict[tuple[str, int], LayoutModel], prepared: list[PageInput]
) -> None:
    pages = prepared[:5]
    single = models[tier, 1].graph(pages, models[tier, 1].image_features(pages))
    for size in (2, 5):
        batched = models[tier, size].graph(pages, models[tier, size].image_features(pages))
        for alone, together in zip(single, batched, strict=True):
            assert np.array_equal(alone.nodes, together.nodes)
            assert np.array_equal(alone.edges, together.edges)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_table_grids_equal_theirs(
    size: int,
    models: dict[tuple[str, int], LayoutModel],
    layouts: dict[tuple[str, int], list[list[LayoutBox]]],
    prepared: list[PageInput],
    reference: dict[str, list[list[dict[str, Any]]]],
) -> None:
    found = zip(prepared, layouts["full", size], strict=True)
    crops = [crop for page, regions in found for crop in table_crops(page, regions) if crop]
    grids = models["full", size].table_grids(crops)
    theirs = {tuple(g["group_bbox"]): g for page in reference["full"] for g in page if g["class_name"] == "table"}
    assert len(grids) == len(theirs) >= 2
    for crop, grid in zip(crops, grids, strict=True):
        group = theirs[tuple(crop.region.box)]
        x, y = crop.region.box[:2]
        assert np.allclose(grid.rows, np.array(group["table_grid"].h_lines) + y, atol=0.02)
        assert np.allclose(grid.columns, np.array(group["table_grid"].v_lines) + x, atol=0.02)
        ours = [(c.row_start, c.row_end, c.column_start, c.column_end) for c in grid.cells]
        assert ours == [(c.row_start, c.row_end, c.col_start, c.col_end) for c in group["table_cells"]]
        assert [c.node for c in grid.cells] == group["indicies"]


def test_inputs_equal_theirs(document: pymupdf.Document, prepared: list[PageInput]) -> None:
    from pymupdf.layout.onnx.BoxRFDGNN import get_nn_input_from_datadict
    from pymupdf.layout.pymupdf_util import create_input_data_from_page

    config = {
        "data": {"rf_names": list(settings("full").features)},
        "model": {"sample_k": 20, "option": {"edge_type": "SEO"}},
    }
    for page, ours in zip(document, prepared, strict=True):
        data = create_input_data_from_page(page, {"input_type": ("text",), "feature_set_name": "rf"})
        if not data["bboxes"]:
            assert not len(ours.boxes)
            continue
        with np.errstate(all="ignore"):
            x, edges, geometry, _, _, features, patterns, *_ = get_nn_input_from_datadict(data, config)
        order = np.lexsort((edges[1], edges[0]))
        assert np.array_equal(graph.node_geometry(ours.boxes), x)
        assert np.array_equal(ours.features, features)
        assert np.array_equal(ours.patterns, patterns)
        assert np.array_equal(ours.edges, edges[:, order])
        assert np.array_equal(graph.edge_geometry(ours.boxes, ours.edges), geometry[order])


def test_thumbnail_equals_theirs(document: pymupdf.Document, prepared: list[PageInput]) -> None:
    from pymupdf.layout.common_util import resize_image, to_gray

    for page, ours in zip(document, prepared, strict=True):
        if not len(ours.boxes):
            continue
        pixmap = page.get_pixmap()
        image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, pixmap.n)
        assert ours.thumbnail == to_gray(resize_image(image, (300, 300))).tobytes()
        unpacked = raster.unpack(ours)
        assert np.array_equal(np.broadcast_to(unpacked, image.shape), image)


def test_box_features_equal_theirs(models: dict[tuple[str, int], LayoutModel], prepared: list[PageInput]) -> None:
    import onnxruntime
    from pymupdf.layout import roi_pooling

    from transforms.layout.builtin import weights

    original = weights._path("feature_imf1", "onnx").read_bytes()
    session = onnxruntime.InferenceSession(original, providers=["CPUExecutionProvider"])
    for page, ours in zip(prepared[:2], models["full", 2].image_features(prepared[:2]), strict=True):
        combined, logits = session.run(["combined", "logits"], {"input": raster.network_image(page.thumbnail)[None]})
        args = page.boxes.tolist(), page.raster_width, page.raster_height
        maps = roi_pooling.extract_bbox_features_by_roi_pooling(
            combined, *args, pooling_ops=roi_pooling.DEFAULT_FEATURE_MAP_POOLING_OPS
        )
        classes = roi_pooling.extract_bbox_features_by_roi_pooling(
            logits, *args, pooling_ops=roi_pooling.DEFAULT_CLASS_LOGITS_POOLING_OPS, apply_softmax=True
        )
        assert np.allclose(ours, np.concatenate([maps, classes], axis=1), atol=1e-4)


def test_invisible_lines_are_left_out(prepared: list[PageInput]) -> None:
    assert len(prepared[7].boxes) == 1


def test_check_boxes_are_nodes(prepared: list[PageInput]) -> None:
    assert len(prepared[6].boxes) == 8


def test_rotated_page_reads_like_an_upright_one(models: dict[tuple[str, int], LayoutModel]) -> None:
    upright, turned = pymupdf.open(), pymupdf.open()
    flat, side = upright.new_page(width=800, height=600), turned.new_page(width=600, height=800)
    for i in range(12):
        flat.insert_text((50, 100 + 20 * i), f"Line number {i} of a page", fontsize=11)
        side.insert_text((100 + 20 * i, 750), f"Line number {i} of a page", fontsize=11, rotate=90)
    side.set_rotation(90)
    request = prepare_request("full")
    one, two = (prepare_page(pymupdf.open("pdf", made.tobytes())[0], request) for made in (upright, turned))
    assert (two.width, two.height) == (800, 600)
    assert np.allclose(one.boxes, two.boxes, atol=0.5)
    first, second = models["full", 2].layout([one, two])
    assert [(r.cls, r.nodes) for r in first] == [(r.cls, r.nodes) for r in second]


def test_too_many_lines_are_refused() -> None:
    document = pymupdf.open()
    page = document.new_page()
    for i in range(30):
        page.insert_text((60, 50 + 20 * i), f"line {i}")
    refused = prepare_page(page, prepare_request("full", max_nodes=29))
    assert refused.refused == "more than 29 lines"
    assert not len(refused.boxes) and not refused.thumbnail
    assert not prepare_page(page, prepare_request("full", max_nodes=30)).refused


def test_crowded_pages_are_refused_before_they_cost() -> None:
    # A map: as many lines as it has letters. Its structured text would take seconds.
    document = pymupdf.open()
    page = document.new_page()
    for i in range(70):
        page.insert_text((60, 50 + 10 * i), "a   " * 30, fontsize=4)
    refused = prepare_page(page, prepare_request("full", max_nodes=30))
    assert refused.refused == "more than 30 lines"
    long = document.new_page()
    for i in range(70):
        long.insert_text((10, 20 + 10 * i), "word " * 100, fontsize=1)
    assert prepare_page(long, prepare_request("full")).refused == "more than 30000 characters"


def test_images_only_when_asked_for(document: pymupdf.Document) -> None:
    bare = prepare_page(document[0], prepare_request("graph", tables=False))
    assert not bare.thumbnail and not bare.raster and len(bare.boxes)
    for_tables = prepare_page(document[0], prepare_request("graph"))
    assert not for_tables.thumbnail and for_tables.raster
