"""Brings a document's bytes to this machine."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from schemas.failures import (
    ConfigurationError,
    Forbidden,
    OutOfReach,
    SourceChanged,
    SourceUnavailable,
    TooLarge,
    Unsupported,
)
from schemas.ids import stable_id
from schemas.options import FetchOptions
from schemas.source import Fetched, SourceRef
from schemas.stamps import same_version, stamp
from transforms.fetch.cache import CacheEntry, FileCache, Lease
from transforms.fetch.http import download
from transforms.fetch.media.detect import detect_file
from transforms.fetch.media.media_types import type_of_name
from transforms.fetch.retry import Transient, retrying
from transforms.fetch.sink import Sink
from transforms.fetch.validators import NotModified, Validators
from transforms.runtime.locks import NO_LOCKS
from transforms.runtime.once import made_once
from transforms.runtime.temporary import TemporaryFolder
from transforms.stores.base import FileInfo, Store
from transforms.stores.local import local_errors
from transforms.stores.uris import entry_path, file_name, is_http, is_local, is_masked, local_path, local_uri, redact

_SHARE_HOSTS = ("drive.google.com", "docs.google.com")
#: A source asked so recently is not asked again: the parts of a large document follow each other.
FRESH_SECONDS = 600.0
_CHUNK_BYTES = 1 << 20


class Fetcher:
    """Fetches documents. Threads may share one; all of a process share its connections and its cache."""

    def __init__(self, options: FetchOptions, store: Store, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._options, self._store, self._fresh_seconds = options, store, fresh_seconds
        self._started = time.time()

    def fetch(self, ref: SourceRef) -> Fetched:
        """The document, without a lease: unless it is local, later fetches may evict its file from the cache."""
        with self.open(ref) as fetched:
            return fetched

    @contextmanager
    def open(self, ref: SourceRef, validators: Validators | None = None) -> Iterator[Fetched]:
        """The document; its file stays in place within the `with` block. Raises DocumentError.

        Raises NotModified when an HTTP server says that the `validators` of an earlier fetch still hold.
        """
        if is_local(ref.uri):
            yield self._local(ref, validators)
            return
        _refuse_useless(ref.uri)
        lease = self._lease(ref, validators)
        try:
            yield _fetched(_stamped(ref, lease.entry), lease.path, lease.entry)
        finally:
            lease.close()

    def _local(self, ref: SourceRef, validators: Validators | None) -> Fetched:
        path = local_path(ref.uri)
        with local_errors(ref.uri):
            _require_folder(path)
            status = os.stat(path)
            _require_regular(path, status.st_mode)
            if status.st_size > self._options.max_bytes:
                raise TooLarge(f"{path} has {status.st_size} bytes, more than {self._options.max_bytes}")
            found = stamp(status.st_size, status.st_mtime, now=time.time())
            _require_news(ref, stamp(status.st_size, status.st_mtime), validators)
            with open(path, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
                size = stream.tell()
                # Somebody may have written while this read.
                after = os.fstat(stream.fileno())
            if (size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
                raise SourceChanged(f"{path} changed while it was read")
            stamped = msgspec.structs.replace(ref, stamp=ref.stamp or found)
            entry = CacheEntry(sha256=digest, size=size, last_modified=_iso_time(status.st_mtime))
            return _fetched(stamped, path, entry)

    def _lease(self, ref: SourceRef, validators: Validators | None) -> Lease:
        with _cache_errors():
            files = _shared_cache(os.getpid(), self._options.cache_dir, self._options.cache_bytes)
            key = stable_id("source", ref.uri)
            lease = files.find(key)
            if lease and self._is_fresh(lease.entry):
                return lease
            if lease is None and validators is not None:
                # Whoever plans a document is alone with it, and most answers are short.
                return self._renew(ref, (key, None), files, validators)
            if lease:
                lease.close()
            with files.lock(key):
                lease = files.find(key)
                if lease and self._is_fresh(lease.entry):
                    return lease
                return self._renew(ref, (key, lease), files, validators)

    def _renew(
        self, ref: SourceRef, found: tuple[str, Lease | None], files: FileCache, validators: Validators | None
    ) -> Lease:
        """Download the source; unchanged bytes keep the file that was `found` under its key."""
        key, old = found
        with ExitStack() as stack:
            if old:
                stack.callback(old.close)
            with files.incoming() as place:
                sink = Sink(place.open, ref.uri, self._options)
                entry = self._transfer(ref, sink, old.entry if old else None, validators)
                if old is None or entry.sha256 != old.entry.sha256:
                    return files.add(key, entry, place)
            files.note(key, entry)
            stack.pop_all()
            old.entry = entry
            return old

    def _is_fresh(self, entry: CacheEntry) -> bool:
        now = time.time()
        # What was asked in the future was asked by a clock that was put back since.
        return max(self._started, now - self._fresh_seconds) <= entry.validated <= now

    def _transfer(
        self, ref: SourceRef, sink: Sink, known: CacheEntry | None, validators: Validators | None
    ) -> CacheEntry:
        if is_http(ref.uri):
            return download(ref.uri, sink, self._options, known, validators)
        return retrying(lambda: self._copy(ref, sink, known, validators), self._options.retries, self._options.timeout)

    def _copy(self, ref: SourceRef, sink: Sink, known: CacheEntry | None, validators: Validators | None) -> CacheEntry:
        """Bring an object of a store to `sink`, unless the `known` version is still the current one."""
        sink.restart()
        sink.check_size(ref.size or 0)
        uri = ref.uri
        try:
            # A listing that differs told already that there is news.
            if known or (validators and ref.stamp in ("", validators.stamp)):
                info = self._store.stat(uri)
                _require_news(ref, stamp(info.size, info.mtime, info.etag), None if known else validators)
                if known and _is_version(known, info):
                    return msgspec.structs.replace(known, validated=time.time())
            info, source = self._store.get(uri)
            with source:
                _require_news(ref, stamp(info.size, info.mtime, info.etag), None)
                sink.check_size(info.size)
                while data := source.read(_CHUNK_BYTES):
                    sink.write(data)
        except SourceUnavailable as error:
            raise Transient(error) from error
        if sink.size != info.size:
            raise Transient(SourceUnavailable(f"{redact(uri)}: {sink.size} of {info.size} bytes arrived"))
        return CacheEntry(
            sha256=sink.finish(),
            size=sink.size,
            etag=info.etag,
            last_modified=_iso_time(info.mtime),
            validated=time.time(),
        )


@made_once
def _shared_cache(process: int, root: str, max_bytes: int) -> FileCache:
    # A forked process makes its own private folder: hence the process id in the key.
    if root:
        return FileCache(os.path.expanduser(root), max_bytes)
    private = TemporaryFolder()
    files = FileCache(os.path.join(private.path, "cache"), max_bytes)
    weakref.finalize(files, private.close)
    return files


def _is_version(known: CacheEntry, info: FileInfo) -> bool:
    """Whether a store's object is the one that was cached; never sure without its time."""
    same = (known.size, known.etag, known.last_modified) == (info.size, info.etag, _iso_time(info.mtime))
    return same and info.mtime is not None


def _stamped(ref: SourceRef, entry: CacheEntry) -> SourceRef:
    """The reference with the stamp of a store's object; listings of manifests know none."""
    if ref.stamp or is_http(ref.uri) or not entry.last_modified:
        return ref
    mtime = datetime.fromisoformat(entry.last_modified).timestamp()
    return msgspec.structs.replace(ref, stamp=stamp(entry.size, mtime, entry.etag))


def _fetched(ref: SourceRef, path: str, entry: CacheEntry) -> Fetched:
    names = (entry.name, file_name(ref.uri), ref.path)
    name = next((name for name in names if type_of_name(name)), ref.path)
    guess = detect_file(path, entry.declared_type, name)
    return Fetched(
        ref=ref,
        local_path=path,
        sha256=entry.sha256,
        size=entry.size,
        media_type=guess.media_type,
        declared_type=guess.declared_type,
        type_mismatch=guess.mismatch,
        etag=entry.etag,
        last_modified=_plain_time(entry.last_modified),
    )


def _iso_time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def _plain_time(value: str) -> str:
    """ISO 8601 for the date of an HTTP header; other values as they are."""
    try:
        return parsedate_to_datetime(value).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return value


def _require_folder(path: str) -> None:
    if not os.path.lexists(path) and not os.path.lexists(folder := os.path.dirname(path)):
        raise OutOfReach(f"no such file: {redact(local_uri(path))}; nor is there a folder {redact(local_uri(folder))}")


def _require_regular(path: str, mode: int) -> None:
    if stat.S_ISDIR(mode) and not os.access(path, os.R_OK | os.X_OK):
        raise Forbidden(f"no permission to list the folder {path}")
    if not stat.S_ISREG(mode):
        raise Unsupported(f"{path} is not a regular file", hint="name files, or a folder as an input of its own")


def _require_news(ref: SourceRef, found: str, validators: Validators | None) -> None:
    """Raise NotModified or SourceChanged when a look at the source tells that reading it is no use."""
    if not same_version(ref.stamp, found):
        raise SourceChanged(f"{redact(ref.uri)} changed between listing and reading")
    if validators is not None and validators.stamp and validators.stamp == found:
        raise NotModified(ref.uri)


def _refuse_useless(uri: str) -> None:
    """Share links lead to viewers: what they serve is the page of an application. Masks lead nowhere."""
    if is_http(uri) and is_masked(uri):
        raise Forbidden(
            f"{redact(uri)}: a value of this URI is masked, as tables and messages show it",
            hint="give the URI itself to `docbeam ingest`: the tables do not hold its secrets",
        )
    if is_http(uri) and entry_path(uri).partition("/")[0] in _SHARE_HOSTS:
        raise Forbidden(
            f"{redact(uri)} is a Google share link, which serves a viewer instead of the document",
            hint="export it as PDF or DOCX and ingest that file, or copy it to gs:// and give this machine credentials",
        )


@contextmanager
def _cache_errors() -> Iterator[None]:
    """Errors of the cache's own disk; those of sources are DocumentErrors by then."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SourceUnavailable(
                "no room left for the download cache", hint="make room on the disk, or lower the cache's size"
            ) from error
        fix = "; give a --cache-dir (or TMPDIR) whose file system has locks" if error.errno in NO_LOCKS else ""
        raise ConfigurationError(f"the download cache cannot be used: {error}{fix}") from error
