import gzip
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import pytest

from schemas.failures import (
    ConfigurationError,
    Corrupt,
    DocumentError,
    Forbidden,
    NotFound,
    SourceUnavailable,
    TimedOut,
    TooLarge,
)
from schemas.options import FetchOptions
from schemas.source import SourceRef
from transforms.fetch import http, retry, web
from transforms.fetch.fetcher import Fetcher
from transforms.stores.local import LocalStore


@pytest.fixture
def options(tmp_path):
    return FetchOptions(cache_dir=str(tmp_path / "cache"), timeout=20, retries=3)


def fetcher(options):
    return Fetcher(options, LocalStore())


def ref(uri):
    return SourceRef(uri=uri, path="x/file")


def test_body_type_and_validators_are_kept(site, options):
    uri = site.serve(
        "/a.pdf",
        b"%PDF-1.7 x",
        Content_Type="application/pdf",
        ETag='"v1"',
        Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT",
    )
    with fetcher(options).open(ref(uri)) as fetched:
        assert Path(fetched.local_path).read_bytes() == b"%PDF-1.7 x"
    assert fetched.sha256 == hashlib.sha256(b"%PDF-1.7 x").hexdigest()
    assert (fetched.size, fetched.media_type, fetched.type_mismatch) == (10, "application/pdf", False)
    assert (fetched.etag, fetched.last_modified) == ('"v1"', "2015-10-21T07:28:00+00:00")


def test_connections_are_reused(site, options):
    ours = fetcher(options)
    for number in range(5):
        ours.fetch(ref(site.serve(f"/{number}", b"text")))
    assert site.requests.total() == 5
    assert site.connections == 1


def test_threads_share_one_client(options):
    with ThreadPoolExecutor(4) as pool:
        clients = set(pool.map(lambda _: id(web.shared_client("http://host/x")), range(8)))
    assert len(clients) == 1


def test_503_is_tried_again(site, options):
    uri = site.script("/flaky", *[lambda h: site.reply(h, b"", 503)] * 2, lambda h: site.reply(h, b"fine"))
    assert fetcher(options).fetch(ref(uri)).size == 4
    assert site.requests["/flaky"] == 3


def test_retries_end(site, options, monkeypatch):
    monkeypatch.setattr(retry, "_FIRST_DELAY", 0.01)
    uri = site.serve("/down", status=502)
    with pytest.raises(SourceUnavailable, match="502") as caught:
        fetcher(options).fetch(ref(uri))
    assert caught.value.retryable
    assert site.requests["/down"] == 4


def test_retry_after_is_honoured(site, options):
    uri = site.script("/busy", lambda h: site.reply(h, b"", 429, Retry_After="1"), lambda h: site.reply(h, b"fine"))
    start = time.monotonic()
    fetcher(options).fetch(ref(uri))
    assert 1.0 <= time.monotonic() - start < 5


def test_retry_after_beyond_the_time_limit_is_not_waited_for(site, tmp_path):
    uri = site.serve("/busy", status=503, Retry_After="3000")
    start = time.monotonic()
    with pytest.raises(SourceUnavailable, match="503"):
        fetcher(FetchOptions(cache_dir=str(tmp_path), timeout=3)).fetch(ref(uri))
    assert time.monotonic() - start < 2
    assert site.requests["/busy"] == 1


def test_retry_after_dates():
    assert 50 < http._retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
    assert http._retry_after(formatdate(0, usegmt=True)) == 0
    assert http._retry_after("soon") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFound), (410, NotFound), (401, Forbidden), (403, Forbidden), (400, Forbidden)],
)
def test_refusals_are_typed_and_not_tried_again(site, options, status, kind):
    uri = site.serve("/no", status=status)
    with pytest.raises(kind, match=str(status)) as caught:
        fetcher(options).fetch(ref(uri))
    assert not caught.value.retryable
    assert site.requests["/no"] == 1


def test_truncated_body_is_tried_again(site, options):
    def truncated(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"only this")
        handler.close_connection = True

    uri = site.script("/cut", truncated, lambda h: site.reply(h, b"x" * 100))
    assert fetcher(options).fetch(ref(uri)).sha256 == hashlib.sha256(b"x" * 100).hexdigest()
    assert site.requests["/cut"] == 2


def test_closed_connections_are_unavailable(site, options, monkeypatch):
    monkeypatch.setattr(retry, "_FIRST_DELAY", 0.01)

    def hang_up(handler):
        handler.close_connection = True

    with pytest.raises(SourceUnavailable, match="connection"):
        fetcher(options).fetch(ref(site.script("/x", hang_up)))
    assert site.requests["/x"] == 4


def test_a_server_that_does_not_speak_http_is_quoted_on_one_line(site, options, monkeypatch):
    monkeypatch.setattr(retry, "_FIRST_DELAY", 0.01)

    def babble(handler):
        handler.wfile.write(b"\x1b[31mbabble\x07\r\n\r\n")
        handler.close_connection = True

    with pytest.raises(SourceUnavailable) as caught:
        fetcher(options).fetch(ref(site.script("/x", babble)))
    assert str(caught.value).isprintable() and "babble" in str(caught.value)


def test_redirects_are_followed_and_limited(site, options):
    site.serve("/target", b"here")
    assert fetcher(options).fetch(ref(site.serve("/from", status=302, Location="/target"))).size == 4
    with pytest.raises(SourceUnavailable, match="redirects too often"):
        fetcher(options).fetch(ref(site.serve("/loop", status=302, Location="/loop")))
    assert site.requests["/loop"] == options.max_redirects + 1
    with pytest.raises(SourceUnavailable, match="not a valid URL"):
        fetcher(options).fetch(ref(site.serve("/ftp", status=302, Location="ftp://host/x")))


def test_what_one_server_gets_or_sets_is_not_told_to_another(site, options):
    heard = {}

    def listen(name, answer):
        def respond(handler):
            heard[name] = {key: handler.headers.get(key) for key in ("Authorization", "Cookie")}
            answer(handler)

        return respond

    here, there = site.url.replace("//", "//me:secret@"), site.url.replace("127.0.0.1", "localhost")
    site.script("/first", listen("first", lambda h: site.reply(h, b"", 302, Location="/second", Set_Cookie="seen=1")))
    away = {"Location": f"{there}/third"}
    site.script("/second", listen("second", lambda h: site.reply(h, b"", 302, **away)))
    site.script("/third", listen("third", lambda h: site.reply(h, b"words")))
    assert fetcher(options).fetch(ref(f"{here}/first")).size == 5
    assert heard["first"] == {"Authorization": "Basic bWU6c2VjcmV0", "Cookie": None}
    assert heard["second"] == {"Authorization": "Basic bWU6c2VjcmV0", "Cookie": "seen=1"}
    assert heard["third"] == {"Authorization": None, "Cookie": None}


def test_proxies_of_the_environment_are_used(site, options, monkeypatch):
    web._proxies.cache_clear()
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    site.serve("http://elsewhere.example/a.txt", b"by proxy")
    try:
        assert fetcher(options).fetch(ref("http://elsewhere.example/a.txt")).size == 8
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        assert web.shared_client("http://elsewhere.example/a.txt").proxy is None
        assert web.shared_client("http://other.example/a.txt").proxy is not None
    finally:
        web._proxies.cache_clear()


def test_a_proxy_may_lack_its_scheme_but_not_have_another(site, options, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    site.serve("http://elsewhere.example/b.txt", b"by proxy")
    try:
        monkeypatch.setenv("http_proxy", site.url.removeprefix("http://"))
        web._proxies.cache_clear()
        assert fetcher(options).fetch(ref("http://elsewhere.example/b.txt")).size == 8
        monkeypatch.setenv("http_proxy", "socks5://me:secret@proxy:1080")
        web._proxies.cache_clear()
        with pytest.raises(ConfigurationError, match="socks5") as caught:
            fetcher(options).fetch(ref("http://elsewhere.example/c.txt"))
        assert "secret" not in str(caught.value)
    finally:
        web._proxies.cache_clear()


def test_endless_bodies_of_redirects_are_not_read(site, options):
    def endless_redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", "/target")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")

    site.serve("/target", b"here")
    assert fetcher(options).fetch(ref(site.script("/from", endless_redirect))).size == 4


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")


def test_endless_body_stops_at_the_limit(site, tmp_path):
    small = FetchOptions(cache_dir=str(tmp_path), max_bytes=100_000)
    with pytest.raises(TooLarge, match="100000"):
        fetcher(small).fetch(ref(site.script("/endless", endless)))
    assert site.requests["/endless"] == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "CACHEDIR.TAG"]


def test_declared_length_over_the_limit_is_refused_at_once(site, tmp_path):
    small = FetchOptions(cache_dir=str(tmp_path), max_bytes=10)
    with pytest.raises(TooLarge):
        fetcher(small).fetch(ref(site.serve("/big", b"x" * 11)))


def test_decompressed_size_counts(site, tmp_path):
    small = FetchOptions(cache_dir=str(tmp_path), max_bytes=100_000)
    uri = site.serve("/bomb", gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")
    with pytest.raises(TooLarge):
        fetcher(small).fetch(ref(uri))


def test_wrong_content_encoding_is_corrupt(site, options):
    with pytest.raises(Corrupt):
        fetcher(options).fetch(ref(site.serve("/odd", b"no gzip at all", Content_Encoding="gzip")))


def test_slow_body_ends_at_the_time_limit(site, tmp_path):
    stop = threading.Event()

    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x")
            if stop.wait(0.05):
                return

    start = time.monotonic()
    try:
        with pytest.raises(TimedOut, match=r"0\.5 seconds"):
            fetcher(FetchOptions(cache_dir=str(tmp_path), timeout=0.5)).fetch(ref(site.script("/slow", trickle)))
    finally:
        stop.set()
    assert time.monotonic() - start < 3


def test_silent_server_times_out(site, tmp_path):
    stop = threading.Event()
    try:
        with pytest.raises(TimedOut):
            fetcher(FetchOptions(cache_dir=str(tmp_path), timeout=0.3)).fetch(
                ref(site.script("/silent", lambda handler: stop.wait(5)))
            )
    finally:
        stop.set()


def test_unreachable_host(options):
    short = FetchOptions(cache_dir=options.cache_dir, retries=0)
    with pytest.raises(SourceUnavailable, match="connection"):
        fetcher(short).fetch(ref("http://127.0.0.1:1/x"))
    with pytest.raises(DocumentError):
        fetcher(short).fetch(ref("http://[bad/x"))


def test_secrets_stay_out_of_messages(site, options):
    uri = site.url.replace("//", "//user:hunter2@") + "/no?X-Goog-Signature=abcdef&plain"
    with pytest.raises(NotFound) as caught:
        fetcher(options).fetch(ref(uri))
    shown = repr((caught.value.message, caught.value.hint, caught.value.context))
    assert "hunter2" not in shown and "abcdef" not in shown and "X-Goog-Signature=***" in shown


def test_recent_file_is_not_asked_for_again(site, options):
    uri = site.serve("/a.txt", b"text")
    ours = fetcher(options)
    assert ours.fetch(ref(uri)) == ours.fetch(ref(uri))
    assert site.requests["/a.txt"] == 1


def test_next_run_asks_and_keeps_unchanged_bytes(site, options):
    def conditional(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            site.reply(handler, b"", 304)
        else:
            site.reply(handler, b"text", ETag='"v1"')

    uri = site.script("/a.txt", conditional)
    first = fetcher(options).fetch(ref(uri))
    ours = fetcher(options)
    assert ours.fetch(ref(uri)) == first
    assert ours.fetch(ref(uri)) == first
    assert site.requests["/a.txt"] == 2
    site.serve("/a.txt", b"changed", ETag='"v2"')
    assert fetcher(options).fetch(ref(uri)).size == 7


def test_a_failed_renewal_releases_the_old_file(site, options, monkeypatch):
    uri = site.serve("/a.txt", b"text")
    fetcher(options).fetch(ref(uri))
    site.serve("/a.txt", status=404)
    with pytest.raises(NotFound):
        fetcher(options).fetch(ref(uri))


def test_threads_download_a_file_once(site, options):
    def slow(handler):
        time.sleep(0.2)
        site.reply(handler, b"text")

    uri = site.script("/slow.txt", slow)
    ours = fetcher(options)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: ours.fetch(ref(uri)).sha256, range(8)))
    assert len(found) == 1
    assert site.requests["/slow.txt"] == 1


def test_suggested_name_and_charset_decide_the_type(site, options):
    uri = site.serve(
        "/download",
        b"a,b\n1,2\n",
        Content_Type="application/octet-stream",
        Content_Disposition='attachment; filename="t.csv"',
    )
    assert fetcher(options).fetch(ref(uri)).media_type == "text/csv"
    uri = site.serve("/page", b"<html><p>x", Content_Type="text/html; charset=ISO-8859-1")
    assert fetcher(options).fetch(ref(uri)).declared_type == "text/html; charset=iso-8859-1"


def test_login_page_instead_of_a_document_is_a_mismatch(site, options):
    uri = site.serve("/report.pdf", b"<!DOCTYPE html><title>Log in</title>", Content_Type="text/html")
    fetched = fetcher(options).fetch(ref(uri))
    assert (fetched.media_type, fetched.type_mismatch) == ("text/html", True)


@pytest.mark.parametrize(
    "uri",
    [
        "https://drive.google.com/file/d/1AbC/view?usp=sharing",
        "https://docs.google.com/document/d/1AbC/edit",
        "https://DOCS.google.com/spreadsheets/d/1/edit",
        "https://docs.google.com/presentation/d/1/edit",
    ],
)
def test_share_links_are_refused_before_any_request(uri, options, monkeypatch):
    monkeypatch.setattr(web, "shared_client", lambda *_: pytest.fail("a request was made"))
    with pytest.raises(Forbidden) as caught:
        fetcher(options).fetch(ref(uri))
    assert "export" in caught.value.hint and "gs://" in caught.value.hint
