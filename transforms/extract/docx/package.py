"""Opens DOCX files that nobody vouches for with python-docx.

python-docx loads every part of a package at once and gives up on the first odd one. It therefore gets a copy, made
in memory, of the parts that are read, each checked before it is decompressed: without pictures and macros, without
relationships to parts that are missing, and with the namespaces and content types it knows.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.oxml import CT_Relationships, CT_Types
from docx.opc.part import Part, XmlPart
from lxml import etree

from schemas.failures import Corrupt
from transforms.extract.docx.archive import Archive

#: An XML element; lxml ships no types.
Node = Any

#: Word's own name of the main part, for packages whose relationships are damaged.
USUAL_MAIN_PART = "word/document.xml"
MAIN = "officeDocument"
#: Relationship type and content type of what is read, by the last segment of the relationship type, which ISO 29500
#: Strict shares with the usual format. Templates and macro files differ in the content type only.
_KINDS = {
    kind.rpartition("/")[2]: (kind, content_type)
    for kind, content_type in (
        (RELATIONSHIP_TYPE.OFFICE_DOCUMENT, CONTENT_TYPE.WML_DOCUMENT_MAIN),
        (RELATIONSHIP_TYPE.CORE_PROPERTIES, CONTENT_TYPE.OPC_CORE_PROPERTIES),
        (RELATIONSHIP_TYPE.EXTENDED_PROPERTIES, CONTENT_TYPE.OFC_EXTENDED_PROPERTIES),
        (RELATIONSHIP_TYPE.STYLES, CONTENT_TYPE.WML_STYLES),
        (RELATIONSHIP_TYPE.NUMBERING, CONTENT_TYPE.WML_NUMBERING),
        (RELATIONSHIP_TYPE.SETTINGS, CONTENT_TYPE.WML_SETTINGS),
        (RELATIONSHIP_TYPE.FOOTNOTES, CONTENT_TYPE.WML_FOOTNOTES),
        (RELATIONSHIP_TYPE.ENDNOTES, CONTENT_TYPE.WML_ENDNOTES),
        (RELATIONSHIP_TYPE.COMMENTS, CONTENT_TYPE.WML_COMMENTS),
        (RELATIONSHIP_TYPE.HEADER, CONTENT_TYPE.WML_HEADER),
        (RELATIONSHIP_TYPE.FOOTER, CONTENT_TYPE.WML_FOOTER),
    )
}
_PACKAGE_KINDS = frozenset({MAIN, "core-properties", "extended-properties"})
_DOCUMENT_KINDS = frozenset(_KINDS) - _PACKAGE_KINDS
#: Kinds of which a part may relate to several.
_REPEATED = frozenset({"header", "footer"})

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
#: (start, end) tags of elements that never nest and say nothing about text: table styles and the list of Word's own
#: styles are most of the styles part, and not parsing them saves time.
UNUSED_STYLES = (
    (b'<w:style w:type="table"', b"</w:style>"),
    (b"<w:latentStyles", b"</w:latentStyles>"),
)


def open_document(path: Path) -> tuple[Document, bool]:
    """The document with all parts that are read, and whether side parts had to be repaired or left out."""
    try:
        return docx.Document(_checked_copy(path)), False
    except etree.XMLSyntaxError:
        # python-docx does not say which part it was.
        repaired = _checked_copy(path, repair=True)
    try:
        return docx.Document(repaired), True
    except etree.XMLSyntaxError as error:
        raise Corrupt(f"the main part of the document is not well-formed XML: {error.msg}") from error


def related_part(source: Any, kind: str) -> Part | None:
    """The part that the first relationship of a type names; `source` is a part or the package."""
    return next((item.target_part for item in source.rels.values() if item.reltype == kind), None)


def root_element(part: Part | None) -> Node | None:
    """Root of a part without comments and processing instructions; None where there is nothing to salvage."""
    if part is None:
        return None
    root = part.element if isinstance(part, XmlPart) else _salvaged(part.blob)
    if root is None:
        return None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Corrupt("a part of the document declares a document type or entities, which Office forbids")
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    return root


def cut_elements(data: bytes, start: bytes, end: bytes) -> bytes:
    """`data` without the stretches from `start` to the next `end`, both included; an unclosed one stays."""
    kept, at = [], 0
    while (begin := data.find(start, at)) >= 0 and (close := data.find(end, begin)) >= 0:
        kept.append(data[at:begin])
        at = close + len(end)
    return b"".join((*kept, data[at:]))


def _checked_copy(path: Path, *, repair: bool = False) -> io.BytesIO:
    with Archive(path) as archive:
        return _Copy(archive, repair).package()


class _Copy:
    """A package under construction. Its parts have names of their own: the original ones may be anything."""

    def __init__(self, archive: Archive, repair: bool) -> None:
        self._archive = archive
        self._repair = repair
        # A part that two relationships name as different things is copied as each of them.
        self._names: dict[tuple[str, str], str | None] = {}
        self._types = CT_Types.new()
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w")

    def package(self) -> io.BytesIO:
        """The finished package."""
        with self._zip:
            self._copy_relationships("", "/_rels/.rels", _PACKAGE_KINDS)
            self._types.add_default("rels", CONTENT_TYPE.OPC_RELATIONSHIPS)
            self._zip.writestr("[Content_Types].xml", etree.tostring(self._types))
        return self._buffer

    def _copy_relationships(self, source: str, name: str, kinds: frozenset[str]) -> None:
        """Relationships of the part `source` that lead outside, and those of `kinds` with the parts they name."""
        kept = CT_Relationships.new()
        found: set[str] = set()
        for rel_id, kind, target, external in self._relationships(source, kinds):
            if external:
                kept.add_rel(rel_id, kind, target, True)
                continue
            wanted = kind in kinds and (kind in _REPEATED or kind not in found)
            if wanted and (copied := self._copy_part(target, kind)):
                found.add(kind)
                kept.add_rel(rel_id, _KINDS[kind][0], copied, False)
        self._zip.writestr(name.lstrip("/"), etree.tostring(kept))

    def _relationships(self, source: str, kinds: frozenset[str]) -> Iterator[tuple[str, str, str, bool]]:
        """(id, last segment of the type, target, whether it is outside) of a part; '' stands for the package."""
        folder, name = posixpath.split(source)
        data = self._archive.read(posixpath.join(folder, "_rels", f"{name}.rels"))
        root = _salvaged(data) if data is not None else None
        entries = {node.get("Id", ""): node for node in root.iter(RELATIONSHIP)} if root is not None else {}
        has_main = False
        for rel_id, node in entries.items():
            kind = posixpath.basename(node.get("Type", ""))
            target, external = node.get("Target", ""), node.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                has_main = has_main or (kind == MAIN and target != "")
            if target:
                yield rel_id, kind, target, external
        if MAIN in kinds and not has_main:
            yield "main", MAIN, USUAL_MAIN_PART, False

    def _copy_part(self, source: str, kind: str) -> str | None:
        """Name of the copy of a part, None when there is no such part or nothing of it can be salvaged."""
        key = source, kind
        if key not in self._names:
            self._names[key] = None
            data = self._prepared(source, kind)
            if data is not None:
                number = len(self._names)
                name = self._names[key] = f"/part{number}.xml"
                self._types.add_override(name, _KINDS[kind][1])
                self._zip.writestr(name.lstrip("/"), data)
                inside = _DOCUMENT_KINDS if kind == MAIN else frozenset[str]()
                self._copy_relationships(source, f"/_rels/part{number}.xml.rels", inside)
        return self._names[key]

    def _prepared(self, source: str, kind: str) -> bytes | None:
        data = self._archive.read(source)
        if data is None:
            if kind == MAIN:
                raise Corrupt(f"the package has no main document part ({source})")
            return None
        if STRICT in data:
            for strict, usual in _STRICT_NAMESPACES.items():
                data = data.replace(strict, usual)
        if kind == "styles":
            for start, end in UNUSED_STYLES:
                data = cut_elements(data, start, end)
        return _repaired(data) if self._repair and kind != MAIN else data


def _repaired(data: bytes) -> bytes | None:
    """What can be salvaged of a part, if that is well-formed."""
    root = _salvaged(data)
    if root is None:
        return None
    data = etree.tostring(root)
    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return None
    return data


def _salvaged(data: bytes) -> Node | None:
    """Root of what can be parsed; entities are never expanded and nothing outside the data is read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
