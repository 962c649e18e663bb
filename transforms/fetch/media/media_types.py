"""Names of media types: what extensions and Content-Type headers claim, and which claims agree."""

from __future__ import annotations

import mimetypes
import posixpath
from email.message import Message
from functools import cache

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
DOC, XLS, PPT = "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"
RTF = "application/rtf"
HTML, TEXT, MARKDOWN, CSV = "text/html", "text/plain", "text/markdown", "text/csv"
EML = "message/rfc822"
XML = "application/xml"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
EMPTY = "application/x-empty"
BINARY = "application/octet-stream"

_EXTENSIONS = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".log": TEXT,
    ".rst": "text/x-rst",
    ".csv": CSV,
    ".tsv": "text/tab-separated-values",
    ".htm": HTML,
    ".html": HTML,
    ".xhtml": HTML,
    ".xht": HTML,
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".xml": XML,
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".eml": EML,
    ".mht": EML,
    ".mhtml": EML,
    ".msg": MSG,
    ".rtf": RTF,
    ".doc": DOC,
    ".xls": XLS,
    ".ppt": PPT,
    ".docx": DOCX,
    ".xlsx": XLSX,
    ".pptx": PPTX,
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".epub": "application/epub+zip",
    ".pdf": PDF,
    ".zip": ZIP,
}
_ALIASES = {
    "application/x-pdf": PDF,
    "application/csv": CSV,
    "application/x-csv": CSV,
    "text/x-csv": CSV,
    "text/comma-separated-values": CSV,
    "text/x-markdown": MARKDOWN,
    "application/xhtml+xml": HTML,
    "text/xml": XML,
    "text/json": "application/json",
    "application/x-ndjson": "application/jsonl",
    "application/x-yaml": "application/yaml",
    "text/yaml": "application/yaml",
    "text/rtf": RTF,
    "application/x-rtf": RTF,
    "application/x-zip-compressed": ZIP,
    "image/jpg": "image/jpeg",
}
#: Claims that say nothing.
_VAGUE = (
    "",
    BINARY,
    "binary/octet-stream",
    "application/x-download",
    "application/force-download",
    "application/download",
    "application/unknown",
    "unknown/unknown",
    "*/*",
)
_TEXTUAL = frozenset(("application/json", "application/jsonl", "application/yaml", XML, EML, RTF, "image/svg+xml"))
#: A container's own type does not contradict the type of what it contains.
_CONTAINERS = {
    ZIP: (
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.",
        "application/vnd.ms-",
        "application/epub+zip",
        "application/java-archive",
    ),
    OLE: (DOC, XLS, PPT, MSG, "application/vnd.ms-"),
    XML: (HTML, "image/svg+xml"),
}


def split_media_type(value: str) -> tuple[str, str]:
    """Media type (lower case, '' when vague or absent) and character set ('' when not given) of a Content-Type."""
    message = Message()
    message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
    kind = value.partition(";")[0].strip().lower()
    kind = _ALIASES.get(kind, kind)
    charset = message.get_content_charset("") if value else ""
    return ("" if kind in _VAGUE or "/" not in kind else kind), charset


def type_of_name(name: str) -> str:
    """Media type that the extension of a file's name stands for; '' when it stands for none."""
    extension = posixpath.splitext(name)[1].lower()
    known = _EXTENSIONS.get(extension) or _standard_types().get(extension, "")
    return split_media_type(known)[0]


@cache
def _standard_types() -> dict[str, str]:
    # Not mimetypes.guess_type: it also reads the machine's own tables, and types would differ between workers.
    return mimetypes.MimeTypes(filenames=()).types_map[True]


def is_textual(media_type: str) -> bool:
    """Whether files of `media_type` are text."""
    return media_type.startswith("text/") or media_type in _TEXTUAL or media_type.endswith(("+xml", "+json"))


def agree(one: str, other: str) -> bool:
    """Whether a file may honestly be called both; '' says nothing and agrees with all."""
    if not one or not other or one == other:
        return True
    return holds(one, other) or holds(other, one)


def holds(container: str, content: str) -> bool:
    """Whether a file of type `content` is, looked at from outside, one of type `container`."""
    return content.startswith(_CONTAINERS.get(container, ()))
