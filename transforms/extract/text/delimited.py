"""CSV, TSV and other delimited text: one TABLE per file, split only where a table would grow beyond bounds."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from schemas.content import Extraction, ExtractRequest
from transforms.extract.text.flow import flow_extraction, flow_page, read_text
from transforms.extract.text.grid import table_blocks

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200
_SAMPLE_CHARS = 1 << 18
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.I)
_TYPED = re.compile(
    r"""[-+(]?[$€£¥]?\s?\d[\d\s.,'’]*\s?[%€$£¥)]?          # numbers and amounts
    | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T\s].*)?            # dates
    | \d{1,2}:\d{2}(:\d{2})?.*                             # times
    | [^@\s]+@[^@\s]+\.\w+ | https?://\S+ | true | false   # addresses, flags
    """,
    re.I | re.X,
)
_YEAR = re.compile(r"(1[89]|20)\d\d")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written."""

    delimiter: str = ","
    quote: str = '"'
    #: Quotes inside quoted fields are escaped by a backslash instead of doubled.
    backslash: bool = False
    quoting: bool = True


class DelimitedExtractor:
    """CSV and TSV files with any of the delimiters , ; tab |."""

    name = "csv"
    media_types = frozenset({"text/csv", "text/tab-separated-values", "application/csv"})
    extensions = frozenset({".csv", ".tsv", ".tab"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """Every field of the file, stripped of outer white space."""
        text = read_text(path, request).text
        tabs = request.media_type == "text/tab-separated-values" or path.suffix.lower() in (".tsv", ".tab")
        rows = read_rows(text, "\t" if tabs else "")
        blocks = list(table_blocks(rows, has_header(rows), self.name))
        return flow_extraction([flow_page(1, blocks)], request, f"csv {sys.version.split()[0]}")


def read_rows(text: str, delimiter: str = "") -> list[list[str]]:
    """Rows of fields without blank lines; the delimiter is guessed when '' (a leading 'sep=' line wins)."""
    # The default bound of 128 KiB for a field is a process-wide setting of the csv module.
    csv.field_size_limit(sys.maxsize)
    if stated := _SEPARATOR_LINE.match(text):
        delimiter, text = stated.group(1), text[stated.end() :]
    dialect = sniff_dialect(text, delimiter)
    rows = list(_parse(text, dialect))
    if _left_open(rows, text, dialect):
        rows = list(_parse(text, Dialect(dialect.delimiter, dialect.quote, quoting=False)))
    return [fields for row in rows if any(fields := [field.strip() for field in row])]


def sniff_dialect(text: str, delimiter: str = "") -> Dialect:
    """Guess delimiter and quoting from the first lines."""
    sample = text[:_SAMPLE_CHARS]
    backslash = '\\"' in sample and '""' not in sample
    if delimiter:
        return Dialect(delimiter, _quote(sample, delimiter), backslash)
    found = max((Dialect(d, _quote(sample, d), backslash) for d in _DELIMITERS), key=lambda d: _fitness(sample, d))
    return found if _fitness(sample, found) > (0.0, 0) else Dialect(",", _quote(sample, ","), backslash)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: distinct labels, no values (years may name columns)."""
    if len(rows) < 2 or len(rows[0]) * 2 < len(rows[1]):
        return False
    names = [name for name in rows[0] if name]
    labels = [name for name in names if not _TYPED.fullmatch(name)]
    values = [name for name in names if _TYPED.fullmatch(name) and not (labels and _YEAR.fullmatch(name))]
    return bool(labels) and not values and len(set(names)) == len(names)


def _parse(text: str, dialect: Dialect) -> Iterator[list[str]]:
    yield from csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        doublequote=not dialect.backslash,
        escapechar="\\" if dialect.backslash else None,
        quoting=csv.QUOTE_MINIMAL if dialect.quoting else csv.QUOTE_NONE,
        skipinitialspace=f'{dialect.delimiter} "' in text[:_SAMPLE_CHARS] and dialect.delimiter != "\t",
    )


def _left_open(rows: list[list[str]], text: str, dialect: Dialect) -> bool:
    """Whether a stray quote swallowed the rest of the file: its last field has line breaks, the file no last quote."""
    if not rows or not rows[-1] or "\n" not in rows[-1][-1]:
        return False
    return not text.rstrip().endswith(dialect.quote)


def _quote(sample: str, delimiter: str) -> str:
    """The quote character: single quotes only where every one of them encloses a whole field."""
    if '"' in sample or "'" not in sample:
        return '"'
    mark = re.escape(delimiter)
    fields = re.findall(rf"(?:^|(?<=[{mark}\n]))[ ]?'[^'\n]*'(?=[{mark}\r\n]|$)", sample)
    return "'" if 2 * len(fields) == sample.count("'") else '"'


def _fitness(sample: str, dialect: Dialect) -> tuple[float, int]:
    """How well a delimiter explains the sample: rows of equal width whose fields hold no other delimiter."""
    rows = [row for row in islice(_parse(sample, dialect), _SAMPLE_LINES) if row]
    # The sample may end inside a row.
    rows = rows[:-1] if len(sample) == _SAMPLE_CHARS and len(rows) > 1 else rows
    widths = Counter(map(len, rows))
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    if width == 1:
        return 0.0, 0
    fields = [field for row in rows for field in row[:1000]]
    clean = sum(_is_clean(field, dialect.delimiter) for field in fields)
    return round(count / len(rows) * clean / len(fields), 3), width


def _is_clean(field: str, delimiter: str) -> bool:
    others = _DELIMITERS.replace(delimiter, "")
    return not any(mark in field for mark in others) or bool(_DECIMAL_COMMA.fullmatch(field.strip()))
