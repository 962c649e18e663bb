"""What lies in a folder and is no document: hidden files, what disks and NAS keep for themselves, what we wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from transforms.runtime.cache_tag import TAG, is_our_cache
from transforms.stores.outputs import LOG, MARKER, OWN, output_around, own_names

_JUNK = ("Thumbs.db", "desktop.ini", "RECYCLER", "__MACOSX", "Network Trash Folder", TAG)
#: Whatever their case: file systems differ in keeping it.
_SYSTEM = frozenset(
    {
        "lost+found",
        "$recycle.bin",
        "system volume information",
        "@eadir",
        "@tmp",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
        "~snapshot",
    }
)
#: What a check of a FAT disk leaves.
_FOUND = re.compile(r"FOUND\.\d{3}")


def is_hidden(name: str) -> bool:
    """Whether people do not mean the file or folder `name` when they name the folder above it."""
    return name.startswith((".", "~$")) or is_system(name)


def is_system(name: str) -> bool:
    """Whether a disk, a NAS or a system keeps something for itself under this name."""
    return name in _JUNK or name.lower() in _SYSTEM or _FOUND.fullmatch(name) is not None


def own_entries(folder: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the names in a local folder that are ours: tables of an output, and all that is in a cache."""
    found = frozenset(names)
    if TAG in found and is_our_cache(folder):
        return found
    return found & own_names(folder) if not OWN.isdisjoint(found) else frozenset()


def leads_to_output(path: str) -> bool:
    """Whether a link leads into the tables of an output."""
    return bool(output_around(os.path.realpath(path)))


def without_outputs(uris: Iterable[str]) -> list[str]:
    """The URIs of objects that are no part of an output, which its marker or its logs tell."""
    found = list(uris)
    roots = {uri.removesuffix(MARKER) for uri in found if uri.endswith("/" + MARKER)}
    roots |= {_before(uri, f"documents/{LOG}/") for uri in found} & {_before(uri, f"runs/{LOG}/") for uri in found}
    roots.discard("")
    return [uri for uri in found if not any(_is_own(uri, root) for root in roots)] if roots else found


def _before(uri: str, folder: str) -> str:
    base, found, _ = uri.rpartition("/" + folder)
    return base + "/" if found else ""


def _is_own(uri: str, root: str) -> bool:
    return uri.startswith(root) and uri[len(root) :].partition("/")[0] in OWN
