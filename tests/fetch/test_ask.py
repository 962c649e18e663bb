import threading
import time
from pathlib import Path

import pytest

from schemas.document import DocumentStatus
from schemas.ids import document_id
from schemas.options import FetchOptions
from schemas.part import Part
from schemas.plan import Action, Known, Planned, Touch
from schemas.source import SourceRef
from schemas.stamps import content_mark
from transforms.fetch.ask import ask, can_tell
from transforms.fetch.fetcher import Fetcher
from transforms.stores.local import LocalStore


def planned(uri: str, etag: str = '"old"', action: Action = Action.CHECK) -> Planned:
    doc_id = bytes.fromhex(document_id(uri))
    known = Known(doc_id, uri, DocumentStatus.OK, content_mark("0" * 64), True, etag=etag)
    return Planned(ref=SourceRef(uri=uri, path=uri), action=action, known=known)


@pytest.fixture
def asked(tmp_path: Path):
    """(what is left, what was heard) of some work."""

    def run(work: list[Planned], most_bytes: int = 1 << 20) -> tuple[list[Planned | Part], list[Part | Touch | None]]:
        heard: list[Part | Touch | None] = []
        fetcher = Fetcher(FetchOptions(cache_dir=str(tmp_path / "cache"), retries=0), LocalStore())
        return list(ask(work, fetcher.open, "f" * 32, most_bytes, heard.append)), heard

    return run


def conditional(etag: str, body: bytes):
    def answer(handler):
        same = handler.headers.get("If-None-Match") == etag
        handler.send_response(304 if same else 200)
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", "0" if same else str(len(body)))
        handler.end_headers()
        handler.wfile.write(b"" if same else body)

    return answer


def test_only_what_changed_is_left_and_was_fetched_once(site, asked):
    same = [site.script(f"/same-{number}", conditional('"old"', b"same")) for number in range(20)]
    news = [site.script(f"/new-{number}", conditional(f'"{number}"', b"new words")) for number in range(3)]
    uris = [same[0], news[0], *same[1:10], news[1], *same[10:], news[2]]
    left, heard = asked([planned(uri) for uri in uris])
    assert [part.ref.uri for part in left] == news
    assert all(isinstance(part, Part) and part.info.size == 9 for part in left)
    assert len(heard) == 23
    assert sum(isinstance(answer, Part) for answer in heard) == 3
    assert set(site.requests.values()) == {1}


def test_what_cannot_tell_is_left_unasked_in_its_place(site, asked):
    uri = site.script("/same", conditional('"old"', b"same"))
    other = site.serve("/other", b"words")
    work = [planned(other, etag=""), planned(uri), planned(other, action=Action.FORCED)]
    assert [can_tell(item) for item in work] == [False, True, False]
    left, heard = asked(work)
    assert left == [work[0], work[2]]
    assert [type(answer) for answer in heard] == [Touch]
    assert site.requests["/other"] == 0


def test_a_site_that_is_down_leaves_the_rows_alone(site, asked):
    uri = site.serve("/down", status=503)
    left, heard = asked([planned(uri)])
    assert left == []
    (touch,) = heard
    assert isinstance(touch, Touch)
    assert touch.failure is not None


def test_no_more_is_asked_than_the_cache_can_keep(site, asked):
    uris = [site.serve(f"/{number}", b"x" * 1000) for number in range(200)]
    left, heard = asked([planned(uri) for uri in uris], most_bytes=10_000)
    assert [item.ref.uri for item in left] == uris
    fetched = [item for item in left if isinstance(item, Part)]
    assert 10 <= len(fetched) == len(heard) < 100


def test_an_interrupt_does_not_wait_for_servers_that_are_silent(site, tmp_path):
    silent = threading.Event()
    quick = site.script("/quick", conditional('"old"', b"same"))
    slow = [site.script(f"/slow-{number}", lambda _: silent.wait(60)) for number in range(4)]

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    fetcher = Fetcher(FetchOptions(cache_dir=str(tmp_path / "cache"), retries=0), LocalStore())
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(ask([planned(uri) for uri in [quick, *slow]], fetcher.open, "f" * 32, 1 << 20, interrupt))
        # The client itself would wait for half a minute.
        assert time.monotonic() - begin < 20
    finally:
        silent.set()
