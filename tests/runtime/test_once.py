"""Things that a process has one of."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from transforms.fetch.cache import FileCache
from transforms.fetch.fetcher import _shared_cache
from transforms.runtime.once import made_once

THREADS = 4


def test_threads_that_ask_at_once_share_one():
    begin, made = Barrier(THREADS), []

    @made_once
    def thing(name: str) -> object:
        made.append(name)
        # Long enough for the others to come by, if they could.
        Event().wait(0.05)
        return object()

    def ask(_: int) -> object:
        begin.wait()
        return thing("it")

    with ThreadPoolExecutor(THREADS) as threads:
        found = set(threads.map(ask, range(THREADS)))
    assert (len(found), made) == (1, ["it"])
    assert thing("other") not in found
    thing.cache_clear()
    assert thing("it") not in found


def test_a_download_cache_is_not_swept_away_under_its_first_user(monkeypatch):
    """Two private folders: the one that is not kept would be removed with the files in it."""
    begin, make = Barrier(2), FileCache.__init__

    def slowly(self: FileCache, root: str, max_bytes: int) -> None:
        make(self, root, max_bytes)
        Event().wait(0.05)

    def ask(_: int) -> str:
        begin.wait()
        return _shared_cache(-1, "", 1 << 20)._data

    monkeypatch.setattr(FileCache, "__init__", slowly)
    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(ask, range(2)))) == 1
    _shared_cache.cache_clear()
