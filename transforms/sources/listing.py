"""Expands inputs to documents."""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Iterable, Iterator

import msgspec

from schemas.failures import Category, ConfigurationError, DocumentError, Failure, InputMissing, NothingListed
from schemas.options import SourceOptions
from schemas.plan import Root
from schemas.source import SourceRef
from schemas.stamps import stamp
from transforms.sources.local import Listed, entries_of, listed, match_below, walk
from transforms.sources.manifest import read_manifest
from transforms.sources.skipped import is_hidden, without_outputs
from transforms.stores.base import FileInfo, Store, require_store
from transforms.stores.outputs import LOG, is_output, output_around
from transforms.stores.patterns import fixed_prefix, has_magic, literal_prefix, matches, path_filter
from transforms.stores.uris import (
    canonical_uri,
    entry_path,
    is_http,
    is_local,
    is_masked,
    local_path,
    local_uri,
    redact,
    safe_path,
)

#: The input that stands for the lines of standard input.
STDIN = "-"


def expand(text: str, store: Store, options: SourceOptions) -> Iterator[SourceRef]:
    """Documents that the input `text` stands for, after --include and --exclude."""
    return select(_expand(text, store), options)


def expand_manifest(uri: str, store: Store, options: SourceOptions) -> Iterator[SourceRef]:
    """Documents that the manifest `uri` names, after --include and --exclude."""
    return select(read_manifest(canonical_uri(uri), store), options)


def expand_input(text: str, store: Store, options: SourceOptions, *, is_manifest: bool) -> Iterator[SourceRef | Root]:
    """Documents of one input, then how many there were and what was listed completely by it.

    An input that cannot be listed stands for itself, unless all are required.
    """
    root, holes, count = root_of(text, is_manifest=is_manifest), [], 0
    try:
        for ref in (expand_manifest if is_manifest else expand)(text, store, options):
            yield ref
            count += 1
            if is_hole(ref):
                holes.append(ref.uri)
            if root is not None and ref.uri == root.uri.rstrip("/"):
                # The prefix of a store that is an object itself.
                root = None
    except InputMissing as error:
        if options.require_inputs:
            raise
        yield _stand_in(text, error)
        empty = isinstance(error, NothingListed)
        yield Root(kind="missing", uri=canonical_uri(text), listed=count + 1, problem=str(error), empty=empty)
        return
    yield msgspec.structs.replace(root or Root(kind="single", uri=text), listed=count, holes=tuple(holes))


def _stand_in(text: str, error: InputMissing) -> SourceRef:
    cause = error.__cause__
    failure = Failure(
        stage="list",
        category=cause.category if isinstance(cause, DocumentError) else Category.NOT_FOUND,
        message=str(error),
        hint="bring it back, or name it no longer; --require-inputs stops such a run",
        # It may be back tomorrow, and until then its documents are not gone.
        retryable=True,
    )
    uri = canonical_uri(text).rstrip("/") or "/"
    return SourceRef(uri=uri, path=entry_path(uri), failure=failure)


def expand_inputs(options: SourceOptions, refs: Iterable[SourceRef], store: Store) -> Iterator[SourceRef | Root]:
    """Documents of all inputs and manifests and those listed already, with the roots that they make up."""
    found = absolute(options)
    yield from select(refs, options)
    for text in found.inputs:
        yield from expand_input(text, store, options, is_manifest=False)
    for text in found.manifests:
        yield from expand_input(text, store, options, is_manifest=True)


def select(refs: Iterable[SourceRef], options: SourceOptions) -> Iterator[SourceRef]:
    """The `refs` whose path passes --include and --exclude."""
    passes, below = path_filter(options), path_filter(msgspec.structs.replace(options, include=()))

    def is_wanted(ref: SourceRef) -> bool:
        # What a folder holds that could not be read is not known.
        unread = is_hole(ref) and os.path.isdir(local_path(ref.uri))
        return below(ref.path + "/") if unread else passes(ref.path)

    return filter(is_wanted, refs)


def _expand(text: str, store: Store) -> Iterator[SourceRef]:
    if is_local(text):
        return _expand_local(local_path(text))
    if is_http(text):
        if is_masked(text):
            raise ConfigurationError(f"{redact(text)}: a value is masked, as tables show it; give the URI itself")
        return iter([SourceRef(uri=canonical_uri(text), path=entry_path(text))])
    require_store(text)
    return _expand_store(canonical_uri(text), store)


def _expand_local(path: str) -> Iterator[SourceRef]:
    _refuse_output(path)
    if os.path.isdir(path):
        return map(_local_reference, walk(path))
    if os.path.lexists(path):
        return iter([_local_reference(listed(path, os.path.basename(path)))])
    if not has_magic(path):
        raise InputMissing(f"no such file or folder: {path}")
    found = list(_glob(path))
    if not found:
        raise NothingListed(f"no file matches {path}")
    return map(_local_reference, found)


def _refuse_output(path: str) -> None:
    """Raise ConfigurationError for a folder in which there is nothing but what we wrote ourselves."""
    real = os.path.realpath(path)
    around = output_around(real)
    if around:
        raise ConfigurationError(f"{path} lies in the output {around}: its tables are no documents")
    if is_output(real) and not any(not is_hidden(entry.name) for entry in entries_of(real)[0]):
        raise ConfigurationError(f"{path} is an output of docbeam: its tables are no documents")


def _glob(pattern: str) -> Iterator[Listed]:
    root = fixed_prefix(pattern) or "/"
    if not os.path.isdir(root):
        return iter(())
    return match_below(root, pattern[len(root) :].strip("/").split("/"))


def _local_reference(item: Listed) -> SourceRef:
    return SourceRef(
        uri=local_uri(item.path),
        path=safe_path(item.relative),
        size=item.size,
        stamp=stamp(item.size, item.mtime, now=time.time()),
    )


def _stored_reference(info: FileInfo, root: str) -> SourceRef:
    return SourceRef(
        uri=info.uri,
        path=safe_path(info.uri[len(root) :]),
        size=info.size,
        stamp=stamp(info.size, info.mtime, info.etag),
    )


def _expand_store(uri: str, store: Store) -> Iterator[SourceRef]:
    try:
        found, root = _list_store(uri, store)
    except DocumentError as error:
        raise InputMissing(f"cannot list {redact(uri)}: {error}. Hint: {error.hint}") from error
    if found:
        return (_stored_reference(info, root) for info in found)
    if has_magic(uri) or uri.endswith("/"):
        raise NothingListed(f"no object matches {redact(uri)}")
    return iter([SourceRef(uri=uri, path=posixpath.basename(uri))])


def _list_store(uri: str, store: Store) -> tuple[list[FileInfo], str]:
    """What `uri` matches, and the prefix of its URIs that their relative paths leave out."""
    if has_magic(uri):
        root = fixed_prefix(uri) + "/"
        parts = uri[len(root) :].split("/")
        # Object stores list by prefix: the longer the better.
        found = _visible(store.match(literal_prefix(uri) + "**"), root)
        return [i for i in found if i.uri == uri or matches(i.uri[len(root) :].split("/"), parts)], root
    if not uri.endswith("/"):
        exact = store.match(uri)
        if exact:
            return exact, posixpath.dirname(uri) + "/"
        uri += "/"
    return _visible(store.match(uri + "**"), uri), uri


def _visible(found: list[FileInfo], root: str) -> list[FileInfo]:
    shown = [item for item in found if not any(map(is_hidden, item.uri[len(root) :].split("/")))]
    if any(item.uri.startswith(f"{root}{LOG}/") for item in shown):
        raise ConfigurationError(f"{redact(root)} is a table: it holds no documents")
    wanted = frozenset(without_outputs(item.uri for item in shown))
    return [item for item in shown if item.uri in wanted]


def absolute(options: SourceOptions) -> SourceOptions:
    """`options` with absolute local paths, since workers have another working directory.

    Without '-': the lines of standard input are listed by the process that starts the run (`read_names`).
    """
    inputs = tuple(canonical_uri(text) for text in options.inputs if text != STDIN)
    return msgspec.structs.replace(options, inputs=inputs, manifests=tuple(map(canonical_uri, options.manifests)))


def check_inputs(options: SourceOptions) -> None:
    """Raise ConfigurationError, naming all of them, when local inputs or manifests do not exist on this machine.

    Some may be missing while others are there, unless all are required. Outputs are refused, too.
    """
    for text in (*options.inputs, *options.manifests):
        require_store(text, web=True)
    for text in options.inputs:
        if text != STDIN and is_local(text):
            _refuse_output(local_path(text))
    inputs = [text for text in options.inputs if text != STDIN and is_local(text) and not _exists(local_path(text))]
    manifests = [text for text in options.manifests if is_local(text) and not os.path.isfile(local_path(text))]
    missing = [*inputs, *manifests]
    if missing and (options.require_inputs or len(missing) == len(options.inputs) + len(options.manifests)):
        raise ConfigurationError("no such file or folder: " + ", ".join(missing))


def _exists(path: str) -> bool:
    return os.path.lexists(path) or (has_magic(path) and next(_glob(path), None) is not None)


def root_of(text: str, *, is_manifest: bool) -> Root | None:
    """What a listing of the input `text` is complete for; None for single documents."""
    uri = canonical_uri(text)
    if is_manifest:
        return Root(kind="manifest", uri=uri)
    if is_http(text):
        return None
    if is_local(text) and os.path.isdir(local_path(text)):
        return Root(kind="folder", uri=uri.rstrip("/") + "/")
    if has_magic(text) and not (is_local(text) and os.path.lexists(local_path(text))):
        return Root(kind="pattern", uri=uri)
    return None if is_local(text) else Root(kind="folder", uri=uri.rstrip("/") + "/")


def is_hole(ref: SourceRef) -> bool:
    """Whether a listed reference stands for something local that could not be looked at."""
    return ref.size is None and not ref.manifest and is_local(ref.uri)
