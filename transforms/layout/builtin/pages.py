"""What a parser process runs for the layout stage: the pages of a PDF as the networks read them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from contextlib import closing

import pymupdf

from schemas.content import PageNeed
from transforms.layout.builtin.adapter import prepare_page
from transforms.layout.builtin.scans import page_as_read
from transforms.layout.records import PageInput, PrepareRequest

_ERRORS = (pymupdf.mupdf.FzErrorBase, pymupdf.FileDataError, RuntimeError, ValueError)
_QUOTED = 200


def prepare_pages(path: str, needs: Sequence[PageNeed], requests: Mapping[str, PrepareRequest]) -> bytes:
    """Pickled list of one PageInput per need; `requests` holds what each tier wants prepared.

    A page that MuPDF cannot render is refused, not an error: geometry has read it already.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with closing(pymupdf.open(path, filetype="pdf")) as document:
        inputs = [_prepared(document, need, requests[need.tier]) for need in needs]
    return pickle.dumps(inputs, pickle.HIGHEST_PROTOCOL)


def _prepared(document: pymupdf.Document, need: PageNeed, request: PrepareRequest) -> PageInput:
    try:
        page = document[need.page - 1]
        if need.read is None:
            return prepare_page(page, request)
        made = page_as_read(page, need.read)
        with closing(made.parent):
            return prepare_page(made, request)
    except _ERRORS as error:
        return PageInput(width=0, height=0, refused=f"MuPDF cannot prepare it: {str(error)[:_QUOTED]}")
