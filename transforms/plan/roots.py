"""What is gone: known documents that complete listings should have found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from schemas.document import DocumentStatus
from schemas.failures import InputMissing, NothingListed
from schemas.options import SourceOptions
from schemas.plan import Known, Root
from transforms.stores.patterns import fixed_prefix, has_magic, matches, path_filter
from transforms.stores.uris import redact, safe_path

_SINGLE = ("single", "missing")


def gone_finder(roots: Iterable[Root], options: SourceOptions) -> Callable[[Known], bool]:
    """Tells whether a known document that was not listed is gone.

    It is when a root that was listed completely would hold it and --include and --exclude let it pass. A root that
    listed nothing at all proves nothing: an empty folder is more often a disk that is not mounted.
    """
    complete = [root for root in roots if root.listed and root.kind not in _SINGLE]
    passes = path_filter(options)

    def is_gone(known: Known) -> bool:
        if known.status == DocumentStatus.DELETED:
            return False
        return any(covers(root, known, passes) for root in complete)

    return is_gone


def uncovered_finder(roots: Iterable[Root], options: SourceOptions) -> Callable[[Known], bool]:
    """Tells whether no input would list a known document, were it there: it was excluded, or its input is not named."""
    known_roots = list(roots)
    passes = path_filter(options)

    def is_uncovered(known: Known) -> bool:
        if known.status == DocumentStatus.DELETED or not known_roots:
            return False
        return not any(is_named(root, known, passes) for root in known_roots)

    return is_uncovered


def is_named(root: Root, known: Known, passes: Callable[[str], bool]) -> bool:
    """Whether a listing of `root` would name the document, whatever came of this one."""
    if root.kind in ("folder", "pattern", "manifest"):
        return covers(msgspec.structs.replace(root, holes=()), known, passes)
    # A single document, or a folder, manifest or prefix that could not be looked at.
    uri = root.uri.rstrip("/")
    shown = redact(known.uri)
    if shown == redact(uri) or known.manifest == uri:
        return True
    return (shown.startswith(uri + "/") and passes(safe_path(shown[len(uri) :]))) or matches_root(uri, shown)


def matches_root(pattern: str, uri: str) -> bool:
    """Whether a URI matches a pattern that could not be listed."""
    return has_magic(pattern) and matches(uri.split("/"), pattern.split("/"))


def covers(root: Root, known: Known, passes: Callable[[str], bool]) -> bool:
    """Whether a complete listing of `root` finds the document if it is still there."""
    if any(known.uri == hole or known.uri.startswith(hole.rstrip("/") + "/") for hole in root.holes):
        return False
    if known.uri == root.uri.rstrip("/") and known.unread:
        # What stood for the input while it could not be listed.
        return True
    if root.kind == "manifest":
        return known.manifest == root.uri
    if root.kind == "folder":
        return known.uri.startswith(root.uri) and passes(safe_path(known.uri[len(root.uri) :]))
    base = fixed_prefix(root.uri) + "/"
    if not known.uri.startswith(base):
        return False
    below = known.uri[len(base) :].split("/")
    return matches(below, root.uri[len(base) :].split("/")) and passes(safe_path("/".join(below)))


def unproven(roots: Sequence[Root]) -> list[str]:
    """Roots below which nothing is taken for gone, because they listed nothing."""
    return [root.uri for root in roots if not root.listed and root.kind not in _SINGLE]


def require_some(roots: Sequence[Root], listed: int) -> None:
    """Raise InputMissing when no input could be listed, and nothing is named beside them."""
    missing = [root for root in roots if root.kind == "missing"]
    if missing and len(missing) == len(roots) and listed <= sum(root.listed for root in missing):
        kind = NothingListed if all(root.empty for root in missing) else InputMissing
        raise kind("\n".join(dict.fromkeys(root.problem for root in missing)))
