"""Tells documents that are ZIP files apart."""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib

from transforms.fetch.media.media_types import DOCX, PPTX, XLSX, ZIP

_MAIN_PART = re.compile(rb'ContentType="(application/vnd\.[^"]+?)\.main\+xml"', re.IGNORECASE)
_MEMBERS = (("word/document", DOCX), ("xl/workbook", XLSX), ("ppt/presentation", PPTX))
_MEDIA_TYPE = re.compile(rb"\s*[\w.+-]+/[\w.+-]+\s*")
_MIMETYPE_BYTES = 256
_LOCAL_HEADER = b"PK\x03\x04"
_MIMETYPE_OFFSET = 30
#: Longest end-of-archive record: its fixed part and a comment.
_TAIL_BYTES = 22 + 65535
_MEMBER_BYTES = 1 << 20
#: Archives with a larger directory are no documents, and reading it would take a worker's memory.
_DIRECTORY_BYTES = 4 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
)


def sniff_zip_head(head: bytes) -> str:
    """Media type of a ZIP file by the members whose headers lie within its first bytes."""
    declared = _mimetype_member(head)
    if declared:
        return declared
    names = _names(head)
    return next((kind for start, kind in _MEMBERS if any(name.startswith(start) for name in names)), ZIP)


def _mimetype_member(head: bytes) -> str:
    """Type that the stored first member `mimetype` of EPUB and OpenDocument files names."""
    if head[_MIMETYPE_OFFSET : _MIMETYPE_OFFSET + 8] != b"mimetype" or len(head) < _MIMETYPE_OFFSET + 8:
        return ""
    method, size, extra = struct.unpack_from("<8xH8xI6xH", head)
    start = _MIMETYPE_OFFSET + 8 + extra
    return _media_type(head[start : start + min(size, _MIMETYPE_BYTES)]) if method == zipfile.ZIP_STORED else ""


def _names(head: bytes) -> list[str]:
    names, position = [], head.find(_LOCAL_HEADER)
    while 0 <= position <= len(head) - _MIMETYPE_OFFSET:
        (length,) = struct.unpack_from("<H", head, position + 26)
        start = position + _MIMETYPE_OFFSET
        names.append(head[start : start + length].decode("utf-8", "replace"))
        position = head.find(_LOCAL_HEADER, start)
    return names


def sniff_zip_file(path: str) -> str:
    """Media type of the ZIP file at `path` by its directory; ZIP when it has none that can be read."""
    if not 0 < _directory_size(path) <= _DIRECTORY_BYTES:
        return ZIP
    try:
        with zipfile.ZipFile(path) as archive:
            return _by_content_types(archive) or _by_mimetype(archive) or _by_members(archive.namelist())
    except _DAMAGE:
        return ZIP


def _by_content_types(archive: zipfile.ZipFile) -> str:
    if "[Content_Types].xml" not in archive.namelist():
        return ""
    with archive.open("[Content_Types].xml") as stream:
        found = _MAIN_PART.search(stream.read(_MEMBER_BYTES))
    return found[1].decode("ascii", "replace").lower() if found else ""


def _by_mimetype(archive: zipfile.ZipFile) -> str:
    if "mimetype" not in archive.namelist():
        return ""
    with archive.open("mimetype") as stream:
        return _media_type(stream.read(_MIMETYPE_BYTES))


def _media_type(text: bytes) -> str:
    return text.decode("ascii", "replace").strip().lower() if _MEDIA_TYPE.fullmatch(text) else ""


def _by_members(names: list[str]) -> str:
    return next((kind for start, kind in _MEMBERS if any(name.startswith(start) for name in names)), ZIP)


def _directory_size(path: str) -> int:
    """Bytes of the archive's directory; 0 when it has none."""
    with open(path, "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
        tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    return int(struct.unpack_from("<I", tail, end + 12)[0]) if 0 <= end <= len(tail) - 22 else 0
