"""Recognises files by their first bytes."""

from __future__ import annotations

import codecs
import mmap
import re

import filetype

from transforms.fetch.media.media_types import DOC, EML, HTML, MSG, OLE, PDF, PPT, RTF, XLS, XML, ZIP

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: How many first bytes the recognisers below want.
HEAD_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_PDF = re.compile(rb"%PDF-\d")
_PDF_OBJECT = re.compile(rb"\d+ \d+ obj\b")
_LEADING = re.compile(r"(?:\s|<!--.*?-->)*", re.DOTALL)
_XML_PROLOGUE = re.compile(r"<\?xml[^>]*\?>")
_HTML = re.compile(r"<!doctype\s+html|<(?:html|head|body)[\s>]", re.IGNORECASE)
_XML_WRAPPED_HTML = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_HTML_FRAGMENT = re.compile(r"</(?:p|div|table|title|style|script|h1|ul|ol|a|td)\s*>", re.IGNORECASE)
_SVG = re.compile(r"(?:<!doctype\s+svg[^>]*>\s*)?<svg[\s>]", re.IGNORECASE)
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(?:[^\n]*)(?:\n[ \t][^\n]*)*(?:\n|$)")
#: Headers that mail software writes and people who type a memo do not.
_MAIL_TRACES = {"received", "return-path", "mime-version", "message-id", "delivered-to", "dkim-signature"}
_MAIL_HEADERS = {"from", "date", "subject", "to"}
_OLE_CLASSES = {
    bytes.fromhex("0609020000000000c000000000000046"): DOC,
    bytes.fromhex("0009020000000000c000000000000046"): DOC,
    bytes.fromhex("1008020000000000c000000000000046"): XLS,
    bytes.fromhex("2008020000000000c000000000000046"): XLS,
    bytes.fromhex("108d81649b4fcf1186ea00aa00b929e8"): PPT,
    bytes.fromhex("0b0d020000000000c000000000000046"): MSG,
}
_OLE_STREAMS = (
    ("PowerPoint Document", PPT),
    ("WordDocument", DOC),
    ("__properties_version1.0", MSG),
    ("Workbook", XLS),
    ("Book", XLS),
)


def sniff(head: bytes) -> str:
    """Media type that the first bytes prove; '' when they prove nothing. ZIP and OLE2 files are not looked into."""
    if _is_pdf(head):
        return PDF
    if head.startswith(b"{\\rtf"):
        return RTF
    if head.startswith(OLE_MAGIC):
        return OLE
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP
    text = decode(head)
    return sniff_binary(head) if text is None else sniff_text(text)


def _is_pdf(head: bytes) -> bool:
    found = _PDF.search(head[:1024])
    if found is None:
        return False
    # Text about PDF files, and mails and pages that quote one, hold the mark as well.
    return not head[: found.start()].strip(b"\xef\xbb\xbf \t\r\n\0") or (
        _PDF_OBJECT.search(head, found.end()) is not None and not sniff_text(decode(head[: found.start()]) or "")
    )


def sniff_binary(head: bytes) -> str:
    """Media type of bytes that are no text, by the tables of the `filetype` library."""
    guess = filetype.guess(head)
    return str(guess.mime) if guess is not None else ""


def sniff_text(text: str) -> str:
    """Media type that the beginning of a text proves; '' for plain text."""
    text = text.lstrip("\ufeff")
    body = text[_end(_LEADING, text) :]
    prologue = _XML_PROLOGUE.match(body)
    if prologue:
        body = body[prologue.end() :]
        body = body[_end(_LEADING, body) :]
        if _SVG.match(body):
            return "image/svg+xml"
        return HTML if _XML_WRAPPED_HTML.match(body) else XML
    if _HTML.match(body):
        return HTML
    return EML if _is_mail(text) else ""


def looks_like_markup(text: str) -> bool:
    """Whether a text without a name is rather an HTML fragment than prose."""
    return text.lstrip("\ufeff \t\r\n").startswith("<") and _HTML_FRAGMENT.search(text) is not None


def _end(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _is_mail(text: str) -> bool:
    names, position = set(), 0
    text = text.replace("\r\n", "\n")
    while found := _HEADER.match(text, position):
        names.add(found[1].lower())
        position = found.end()
    return bool(names & _MAIL_TRACES) and len(names & _MAIL_HEADERS) >= 2


def decode(head: bytes) -> str | None:
    """The first bytes as text, None when they are binary. Not exact: bytes of unknown 8-bit sets become '\\ufffd'."""
    for mark, charset in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(charset, "replace")
    if head.count(0) * 4 > len(head):
        return _decode_utf16(head)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    # A stray one or two make no binary file.
    if controls * 20 > len(head) + 40:
        return None
    return head.decode("utf-8", "replace")


def _decode_utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of most scripts' texts is the same."""
    for charset, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) * 10 > len(zeros) * 7 and zeros.count(0) > head.count(0) * 0.9:
            return head.decode(charset, "replace")
    return None


def sniff_ole(data: bytes | mmap.mmap) -> str:
    """Media type of an OLE2 file (all of it, or its first bytes) by its root's class, then by its streams' names."""
    root = data.find(_ole_name("Root Entry"))
    kind = _OLE_CLASSES.get(data[root + 80 : root + 96], "") if root >= 0 else ""
    if kind:
        return kind
    return next((kind for name, kind in _OLE_STREAMS if data.find(_ole_name(name)) >= 0), OLE)


def is_encrypted_ooxml(data: bytes | mmap.mmap) -> bool:
    """Whether an OLE2 file wraps an encrypted docx, xlsx or pptx."""
    return data.find(_ole_name("EncryptedPackage")) >= 0


def _ole_name(name: str) -> bytes:
    return (name + "\0").encode("utf-16-le")
