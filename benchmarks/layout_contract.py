"""Compares docbeam's batched layout with PyMuPDF's `page.get_layout()` on every page of the PDFs below a directory.

    python benchmarks/layout_contract.py DIRECTORY [--tier full|graph] [--batch 5] [--limit 0]

Prints each page that differs and ends with a summary. Exit status 1 when a page differs.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf

from schemas.geometry import Box
from transforms.layout.batches import BatchBounds
from transforms.layout.model import LayoutModel, ModelOptions
from transforms.layout.pymupdf_adapter import prepare_page
from transforms.layout.pymupdf_models import prepare_request
from transforms.layout.records import LayoutBox, PageInput, TableGrid
from transforms.layout.table_grid import TABLE, table_crops

TOLERANCE = 0.01


def reference(tier: str) -> Any:
    """PyMuPDF's own model of the same tier."""
    from pymupdf.layout import DocumentLayoutAnalyzer

    return DocumentLayoutAnalyzer.get_model(feature_set_name="imf+rf" if tier == "full" else "rf")


def boxes_differ(ours: Sequence[LayoutBox], theirs: Sequence[dict[str, Any]]) -> list[str]:
    """Regions without a counterpart of the same class and box, '-' for ours missing, '+' for ours too many."""
    left = [(Box(*group["group_bbox"]), group["class_name"]) for group in theirs]
    extra = []
    for region in ours:
        same = [i for i, (box, cls) in enumerate(left) if cls == region.cls and _close(box, region.box)]
        if same:
            left.pop(same[0])
        else:
            extra.append(f"+{region.cls} {_short(region.box)}")
    return extra + [f"-{cls} {_short(box)}" for box, cls in left]


def grids_differ(ours: Sequence[tuple[LayoutBox, TableGrid]], theirs: Sequence[dict[str, Any]]) -> list[str]:
    """Tables (in ours and theirs, by box) whose rows, columns or cells are not the same."""
    wrong = []
    for region, grid in ours:
        for group in theirs:
            found = group["class_name"] == TABLE and _close(Box(*group["group_bbox"]), region.box)
            if found and group["table_grid"] is not None and not _same_grid(region, grid, group):
                wrong.append(f"grid {_short(region.box)}")
    return wrong


def _same_grid(region: LayoutBox, grid: TableGrid, group: dict[str, Any]) -> bool:
    rows = np.array(group["table_grid"].h_lines) + region.box.y0
    columns = np.array(group["table_grid"].v_lines) + region.box.x0
    cells = [(c.row_start, c.row_end, c.col_start, c.col_end) for c in group["table_cells"]]
    ours = [(c.row_start, c.row_end, c.column_start, c.column_end) for c in grid.cells]
    lines = (rows, grid.rows), (columns, grid.columns)
    return ours == cells and all(len(a) == len(b) and np.allclose(a, b, atol=TOLERANCE) for a, b in lines)


def _close(one: Box, two: Box) -> bool:
    return bool(np.allclose(one, two, atol=TOLERANCE))


def _short(box: Box) -> str:
    return "[" + " ".join(f"{value:.0f}" for value in box) + "]"


def pages_of(directory: Path) -> Iterator[tuple[str, pymupdf.Page]]:
    """Every page that opens, with a name."""
    for path in sorted(directory.rglob("*.pdf")):
        try:
            document = pymupdf.open(path)
            count = document.page_count if not document.needs_pass else 0
        except (RuntimeError, ValueError):
            continue
        for number in range(count):
            try:
                yield f"{path.name}:{number + 1}", document[number]
            except (RuntimeError, ValueError):
                continue


def check(
    batch: Sequence[tuple[str, PageInput, list[dict[str, Any]]]], model: LayoutModel, totals: Counter[str]
) -> None:
    """Runs one batch and prints what differs."""
    pages = [page for _, page, _ in batch]
    for (name, page, theirs), regions in zip(batch, model.layout(pages), strict=True):
        crops = [crop for crop in table_crops(page, regions) if crop is not None]
        grids = list(zip([crop.region for crop in crops], model.table_grids(crops), strict=True))
        wrong, wrong_grids = boxes_differ(regions, theirs), grids_differ(grids, theirs)
        totals.update(pages=1, boxes=len(theirs), tables=len(grids), grids_wrong=len(wrong_grids))
        totals.update(boxes_wrong=sum(text.startswith("-") for text in wrong), pages_wrong=bool(wrong or wrong_grids))
        if wrong or wrong_grids:
            print(name, f"{len(page.boxes)} lines:", *wrong, *wrong_grids, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tier", choices=["full", "graph"], default="full")
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0, help="stop after this many pages (0: never)")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    bounds = BatchBounds(image_pages=options.batch, graph_pages=options.batch, table_crops=options.batch)
    model = LayoutModel(ModelOptions(tier=options.tier, device="cpu", bounds=bounds))
    theirs, request = reference(options.tier), prepare_request(options.tier)
    totals: Counter[str] = Counter()
    batch: list[tuple[str, PageInput, list[dict[str, Any]]]] = []
    for name, page in pages_of(options.directory):
        start = time.process_time()
        prepared = prepare_page(page, request)
        middle = time.process_time()
        if prepared.refused or page.rotation:
            totals.update(refused=bool(prepared.refused), rotated=bool(page.rotation))
            continue
        batch.append((name, prepared, theirs.predict(page, return_raw=True)))
        totals.update(prepare_ms=int(1000 * (middle - start)), theirs_ms=int(1000 * (time.process_time() - middle)))
        if len(batch) == options.batch:
            start = time.process_time()
            check(batch, model, totals)
            totals.update(models_ms=int(1000 * (time.process_time() - start)))
            batch = []
        if options.limit and totals["pages"] >= options.limit:
            break
    check(batch, model, totals)
    print(dict(totals))
    return int(totals["pages_wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
