"""Compares docbeam's batched layout with PyMuPDF's `page.get_layout()` on every page of the PDFs below a directory.

    python benchmarks/layout_contract.py DIRECTORY [--tier full|graph] [--batch 5] [--per-file 0] [--reference FILE]

Prints each page that differs and ends with a summary. Exit status 1 when a page differs. With `--reference` PyMuPDF's
results are kept in FILE (JSON lines) and taken from there the next time; a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pymupdf

from transforms.layout.batches import BatchBounds
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.model import LayoutModel, ModelOptions
from transforms.layout.builtin.table_grid import TABLE, table_crops
from transforms.layout.builtin.weights import prepare_request
from transforms.layout.records import LayoutBox, PageInput, TableGrid, Tier

TOLERANCE = 0.01
#: What MuPDF and its layout package raise on pages that they cannot read.
ERRORS = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError, IndexError, TypeError)


class Group(msgspec.Struct, frozen=True):
    """A region as PyMuPDF finds it; the grid of a table relative to its corner."""

    box: tuple[float, float, float, float]
    cls: str
    rows: tuple[float, ...] | None = None
    columns: tuple[float, ...] | None = None
    #: First and end row, first and end column of each line.
    cells: tuple[tuple[int, int, int, int], ...] = ()


class Compared(NamedTuple):
    """A page as both see it."""

    name: str
    page: PageInput
    theirs: list[Group]


class Reference:
    """PyMuPDF's own model of a tier, its results kept in a file."""

    def __init__(self, tier: Tier, path: Path | None) -> None:
        self.tier, self._path, self._model = tier, path, None
        self._known: dict[str, list[Group]] = {}
        if path is not None and path.exists():
            for line in path.read_bytes().splitlines():
                name, groups = msgspec.json.decode(line, type=tuple[str, list[Group]])
                self._known[name] = groups

    def groups(self, name: str, page: pymupdf.Page) -> list[Group]:
        """The regions of a page."""
        if name not in self._known:
            self._known[name] = [_group(found) for found in self._analyzer().predict(page, return_raw=True)]
            if self._path is not None:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode((name, self._known[name])) + b"\n")
        return self._known[name]

    def _analyzer(self) -> Any:
        from pymupdf.layout import DocumentLayoutAnalyzer

        if self._model is None:
            features = "imf+rf" if self.tier == "full" else "rf"
            self._model = DocumentLayoutAnalyzer.get_model(feature_set_name=features)
        return self._model


def _group(found: dict[str, Any]) -> Group:
    grid = found.get("table_grid")
    x0, y0, x1, y1 = map(float, found["group_bbox"])
    box, cls = (x0, y0, x1, y1), found["class_name"]
    if grid is None:
        return Group(box, cls)
    cells = tuple((c.row_start, c.row_end, c.col_start, c.col_end) for c in found["table_cells"])
    return Group(box, cls, tuple(map(float, grid.h_lines)), tuple(map(float, grid.v_lines)), cells)


def boxes_differ(ours: Sequence[LayoutBox], theirs: Sequence[Group]) -> list[str]:
    """Regions without a counterpart of the same class and box, '-' for ours missing, '+' for ours too many."""
    left, extra = list(theirs), []
    for region in ours:
        same = [i for i, group in enumerate(left) if group.cls == region.cls and _close(group.box, region.box)]
        if same:
            left.pop(same[0])
        else:
            extra.append(f"+{region.cls} {_short(region.box)}")
    return extra + [f"-{group.cls} {_short(group.box)}" for group in left]


def grids_differ(ours: Sequence[tuple[LayoutBox, TableGrid]], theirs: Sequence[Group]) -> list[str]:
    """Tables (in ours and theirs, by box) whose rows, columns or cells are not the same."""
    wrong = []
    for region, grid in ours:
        for group in theirs:
            found = group.cls == TABLE and _close(group.box, region.box)
            if found and group.rows is not None and not _same_grid(region, grid, group):
                wrong.append(f"grid {_short(region.box)}")
    return wrong


def _same_grid(region: LayoutBox, grid: TableGrid, group: Group) -> bool:
    rows = np.array(group.rows) + region.box.y0
    columns = np.array(group.columns) + region.box.x0
    ours = tuple((c.row_start, c.row_end, c.column_start, c.column_end) for c in grid.cells)
    lines = (rows, grid.rows), (columns, grid.columns)
    return ours == group.cells and all(len(a) == len(b) and np.allclose(a, b, atol=TOLERANCE) for a, b in lines)


def _close(one: Sequence[float], two: Sequence[float]) -> bool:
    return bool(np.allclose(one, two, atol=TOLERANCE))


def _short(box: Sequence[float]) -> str:
    return "[" + " ".join(f"{value:.0f}" for value in box) + "]"


def pages_of(directory: Path, per_file: int, totals: Counter[str]) -> Iterator[tuple[str, pymupdf.Page]]:
    """Every page that opens, with a name; of each file `per_file` at most (0: all). Rotated pages are laid flat.

    PyMuPDF by itself reads a rotated page as if it were not.
    """
    for path in sorted(directory.rglob("*.pdf")):
        try:
            document = pymupdf.open(path)
            count = document.page_count if not document.needs_pass else 0
        except ERRORS:
            totals.update(files_not_opened=1)
            continue
        for number in range(min(count, per_file or count)):
            try:
                page = document[number]
                if page.rotation:
                    totals.update(rotated=1)
                    page.set_rotation(0)
            except ERRORS:
                totals.update(pages_not_opened=1)
                continue
            yield f"{path.relative_to(directory)}:{number + 1}", page


def compared(
    pages: Iterator[tuple[str, pymupdf.Page]], reference: Reference, totals: Counter[str]
) -> Iterator[Compared]:
    """The pages that both can read. Others are counted with the reason."""
    request = prepare_request(reference.tier)
    for name, page in pages:
        try:
            start = time.process_time()
            prepared = prepare_page(page, request)
            totals.update(prepare_ms=round(1000 * (time.process_time() - start)))
        except ERRORS as error:
            totals[f"ours failed: {type(error).__name__}"] += 1
            continue
        if prepared.refused:
            totals[f"refused: {prepared.refused}"] += 1
            continue
        try:
            yield Compared(name, prepared, reference.groups(name, page))
        except ERRORS as error:
            totals[f"PyMuPDF failed: {type(error).__name__}"] += 1


def check(batch: Sequence[Compared], model: LayoutModel, totals: Counter[str]) -> None:
    """Runs one batch and prints what differs."""
    start = time.process_time()
    for (name, page, theirs), regions in zip(batch, model.layout([page for _, page, _ in batch]), strict=True):
        crops = [crop for crop in table_crops(page, regions) if crop is not None]
        grids = list(zip([crop.region for crop in crops], model.table_grids(crops), strict=True))
        wrong, wrong_grids = boxes_differ(regions, theirs), grids_differ(grids, theirs)
        totals.update(pages=1, boxes=len(theirs), tables=len(grids), grids_wrong=len(wrong_grids))
        totals.update(boxes_wrong=sum(text.startswith("-") for text in wrong), pages_wrong=bool(wrong or wrong_grids))
        if wrong or wrong_grids:
            print(name, f"{len(page.boxes)} lines:", *wrong, *wrong_grids, flush=True)
    totals.update(models_ms=round(1000 * (time.process_time() - start)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--tier", choices=["full", "graph"], default="full")
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--per-file", type=int, default=0, help="pages of each file (0: all)")
    parser.add_argument("--reference", type=Path, help="keep PyMuPDF's results here")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    bounds = BatchBounds(image_pages=options.batch, graph_pages=options.batch, table_crops=options.batch)
    model = LayoutModel(ModelOptions(tier=options.tier, device="cpu", bounds=bounds))
    totals: Counter[str] = Counter()
    pages = pages_of(options.directory, options.per_file, totals)
    batch: list[Compared] = []
    for page in compared(pages, Reference(options.tier, options.reference), totals):
        batch.append(page)
        if len(batch) == options.batch:
            check(batch, model, totals)
            batch = []
    check(batch, model, totals)
    print(*(f"{key}: {count}" for key, count in totals.items()), sep="\n")
    return int(totals["pages_wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
