"""Quality against cost of the layout cascade: how much of the model `--layout auto` may leave out.

    python benchmarks/layout_cascade.py CORPUS [--split dev] [--sets tables,...] [--thresholds 0.3,0.5] [--cache FILE]

CORPUS holds a split (`dev/`) with documents and truth, and its scorer `score_export.py`. Every page of the sets' PDFs
is read by geometry and by both tiers of the model, each timed alone (CPU of this process, one thread). Then, for
`never`, `always` and each threshold, the documents are assembled with what the pages above the threshold were asked,
exported and scored. Prints one row of Markdown for each. `--cache` keeps what was read.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pymupdf

from schemas.content import Extraction, PageNeed, Region
from schemas.document import Document, DocumentInfo
from schemas.failures import DocumentError
from schemas.options import LayoutMode
from schemas.source import SourceRef
from transforms.assemble.document import assemble
from transforms.assemble.evidence.needs import DEFAULT_THRESHOLDS, Thresholds, page_needs
from transforms.extract.child import extract_ranges
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.model import ModelOptions
from transforms.layout.builtin.weights import prepare_request
from transforms.layout.networks import BuiltIn, PageWork
from transforms.layout.records import Tier
from transforms.render.document_json import document_json
from transforms.render.markdown import document_markdown

TIERS: tuple[Tier, ...] = ("graph", "full")
#: Columns of the scorer that the layout can change.
COLUMNS = ("nid", "hf1", "mhs", "teds", "adj_f1", "adj_doc", "leak", "page_acc", "absent", "order", "table")


class Read(NamedTuple):
    """One document as geometry and both tiers see it, and what that took."""

    file: str
    extraction: Extraction
    #: CPU seconds of extraction and assembly.
    geometry: float
    #: By tier and page.
    regions: dict[tuple[str, int], tuple[Region, ...]]
    #: CPU seconds, likewise.
    costs: dict[tuple[str, int], float]


class Row(NamedTuple):
    """One setting of the cascade."""

    name: str
    graph: float
    full: float
    cost: float
    scores: dict[str, dict[str, str]]


def read_all(split: Path, sets: Sequence[str]) -> Iterator[Read]:
    """Every PDF of the sets."""
    models = {tier: BuiltIn(ModelOptions(tier=tier, device="cpu"), lambda network, size: None) for tier in TIERS}
    for name in sets:
        for path in sorted((split / name).rglob("*.pdf")):
            try:
                yield read(path, str(path.relative_to(split)), models)
            except DocumentError as error:
                print(f"{path.name}: {error}", file=sys.stderr)


def read(path: Path, file: str, models: dict[Tier, BuiltIn]) -> Read:
    """A document by geometry, and each page by each tier."""
    started = time.process_time()
    extraction = extract_ranges(path, "application/pdf", ((1, 0),))
    document = assembled(file, extraction)
    geometry = time.process_time() - started
    regions: dict[tuple[str, int], tuple[Region, ...]] = {}
    costs: dict[tuple[str, int], float] = {}
    with pymupdf.open(path) as opened:
        for need in page_needs(extraction, document.elements, "always"):
            for tier in TIERS:
                started = time.process_time()
                prepared = prepare_page(opened[need.page - 1], prepare_request(tier))
                if not prepared.refused:
                    regions[tier, need.page] = models[tier]([PageWork(need, prepared)])[0]
                costs[tier, need.page] = time.process_time() - started
    return Read(file, extraction, geometry, regions, costs)


def assembled(file: str, extraction: Extraction) -> Document:
    """The document with the regions that its pages have."""
    return assemble(DocumentInfo(doc_id=file, ref=SourceRef(uri=file, path=file)), extraction)


def chosen(document: Read, needs: Sequence[PageNeed]) -> Document:
    """The document, its pages seen as `needs` says."""
    tiers = {need.page: need.tier for need in needs}
    for page in document.extraction.pages:
        page.regions = list(document.regions.get((tiers.get(page.number, ""), page.number), ()))
    made = assembled(document.file, document.extraction)
    for page in document.extraction.pages:
        page.regions = []
    return made


def measure(
    name: str,
    documents: Sequence[Read],
    ask: Callable[[Read], tuple[PageNeed, ...]],
    corpus: Path,
    sets: str,
    split: str,
) -> Row:
    """Assembles, exports and scores all documents with what `ask` wants seen."""
    asked, spent = {"graph": 0, "full": 0}, 0.0
    pages = sum(len(document.extraction.pages) for document in documents)
    with tempfile.TemporaryDirectory() as folder:
        for document in documents:
            needs = ask(document)
            for need in needs:
                asked[need.tier] += 1
                spent += document.costs[need.tier, need.page]
            export(chosen(document, needs), Path(folder, document.file))
        scores = score(corpus, split, sets, folder)
    geometry = sum(document.geometry for document in documents)
    return Row(name, asked["graph"] / pages, asked["full"] / pages, (geometry + spent) / geometry, scores)


def export(document: Document, path: Path) -> None:
    """Writes what `docbeam export` would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".md").write_text(document_markdown(document), encoding="utf-8")
    path.with_name(path.name + ".json").write_bytes(document_json(document, every_type=False))


def score(corpus: Path, split: str, sets: str, folder: str) -> dict[str, dict[str, str]]:
    """The scorer's columns by set."""
    command = [sys.executable, str(corpus / "score_export.py"), str(corpus / split), folder, "--sets", sets]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, dict[str, str]] = {}
    title, header = "", [""]
    for line in out.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("#"):
            title = line.strip("# ").split(" (")[0].split(": ")[-1]
        elif cells[0] == "engine":
            header = cells
        elif cells[0] == "docbeam" and not title.endswith(("/docx", "/html")):
            found[title] = dict(zip(header, cells, strict=True))
    return found


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The rows in Markdown; `cost` is CPU per page in units of plain geometry."""
    names = [(title, column) for title in rows[0].scores for column in COLUMNS if column in rows[0].scores[title]]
    heads = ["asks from", "graph", "full", "cost", *(f"{title} {column}" for title, column in names)]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        cells = [row.name, f"{row.graph:.1%}", f"{row.full:.1%}", f"{row.cost:.1f}"]
        yield f"| {' | '.join([*cells, *(row.scores[title][column] for title, column in names)])} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--sets", default="tables,generated,generated_scrambled,pdf_olmocr")
    parser.add_argument("--thresholds", default="0.1,0.15,0.2,0.3,0.4", help="of the tier without images")
    parser.add_argument("--gap", type=float, default=0.1, help="from there to the tier with images")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    if options.cache and options.cache.exists():
        documents: list[Read] = pickle.loads(options.cache.read_bytes())
    else:
        documents = list(read_all(options.corpus / options.split, options.sets.split(",")))
        if options.cache:
            options.cache.write_bytes(pickle.dumps(documents))
    plain = [assembled(document.file, document.extraction).elements for document in documents]
    elements = {document.file: found for document, found in zip(documents, plain, strict=True)}

    def row(name: str, mode: LayoutMode, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Row:
        def ask(document: Read) -> tuple[PageNeed, ...]:
            return page_needs(document.extraction, elements[document.file], mode, thresholds)

        return measure(name, documents, ask, options.corpus, options.sets, options.split)

    rows = [row("never", "never")]
    for least in map(float, options.thresholds.split(",")):
        rows.append(row(f"{least:g}", "auto", Thresholds(least, least + options.gap)))
    rows.append(row("always", "always"))
    print(*table(rows), sep="\n")


if __name__ == "__main__":
    main()
