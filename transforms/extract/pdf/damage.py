"""Damaged PDF files: MuPDF mends them in silence, whatever is lost."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import pymupdf

from schemas.content import REPAIRED, TRUNCATED, Extraction
from schemas.failures import Category, Failure
from transforms.extract.pdf.page import MUPDF_ERRORS

#: Nodes of a page tree that are looked at; more are a loop, or no document.
MAX_NODES = 200_000
_END, _OBJECT = b"%%EOF", re.compile(rb"\d\s+obj\b")
_REFERENCE = re.compile(r"(\d+) \d+ R")


def mend_page_tree(document: pymupdf.Document) -> int:
    """Let the document have exactly the pages of its tree: MuPDF believes the root's count.

    Returns how many more or fewer there are than it claims; 0 also for trees that nobody can count.
    """
    if not document.is_pdf:
        return 0
    try:
        root = _number(document.xref_get_key(document.pdf_catalog(), "Pages")[1])
        leaves = _leaves(document, root)
        found = leaves - document.page_count if leaves else 0
        if found:
            document.xref_set_key(root, "Count", str(leaves))
    except (*MUPDF_ERRORS, ValueError):
        return 0
    return found


def _leaves(document: pymupdf.Document, root: int) -> int:
    """Pages below a node of the tree; 0 for trees that are none."""
    seen: set[int] = set()
    waiting, pages = [root], 0
    while waiting:
        node = waiting.pop()
        if node in seen or len(seen) > MAX_NODES:
            return 0
        seen.add(node)
        kind, kids = document.xref_get_key(node, "Kids")
        if kind == "array":
            waiting += [int(number) for number in _REFERENCE.findall(kids)]
        elif document.xref_get_key(node, "Type")[1] == "/Page":
            pages += 1
    return pages


def _number(reference: str) -> int:
    return int(reference.split(maxsplit=1)[0])


def note_damage(extraction: Extraction, document: pymupdf.Document, path: Path, found: int) -> None:
    """Tell of a file that had to be repaired, and of what is missing; `found` is what `mend_page_tree` returned."""
    if document.is_repaired or found:
        extraction.notes.append(REPAIRED)
    if document.is_pdf and ends_early(path, repaired=document.is_repaired):
        extraction.notes.append(TRUNCATED)
        extraction.failures.append(_missing("the file ends in the middle: what is there was read, the rest is missing"))
    elif found < 0:
        count = extraction.page_count
        extraction.failures.append(_missing(f"the file claims {count - found} pages, and has {count}"))


def _missing(message: str) -> Failure:
    hint = "fetch or export the document again: this copy is damaged"
    return Failure(stage="extract", category=Category.PARTIAL, message=message, hint=hint)


def ends_early(path: Path, *, repaired: bool) -> bool:
    """Whether objects follow the last end-of-file mark; in a file that had to be repaired, also whether there is none.

    A complete file has nothing behind it, or rubbish.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = data.rfind(_END)
        return repaired if end < 0 else _OBJECT.search(data, end) is not None
