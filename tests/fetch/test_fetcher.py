import errno
import hashlib
import io
import os
from pathlib import Path

import pytest

from schemas.failures import ConfigurationError, Forbidden, NotFound, SourceUnavailable, TooLarge, Unsupported
from schemas.options import FetchOptions
from schemas.source import SourceRef
from transforms.fetch import fetcher as module
from transforms.fetch import retry
from transforms.fetch.fetcher import Fetcher
from transforms.runtime.cache_tag import TAG
from transforms.stores.base import FileInfo
from transforms.stores.local import LocalStore


def ref(uri):
    return SourceRef(uri=str(uri), path="x")


class MemoryStore:
    """Objects in memory; counts how often one is opened."""

    def __init__(self, **objects):
        self.objects, self.opened, self.mtime = objects, 0, 1.5
        self.faults = []

    def match(self, pattern):
        raise AssertionError("fetching lists nothing")

    def stat(self, uri):
        name = uri.rpartition("/")[2]
        if name not in self.objects:
            raise NotFound(f"no such object: {uri}")
        return FileInfo(uri=uri, size=len(self.objects[name]), mtime=self.mtime)

    def open(self, uri):
        self.opened += 1
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, bytes):
                return io.BytesIO(fault)
            raise fault
        return io.BytesIO(self.objects[uri.rpartition("/")[2]])

    def get(self, uri):
        return self.stat(uri), self.open(uri)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(retry, "_FIRST_DELAY", 0.001)


@pytest.fixture
def options(tmp_path):
    return FetchOptions(cache_dir=str(tmp_path / "cache"), max_bytes=1000)


def test_local_files_stay_where_they_are(tmp_path, options):
    path = tmp_path / "a.txt"
    path.write_bytes(b"text")
    os.utime(path, (0, 0))
    fetched = Fetcher(options, LocalStore()).fetch(ref(path))
    assert fetched.local_path == str(path)
    assert fetched.sha256 == hashlib.sha256(b"text").hexdigest()
    assert (fetched.size, fetched.media_type) == (4, "text/plain")
    assert fetched.last_modified.startswith("1970-01-01T00:00:00")
    assert not (tmp_path / "cache").exists()


def test_names_that_are_not_utf8_are_read(tmp_path, options):
    path = os.fsencode(tmp_path) + b"/b\xff.txt"
    with open(path, "wb") as stream:
        stream.write(b"text")
    assert Fetcher(options, LocalStore()).fetch(ref(f"file://{tmp_path}/b%FF.txt")).size == 4


def test_local_refusals(tmp_path, options, monkeypatch):
    ours = Fetcher(options, LocalStore())
    (tmp_path / "big").write_bytes(b"x" * 1001)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(TooLarge):
        ours.fetch(ref(tmp_path / "big"))
    with pytest.raises(NotFound):
        ours.fetch(ref(tmp_path / "none"))
    with pytest.raises(Unsupported, match="regular"):
        ours.fetch(ref(tmp_path / "fifo"))
    with pytest.raises(Unsupported, match="regular"):
        ours.fetch(ref(tmp_path))
    with pytest.raises(NotFound):
        ours.fetch(ref("/a\0b"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Forbidden, match="list the folder"):
        ours.fetch(ref(tmp_path))


def test_objects_are_copied_once_per_version(options):
    store = MemoryStore(**{"a.txt": b"text"})
    first = Fetcher(options, store).fetch(ref("gs://b/a.txt"))
    assert Path(first.local_path).read_bytes() == b"text"
    assert first.last_modified == "1970-01-01T00:00:01.500000+00:00"
    assert Fetcher(options, store).fetch(ref("gs://b/a.txt")) == first
    assert store.opened == 1
    store.objects["a.txt"], store.mtime = b"new", 2.5
    assert Fetcher(options, store).fetch(ref("gs://b/a.txt")).size == 3


def test_objects_without_a_time_are_copied_again(options):
    store = MemoryStore(**{"a.txt": b"text"})
    store.mtime = None
    for _ in range(2):
        Fetcher(options, store).fetch(ref("gs://b/a.txt"))
    assert store.opened == 2


def test_store_faults(options):
    store = MemoryStore(**{"a": b"text", "big": b"x" * 1001})
    ours = Fetcher(options, store)
    with pytest.raises(TooLarge):
        ours.fetch(ref("gs://b/big"))
    with pytest.raises(TooLarge):
        ours.fetch(SourceRef(uri="gs://b/big", path="x", size=1001))
    assert store.opened == 1
    with pytest.raises(NotFound):
        ours.fetch(ref("gs://b/none"))
    store.faults = [SourceUnavailable("down"), b"te"]
    assert ours.fetch(ref("gs://b/a")).size == 4
    assert store.opened == 4
    store.faults = [Forbidden("no")]
    with pytest.raises(Forbidden):
        Fetcher(options, MemoryStoreWith(store)).fetch(ref("gs://b/a2"))
    store.objects["short"] = b"four"
    store.faults = [b"t"] * 10
    with pytest.raises(SourceUnavailable, match="1 of 4 bytes"):
        ours.fetch(ref("gs://b/short"))


class MemoryStoreWith(MemoryStore):
    """Another name for the first object of a store, with its faults."""

    def __init__(self, store):
        super().__init__(a2=store.objects["a"])
        self.faults = store.faults


def test_leased_files_outlive_eviction(tmp_path):
    small = FetchOptions(cache_dir=str(tmp_path), cache_bytes=10)
    ours = Fetcher(small, MemoryStore(a=b"a" * 9, b=b"b" * 9))
    with ours.open(ref("gs://x/a")) as held:
        ours.fetch(ref("gs://x/b"))
        assert Path(held.local_path).read_bytes() == b"a" * 9
    assert sum(path.stat().st_size for path in (tmp_path / "data").iterdir() if path.name != TAG) <= 18


def test_private_cache_by_default():
    fetched = Fetcher(FetchOptions(), MemoryStore(a=b"text")).fetch(ref("gs://private/a"))
    assert "docbeam-" in fetched.local_path
    assert Path(fetched.local_path).read_bytes() == b"text"


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, SourceUnavailable), (errno.EACCES, ConfigurationError)])
def test_faults_of_the_caches_disk(options, monkeypatch, code, kind):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.FileCache, "add", fail)
    with pytest.raises(kind, match="cache"):
        Fetcher(options, MemoryStore(a=b"text")).fetch(ref("gs://b/a"))
