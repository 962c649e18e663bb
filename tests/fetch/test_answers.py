"""Answers that are no document: good rows stay, whatever the server sends instead."""

import gzip
import os
import zlib

import pytest

from schemas.document import DocumentStatus
from schemas.failures import Category, OutOfReach
from schemas.ids import document_id
from schemas.options import FetchOptions
from schemas.part import Part
from schemas.plan import Action, Known, Planned, Touch
from schemas.source import SourceRef
from schemas.stamps import content_mark
from transforms.fetch.fetcher import Fetcher
from transforms.fetch.media.media_types import CSV, HTML, MARKDOWN, PDF, TEXT
from transforms.fetch.parts import settled
from transforms.stores.base import FileInfo
from transforms.stores.local import LocalStore
from transforms.stores.uris import identity_uri

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>"
NO_DOCUMENT = [
    (202, b"", {}, "unavailable"),
    (202, b"accepted", {}, "unavailable"),
    (204, b"", {}, "unavailable"),
    (206, b"%PDF-1.7 a part", {"Content_Range": "bytes 0-14/900"}, "unavailable"),
    (200, b"", {}, "unavailable"),
    (200, b"", {"Content_Encoding": "gzip"}, "unavailable"),
    (200, gzip.compress(b"%PDF-1.7 and more", mtime=0)[:-6], {"Content_Encoding": "gzip"}, "unavailable"),
    (200, zlib.compress(b"%PDF-1.7 and more")[:-3], {"Content_Encoding": "deflate"}, "unavailable"),
    (200, b"\x1b\x10", {"Content_Encoding": "br"}, "corrupt"),
    (200, b"%PDF-1.7 short", {"Content_Length": "900"}, "unavailable"),
    (300, b"choose", {}, "unavailable"),
    (302, b"", {}, "unavailable"),
    (302, b"", {"Location": "/a.pdf"}, "unavailable"),
    (302, b"", {"Location": "ftp://host/a.pdf"}, "unavailable"),
    (304, b"", {}, "unavailable"),
    (401, b"no", {}, "forbidden"),
    (403, b"no", {}, "forbidden"),
    (407, b"no", {}, "forbidden"),
    (408, b"late", {}, "unavailable"),
    (421, b"not here", {}, "unavailable"),
    (423, b"locked", {}, "unavailable"),
    (425, b"early", {}, "unavailable"),
    (429, b"wait", {}, "unavailable"),
    (451, b"no", {}, "forbidden"),
    (500, b"oh", {}, "unavailable"),
    (503, b"oh", {}, "unavailable"),
]
#: What is only seen beside a version that was good.
OTHER_CONTENT = [
    (200, PAGE, {"Content_Type": "text/html"}, "unavailable"),
    (200, b'{"error":"token expired"}', {"Content_Type": "application/json"}, "unavailable"),
]


def known(uri: str, **facts: object) -> Known:
    doc_id = bytes.fromhex(document_id(identity_uri(uri)))
    given = {"status": DocumentStatus.OK, "content": content_mark("0" * 64), "current": True, "media_type": PDF}
    return Known(doc_id=doc_id, uri=uri, **{**given, **facts})


def night(uri: str, tmp_path, row: Known | None, ref: SourceRef | None = None, **plan: object) -> Part | Touch | None:
    fetcher = Fetcher(FetchOptions(cache_dir=str(tmp_path / "cache"), retries=0, timeout=20), LocalStore())
    action = Action.CHECK if row else Action.NEW
    planned = Planned(ref=ref or SourceRef(uri=uri, path="a.pdf"), action=action, known=row, **plan)
    return settled(planned, fetcher.open, "f" * 32)


@pytest.mark.parametrize(("status", "body", "headers", "category"), NO_DOCUMENT)
def test_an_answer_that_is_no_document_is_a_failure_on_the_first_night(site, tmp_path, status, body, headers, category):
    def answer(handler):
        site.reply(handler, body, status, **headers)
        handler.close_connection = True

    part = night(site.script("/a.pdf", answer), tmp_path, None)
    assert isinstance(part, Part)
    assert part.failure.category == category
    assert (part.info.content_hash, part.info.ref.stamp) == ("", "")


@pytest.mark.parametrize(("status", "body", "headers", "category"), NO_DOCUMENT + OTHER_CONTENT)
@pytest.mark.parametrize("old", [DocumentStatus.OK, DocumentStatus.PARTIAL, DocumentStatus.STALE])
def test_an_answer_that_is_no_document_leaves_good_rows(site, tmp_path, status, body, headers, category, old):
    def answer(handler):
        site.reply(handler, body, status, **headers)
        handler.close_connection = True

    uri = site.script("/a.pdf", answer)
    touch = night(uri, tmp_path, known(uri, status=old))
    assert isinstance(touch, Touch)
    assert touch.failure.category == category
    assert touch.failure.stage == "fetch"


def test_chunks_that_end_early_leave_good_rows(site, tmp_path):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"a\r\n%PDF-1.7 x\r\n")
        handler.close_connection = True

    uri = site.script("/a.pdf", cut)
    assert night(uri, tmp_path, known(uri)).failure.category is Category.UNAVAILABLE


def test_a_redirect_to_a_login_page_is_a_refusal(site, tmp_path):
    site.serve("/accounts/login", PAGE, Content_Type="text/html; charset=utf-8")
    uri = site.serve("/page.html", status=302, Location="/accounts/login?next=/page.html")
    assert night(uri, tmp_path, None).failure.category is Category.FORBIDDEN
    assert night(uri, tmp_path, known(uri, media_type=HTML)).failure.category is Category.FORBIDDEN
    # Who names the page itself means it.
    assert night(f"{site.url}/accounts/login", tmp_path, None).failure is None


def test_pages_may_become_pages_and_texts_may_become_documents(site, tmp_path):
    uri = site.serve("/a", PAGE, Content_Type="text/html")
    assert night(uri, tmp_path, known(uri, media_type=HTML)).failure is None
    site.serve("/a", b"%PDF-1.7 x", Content_Type="application/pdf")
    assert night(uri, tmp_path / "other", known(uri, media_type=HTML)).failure is None


@pytest.mark.parametrize("was", [MARKDOWN, TEXT, CSV, "application/json"])
def test_a_page_that_says_not_found_with_200_is_no_version_of_a_text(site, tmp_path, was):
    uri = site.serve("/a.md", PAGE, Content_Type="text/html")
    assert night(uri, tmp_path, known(uri, media_type=was)).failure.category is Category.UNAVAILABLE
    site.serve("/a.md", b"# A text\n", Content_Type="text/plain")
    assert night(uri, tmp_path / "other", known(uri, media_type=was)).failure is None


@pytest.mark.parametrize("status", [404, 410])
def test_what_a_server_says_is_gone_loses_its_rows_unless_they_are_to_be_kept(site, tmp_path, status):
    uri = site.serve("/a.pdf", status=status)
    part = night(uri, tmp_path, known(uri))
    assert isinstance(part, Part) and part.replaces
    assert part.failure.category is Category.NOT_FOUND
    assert isinstance(night(uri, tmp_path, known(uri), keep=True), Touch)


def test_what_was_listed_a_moment_ago_is_not_gone(tmp_path):
    uri = str(tmp_path / "a.pdf")
    listed = SourceRef(uri=uri, path="a.pdf", size=3, stamp="3:1")
    touch = night(uri, tmp_path, known(uri), listed)
    assert isinstance(touch, Touch) and touch.failure.category is Category.NOT_FOUND
    assert isinstance(night(uri, tmp_path, known(uri)), Part)


def test_a_file_whose_folder_is_not_there_either_is_out_of_reach(tmp_path):
    uri = str(tmp_path / "mount" / "a.pdf")
    assert isinstance(night(uri, tmp_path, known(uri)), Touch)
    failure = night(uri, tmp_path, None).failure
    assert failure.category is Category.NOT_FOUND and failure.retryable
    assert failure.hint == OutOfReach.default_hint


def test_an_empty_file_does_not_replace_a_document(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"")
    touch = night(str(path), tmp_path, known(str(path)))
    assert isinstance(touch, Touch) and "is empty" in touch.failure.message
    assert night(str(path), tmp_path, None).failure is None


def test_a_file_that_grows_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.md"
    path.write_bytes(b"# One\n")
    fstat = os.fstat

    def grown(descriptor):
        with path.open("ab") as stream:
            stream.write(b"more\n")
        return fstat(descriptor)

    monkeypatch.setattr("transforms.fetch.fetcher.os.fstat", grown)
    assert night(str(path), tmp_path, None).failure.category is Category.CHANGED


def test_an_object_that_may_not_be_read_any_more_leaves_its_rows(tmp_path):
    from schemas.failures import Forbidden

    class Refusing(LocalStore):
        def get(self, uri):
            raise Forbidden("no permission")

        def stat(self, uri):
            return FileInfo(uri=uri, size=3, mtime=2.0)

    uri = "s3://bucket/a.pdf"
    fetcher = Fetcher(FetchOptions(cache_dir=str(tmp_path), retries=0), Refusing())
    ref = SourceRef(uri=uri, path="a.pdf", size=3, stamp="3:2000000")
    planned = Planned(ref=ref, action=Action.CHANGED, known=known(uri, stamp="3:1000000"))
    assert isinstance(settled(planned, fetcher.open, "f" * 32), Touch)


def test_a_masked_uri_is_never_asked_for(site, tmp_path):
    failure = night(f"{site.url}/a.pdf?token=***&id=7", tmp_path, None).failure
    assert failure.category is Category.FORBIDDEN and "masked" in failure.message
    assert site.requests.total() == 0
