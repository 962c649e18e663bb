"""Reading of Office Open XML packages (zip files of XML parts) that does not trust them.

Nothing is ever written to disk, so hostile member names are harmless; sizes are checked before a member is
decompressed; XML entities are never expanded and nothing outside the file is read.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from lxml import etree

from schemas.failures import Corrupt, Encrypted, TooLarge, Unsupported

#: An XML element; lxml ships no types.
Node = Any

#: Bytes of XML that one part, and all parts read together, may hold once decompressed.
MAX_PART_BYTES = 64 << 20
MAX_TOTAL_BYTES = 160 << 20
#: Office XML compresses 5 to 40 times; far beyond that, and large, is a bomb.
MAX_RATIO = 250
RATIO_FREE_BYTES = 4 << 20
#: The directory of a package with more members takes longer to read than any real document.
MAX_MEMBERS = 50_000

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: The stream that holds the real package of a password-protected file.
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

#: ISO 29500 Strict uses other namespaces for the same elements.
STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAMESPACES = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": (
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": (
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    b"http://purl.oclc.org/ooxml/officeDocument/math": b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Relationship(NamedTuple):
    """A reference from one part to another part, or to a URI outside the package."""

    kind: str
    target: str
    external: bool


class Package:
    """An open package; a context manager. Part names have no leading slash and are not case-sensitive."""

    def __init__(self, path: Path) -> None:
        self._file = _open_zip(path)
        self._members = {_part_name(name): info for name, info in self._file.NameToInfo.items()}
        self._budget = MAX_TOTAL_BYTES

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, name: str) -> bytes | None:
        """Bytes of a part, None when the package has no such part."""
        info = self._members.get(_part_name(name))
        if info is None:
            return None
        self._check(info)
        try:
            with self._file.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise Corrupt(f"part {name!r} of the document cannot be decompressed: {error}") from error
        except NotImplementedError as error:
            raise Corrupt(f"part {name!r} uses a compression that Office does not: {error}") from error
        self._budget -= len(data)
        return data

    def _check(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & 1:
            raise Encrypted(f"part {info.filename!r} is encrypted with a zip password")
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > MAX_PART_BYTES or info.file_size > self._budget:
            raise TooLarge(f"part {info.filename!r} holds {info.file_size:,} bytes of XML, more than may be read")
        if info.file_size > RATIO_FREE_BYTES and ratio > MAX_RATIO:
            raise TooLarge(f"part {info.filename!r} expands {ratio:.0f}-fold, which only zip bombs do")

    def xml(self, name: str, *, lenient: bool = False, skip: Sequence[tuple[bytes, bytes]] = ()) -> Node | None:
        """Root element of a part, None without the part. `lenient` salvages what it can from damaged XML.

        `skip`: (start, end) tags of elements that never nest and are of no use; not parsing them saves time.
        """
        data = self.read(name)
        if data is None:
            return None
        for start, end in skip:
            data = cut_elements(data, start, end)
        if STRICT in data:
            for strict, usual in _STRICT_NAMESPACES.items():
                data = data.replace(strict, usual)
        try:
            root = etree.fromstring(data, _parser(lenient))
        except etree.XMLSyntaxError as error:
            if lenient:
                return None
            raise Corrupt(f"part {name!r} of the document is not well-formed XML: {error.msg}") from error
        if root is not None and root.getroottree().docinfo.internalDTD is not None:
            raise Corrupt(f"part {name!r} declares a document type or entities, which Office forbids")
        return root

    def relationships(self, part: str) -> dict[str, Relationship]:
        """Relationships of a part by id; '' stands for the package itself."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"), lenient=True)
        found = root.iter(RELATIONSHIP) if root is not None else ()
        return {node.get("Id", ""): _relationship(node, folder) for node in found}


def cut_elements(data: bytes, start: bytes, end: bytes) -> bytes:
    """`data` without the stretches from `start` to the next `end`, both included; an unclosed one stays."""
    kept, at = [], 0
    while (begin := data.find(start, at)) >= 0 and (close := data.find(end, begin)) >= 0:
        kept.append(data[at:begin])
        at = close + len(end)
    return b"".join((*kept, data[at:]))


def _relationship(node: Node, folder: str) -> Relationship:
    target, external = node.get("Target", ""), node.get("TargetMode") == "External"
    if not external:
        target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return Relationship(posixpath.basename(node.get("Type", "")), target, external)


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _parser(lenient: bool) -> Node:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, recover=lenient
    )


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        _refuse_other_formats(path)
        raise Corrupt(f"the file is not a complete zip package: {error}") from error
    if len(opened.NameToInfo) > MAX_MEMBERS:
        opened.close()
        raise TooLarge(f"the package has {len(opened.NameToInfo):,} members, more than any real document")
    return opened


def _refuse_other_formats(path: Path) -> None:
    """Says what a file that is no zip is, where that helps; returns for anything unknown."""
    with path.open("rb") as file:
        data = file.read(MAX_PART_BYTES)
    if not data:
        raise Corrupt("the file is empty")
    if not data.startswith(OLE_MAGIC):
        return
    if ENCRYPTED_STREAM in data:
        raise Encrypted("the document is protected with a password")
    raise Unsupported(
        "the file is in the binary format of Word 97-2003, not DOCX",
        hint="save it as .docx, or exclude it with --exclude",
    )
