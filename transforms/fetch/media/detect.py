"""Decides what a file is: by its bytes, then by what its server declares, then by its extension."""

from __future__ import annotations

import mmap
import os

import msgspec

from transforms.fetch.media.archives import sniff_zip_file, sniff_zip_head
from transforms.fetch.media.media_types import (
    BINARY,
    EMPTY,
    HTML,
    OLE,
    TEXT,
    ZIP,
    agree,
    holds,
    is_textual,
    split_media_type,
    type_of_name,
)
from transforms.fetch.media.sniff import HEAD_BYTES, decode, is_encrypted_ooxml, looks_like_markup, sniff, sniff_ole


class TypeGuess(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is, what was claimed of it, and whether its bytes contradict a claim."""

    media_type: str
    #: The server's Content-Type (with its charset, if any), else the type of the extension, else ''.
    declared_type: str = ""
    mismatch: bool = False


def detect_file(path: str, declared: str = "", name: str = "") -> TypeGuess:
    """Type of the file at `path`, with the server's Content-Type and the document's name where they are known."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    magic = sniff(head)
    if magic == ZIP:
        found = sniff_zip_head(head)
        magic = found if found != ZIP else sniff_zip_file(path)
        # Macro-enabled files and templates have the members of plain ones: the directory knows better.
        if found != ZIP and found.startswith("application/vnd.openxmlformats"):
            listed = sniff_zip_file(path)
            magic = listed if listed != ZIP else found
    elif magic == OLE:
        with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            magic = _ole_type(data, declared, name or os.path.basename(path))
    return _decide(head, magic, declared, name or os.path.basename(path))


def detect_type(head: bytes, declared: str = "", name: str = "") -> TypeGuess:
    """Type of a file of which only the first bytes are at hand (64 KiB are enough for most)."""
    magic = sniff(head)
    if magic == ZIP:
        magic = sniff_zip_head(head)
    elif magic == OLE:
        magic = _ole_type(head, declared, name)
    return _decide(head, magic, declared, name)


def _ole_type(data: bytes | mmap.mmap, declared: str, name: str) -> str:
    if not is_encrypted_ooxml(data):
        return sniff_ole(data)
    # Only the claims tell what the encrypted package holds; its extractor then reports the missing password.
    claims = (split_media_type(declared)[0], type_of_name(name))
    return next((claim for claim in claims if "openxmlformats" in claim), OLE)


def _decide(head: bytes, magic: str, declared: str, name: str) -> TypeGuess:
    claim, charset = split_media_type(declared)
    by_name = type_of_name(name)
    shown = claim + (f"; charset={charset}" if charset and claim else "") or by_name
    if not head:
        return TypeGuess(media_type=EMPTY, declared_type=shown)
    if magic:
        magic = next((kind for kind in (claim, by_name) if holds(magic, kind)), magic)
        mismatch = not (agree(magic, claim) and agree(magic, by_name))
        return TypeGuess(media_type=magic, declared_type=shown, mismatch=mismatch)
    text = decode(head)
    if text is None:
        return _decide_binary(claim, by_name, shown)
    kind = _text_type(text, claim, by_name)
    # A text where the name tells of a PDF or the like: a message of the server, more often than not.
    mismatch = bool(by_name) and not is_textual(by_name) and kind != by_name
    return TypeGuess(media_type=kind, declared_type=shown, mismatch=mismatch)


def _decide_binary(claim: str, by_name: str, shown: str) -> TypeGuess:
    """Bytes without a magic number: the claims decide, unless all of them say text."""
    claims = [kind for kind in (claim, by_name) if kind]
    media_type = next((kind for kind in claims if not is_textual(kind)), BINARY)
    return TypeGuess(media_type=media_type, declared_type=shown, mismatch=bool(claims) and media_type == BINARY)


def _text_type(text: str, claim: str, by_name: str) -> str:
    """Type of a text. Servers call most of them text/plain, and spreadsheets' CSV exports what they like."""
    if is_textual(claim) and not (claim == TEXT and is_textual(by_name)):
        return claim
    if is_textual(by_name):
        return by_name
    # A claim of a binary type stands: its extractor then reports a damaged file, which is what it is.
    return claim or by_name or (HTML if looks_like_markup(text) else TEXT)
