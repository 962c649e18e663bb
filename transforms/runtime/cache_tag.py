"""What tells a cache from a folder of documents: the file that backup programs look for, too (bford.info/cachedir)."""

from __future__ import annotations

import os

TAG = "CACHEDIR.TAG"
_TEXT = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# A cache of docbeam: it may be deleted whenever no run uses it.\n"
)


def tag_cache(folder: str) -> None:
    """Mark a folder that holds nothing but a cache of ours."""
    path = os.path.join(folder, TAG)
    if not os.path.exists(path):
        with open(path, "wb") as stream:
            stream.write(_TEXT)


def is_our_cache(folder: str) -> bool:
    """Whether a folder is marked so."""
    try:
        with open(os.path.join(folder, TAG), "rb") as stream:
            return stream.read(len(_TEXT)) == _TEXT
    except OSError:
        return False
