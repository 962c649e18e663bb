"""Which character set text bytes are in. A declared set is a hint that decoding must confirm, never a command."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from charset_normalizer import from_bytes

from schemas.failures import Corrupt

#: Longest marks first: the UTF-32 one starts with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: What browsers read under these labels.
_ALIASES = {"ascii": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
_META = re.compile(rb"""<(?:meta\b[^>]*?\bcharset\s*=|\?xml\b[^>]*?\bencoding\s*=)\s*["']?\s*([\w:.+-]{2,40})""", re.I)
_META_WINDOW = 8192
_CONTROLS = bytes(sorted({*range(9), 11, *range(14, 27), *range(28, 32), 127}))
_JUNK_SHARE = 0.06
_SAMPLE = 1 << 16


class Decoded(NamedTuple):
    """Text without byte-order mark and NULs, and the character set it was in."""

    text: str
    charset: str


def decode(data: bytes, declared: str = "") -> Decoded:
    """Decode text bytes: byte-order mark, the sets that are declared, UTF-8, then the likeliest by statistics.

    Declarations come from the caller (`declared`, an HTTP header) and from the text itself (meta charset, XML
    declaration). Raises Corrupt for bytes that are no text at all; a wrong declaration never fails.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return Decoded(_clean(data[len(mark) :].decode(charset, "replace")), charset)
    if charset := _utf16_without_mark(data):
        return Decoded(_clean(data.decode(charset, "replace")), charset)
    _require_text(data)
    for charset in _candidates(data, declared):
        try:
            return Decoded(_clean(data.decode(charset)), charset)
        except UnicodeDecodeError:
            continue
    charset = _likeliest(data)
    return Decoded(_clean(data.decode(charset, "replace")), charset)


def _candidates(data: bytes, declared: str) -> list[str]:
    names = [_known(declared), _known(_declared_inside(data))]
    found = [name for name in names if name]
    # Bytes above 127 that form valid UTF-8 do so on purpose: that beats a single-byte label, which fits any bytes.
    first = [] if data.isascii() else ["utf-8"]
    return [*first, *found, "utf-8"]


def _known(label: str) -> str:
    try:
        name = codecs.lookup(label.strip()).name
        # Labels like 'zip' name codecs of bytes, not of text: decoding says so.
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return ""
    return _ALIASES.get(name, name)


def _declared_inside(data: bytes) -> str:
    match = _META.search(data[:_META_WINDOW])
    label = match.group(1).decode("ascii") if match else ""
    # A declaration that we could read byte by byte is not in UTF-16, whatever it says.
    return "" if label.lower().startswith(("utf-16", "utf-32", "ucs-2")) else label


def _utf16_without_mark(data: bytes) -> str:
    sample = data[: _SAMPLE // 4 * 4]
    if len(sample) < 4:
        return ""
    even, odd = sample[0::2].count(0) * 2 / len(sample), sample[1::2].count(0) * 2 / len(sample)
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def _require_text(data: bytes) -> None:
    sample = data[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _JUNK_SHARE * len(sample):
        raise Corrupt(
            f"binary data where text was expected: {controls} control characters in the first {len(sample)} bytes",
            hint="check what the file really is; give it the extension of its type",
        )


def _likeliest(data: bytes) -> str:
    """The set that reads most like a language, judged around the first bytes that are not ASCII."""
    start = next((i for i in range(len(data)) if data[i] > 127), 0) if len(data) > _SAMPLE else 0
    sample = data[max(0, start - 1024) : start + _SAMPLE]
    if _mostly_utf8(sample):
        return "utf-8"
    best = from_bytes(sample, chunk_size=2048).best()
    # Statistics need a few words; short or undecided texts are Western far more often than anything else.
    if best is None or _western(sample):
        return "cp1252"
    return _ALIASES.get(codecs.lookup(best.encoding).name, best.encoding)


def _mostly_utf8(sample: bytes) -> bool:
    """A damaged UTF-8 text: many valid sequences, few broken ones."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(c > "\x7f" for c in text) > 10 * broken


def _western(sample: bytes) -> bool:
    """Accented letters inside ASCII words: Western European. Other alphabets write whole words above 127."""
    high = sum(byte > 127 for byte in sample)
    lone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", sample))
    fits = not re.search(rb"[\x81\x8d\x8f\x90\x9d]", sample)
    return fits and lone >= 0.7 * high and high < 0.2 * len(sample)


def _clean(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\x00", "")
