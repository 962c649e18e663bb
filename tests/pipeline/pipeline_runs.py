"""Documents made for whole runs, runs over them, and what every output must fulfil."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import docx
import pymupdf
from msgspec.structs import replace

from beam_pipeline.jobs.local_run import run
from schemas.options import ChunkOptions, ExtractOptions, Options, SourceOptions, WriteOptions
from schemas.report import RunReport
from transforms.lake.datasets import open_table

ROOT = Path(__file__).resolve().parents[2]
Rows = list[dict]
Tables = dict[str, Rows]
#: What orders the rows of a table; the rest of a row says the same in every run.
ORDER = {
    "documents": ("uri",),
    "pages": ("doc_id", "page"),
    "elements": ("doc_id", "index"),
    "chunks": ("doc_id", "index"),
    "failures": ("uri", "page", "stage", "category", "message"),
}
#: Types of elements that chunks leave out by default.
NOT_CHUNKED = {"hidden", "page_header", "page_footer", "comment"}
SENTENCE = "The committee read the report and asked the office to repeat its count of the northern lakes. "


def write_pdf(path: Path, pages: int, topic: str = "Lakes", **save: object) -> None:
    document = pymupdf.open()
    document.set_metadata({"title": f"{topic} of the north", "author": "A. Writer"})
    for number in range(1, pages + 1):
        page = document.new_page()
        page.insert_text((72, 90), f"{topic}, part {number}", fontsize=20)
        page.insert_textbox((72, 120, 520, 400), f"{topic} {number}. " + SENTENCE * 4, fontsize=11)
        page.insert_textbox((72, 420, 520, 700), f"More of {topic} {number}. " + SENTENCE * 3, fontsize=11)
    document.save(path, **save)
    document.close()


def write_docx(path: Path) -> None:
    document = docx.Document()
    document.add_heading("Harbour rules", 1)
    document.add_paragraph("Boats keep to the right of the channel. " + SENTENCE)
    document.add_heading("Lights", 2)
    document.add_paragraph("Two lights burn at night.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("Light", "Colour", "port", "red"), strict=True):
        cell.text = text
    document.save(path)


def write_documents(folder: Path) -> None:
    """Documents that can be read, of every built-in format."""
    (folder / "sub").mkdir()
    write_pdf(folder / "long.pdf", 12)
    write_pdf(folder / "sub" / "short.pdf", 2, "Rivers")
    write_docx(folder / "rules.docx")
    (folder / "page.html").write_text(
        f"<html><body><h1>Weather</h1><p>{SENTENCE}</p><h2>Wind</h2><ul><li>north</li><li>south</li></ul>"
        "<table><tr><th>day</th><th>wind</th></tr><tr><td>one</td><td>4</td></tr></table></body></html>"
    )
    (folder / "notes.md").write_text(
        f"# Notes\n\n{SENTENCE}\n\n## Costs\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n- y\n"
    )
    (folder / "plain.txt").write_text(f"{SENTENCE}\n\nA second paragraph.\n\fA second page.\n")
    (folder / "sub" / "table.csv").write_text("name,size\n" + "".join(f"lake {n},{n * 7}\n" for n in range(40)))


def write_broken_documents(folder: Path) -> dict[str, str]:
    """Documents that cannot be read; the category of each one's failure by its name."""
    write_pdf(
        folder / "locked.pdf", 1, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="more secret"
    )
    write_docx(folder / "whole.docx")
    whole = folder / "whole.docx"
    (folder / "cut.docx").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()
    (folder / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type")
    (folder / "empty.pdf").touch()
    (folder / "letter.rtf").write_text("{\\rtf1 Dear all}", encoding="ascii")
    return {
        "locked.pdf": "encrypted",
        "cut.docx": "corrupt",
        "cut.pdf": "corrupt",
        "empty.pdf": "corrupt",
        "letter.rtf": "unsupported",
    }


def options_for(
    inputs: list[Path | str],
    output: Path,
    format_name: str = "delta",
    *,
    manifests: tuple[str, ...] = (),
    extract: ExtractOptions | None = None,
    chunk: ChunkOptions | None = None,
) -> Options:
    extract = extract or ExtractOptions()
    return Options(
        source=SourceOptions(inputs=tuple(map(str, inputs)), manifests=manifests),
        extract=replace(extract, workers=extract.workers or 2),
        chunk=chunk or ChunkOptions(),
        write=WriteOptions(output=str(output), format=format_name),
    )


def ingest(inputs: list[Path | str], output: Path, format_name: str = "delta", **options) -> RunReport:
    return run(options_for(inputs, output, format_name, **options))


def command(*args: object, plugins: Path | None = None) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of a `docbeam` process."""
    paths = [str(path) for path in (plugins, ROOT) if path]
    code = "from beam_pipeline.cli.app import main; main()"
    return [sys.executable, "-c", code, *map(str, args)], {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def start(*args: object, plugins: Path | None = None) -> subprocess.Popen:
    """A `docbeam` process that leads a process group of its own."""
    words, environment = command(*args, plugins=plugins)
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def read_tables(output: Path) -> Tables:
    """All committed rows in a fixed order."""
    tables = {}
    for name, columns in ORDER.items():
        rows = open_table(str(output), name).to_table().to_pylist()
        tables[name] = sorted(rows, key=lambda row, columns=columns: [row[column] for column in columns])
    return tables


def without_run(tables: Tables) -> Tables:
    """The tables without the column that differs between runs."""
    documents = [{key: value for key, value in row.items() if key != "run_id"} for row in tables["documents"]]
    return {**tables, "documents": documents}


def rows_of(tables: Tables, name: str, doc_id: str) -> Rows:
    return [row for row in tables[name] if row["doc_id"] == doc_id]


def document_named(tables: Tables, path: str) -> dict:
    (row,) = [row for row in tables["documents"] if row["path"] == path]
    return row


def check_output(tables: Tables) -> None:
    """What holds for every output, whatever was ingested (with default options for chunks and pages)."""
    ids = [row["doc_id"] for row in tables["documents"]]
    assert len(set(ids)) == len(ids)
    assert len({row["uri"] for row in tables["documents"]}) == len(ids)
    for name in ("pages", "elements", "chunks", "failures"):
        assert {row["doc_id"] for row in tables[name]} <= set(ids)
    for document in tables["documents"]:
        check_counts(tables, document)
        check_pages(rows_of(tables, "pages", document["doc_id"]), document)
        elements = rows_of(tables, "elements", document["doc_id"])
        chunks = rows_of(tables, "chunks", document["doc_id"])
        check_chunks(chunks, document)
        check_sources(chunks, elements)


def check_counts(tables: Tables, document: dict) -> None:
    for name in ("pages", "elements", "chunks", "failures"):
        assert document[name] == len(rows_of(tables, name, document["doc_id"])), (document["uri"], name)
    failures = rows_of(tables, "failures", document["doc_id"])
    assert document["status"] in {"ok", "partial", "failed", "unsupported"}
    assert (document["status"] == "ok") == (not failures)
    for failure in failures:
        assert failure["uri"] == document["uri"]
        assert all(failure[column] for column in ("stage", "category", "message", "hint")), failure


def check_pages(pages: Rows, document: dict) -> None:
    assert [row["page"] for row in pages] == list(range(1, document["page_count"] + 1)), document["uri"]
    assert document["failed_pages"] == sum(row["status"] == "failed" for row in pages)
    if document["status"] == "ok":
        assert pages


def check_chunks(chunks: Rows, document: dict) -> None:
    assert [row["index"] for row in chunks] == list(range(len(chunks)))
    assert len({row["chunk_id"] for row in chunks}) == len(chunks)
    for left, right in pairwise(chunks):
        assert (left["next_chunk_id"], right["prev_chunk_id"]) == (right["chunk_id"], left["chunk_id"])
    if chunks:
        assert (chunks[0]["prev_chunk_id"], chunks[-1]["next_chunk_id"]) == ("", "")
    for chunk in chunks:
        assert 1 <= chunk["page_start"] <= chunk["page_end"] <= document["page_count"]
        assert chunk["sources"]


def check_sources(chunks: Rows, elements: Rows) -> None:
    """Every source points at its element's very text, and together they bring each character once."""
    by_id = {row["element_id"]: row for row in elements}
    brought: dict[str, Counter[int]] = {key: Counter() for key in by_id}
    for chunk in chunks:
        first = by_id[chunk["sources"][0]["element_id"]]
        assert chunk["section_path"][: len(first["section_path"])] == first["section_path"]
        for source in chunk["sources"]:
            element = by_id[source["element_id"]]
            start, end = source["element_start"], source["element_end"]
            assert chunk["text"][source["start"] : source["end"]] == element["text"][start:end]
            if not source["repeated"]:
                brought[source["element_id"]].update(range(start, end))
    for element in elements:
        if element["type"] in NOT_CHUNKED:
            continue
        lost = [char for at, char in enumerate(element["text"]) if not brought[element["element_id"]][at]]
        assert not "".join(lost).strip(), element
        assert max(brought[element["element_id"]].values(), default=1) == 1
