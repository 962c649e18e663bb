"""Extractions that no reader should make and some will: pieces, rules and regions that do not fit together."""

from __future__ import annotations

from random import Random

from schemas.content import (
    BlockType,
    ExtractedPage,
    Extraction,
    GridLine,
    Image,
    Line,
    Link,
    OutlineEntry,
    PageStatus,
    Region,
    Span,
    Vector,
)
from schemas.geometry import Box

WIDTH, HEIGHT = 612.0, 792.0
#: Words as tables, notes and captions have them, and what is in files besides: odd blanks, marks, other scripts.
WORDS = (
    *("Total", "Revenue", "of the", "1,234.50", "(12)", "-", "2019", "n.a.", "Table 1", "Figure 2: a", "see Table 1"),
    *(
        "1",
        "*",
        "[^1]",
        "•",
        "a)",
        "1.1 Scope",
        "Note",
        "----",
        "|",
        "___",
        "the end.",
        "co-",
        "operation",
        "x = y + 1",
    ),
    *("no\u00a0blank", "wide   gap", "tab\tstop", "\u2003em", "\u00a0", " ", "", "\u200b", "e\u0301", "\u05e9\u05dc"),
    *("page 3 of 9", "iv", "W" * 90, "\x1cbroken", "\x85", "10 20 30", "€ 5", "ﬁne", "$", "A B C D E F G H", "中文"),
    *(
        "\U0001f600",
        "\ud800",
        "two words",
        "a)",
        "the quick brown fox jumps over the lazy dog and",
        "a\u00a0b\u00a0c\u00a0d",
    ),
)
_KINDS = list(BlockType)
#: Columns and lines that a grid of text keeps to, so that tables come about.
_XS, _YS = (72.0, 180.0, 290.0, 400.0, 500.0), tuple(72.0 + 14.0 * row for row in range(46))
_ODD = (0.0, -5.0, 1e-9, 1e6, -1e6, 30000.0, 611.9, 792.0)
_SIZES = (10.0,) * 6 + (8.0, 6.0, 24.0, 0.0, 1.0, 400.0, -3.0)
_NEAR = (0.0, 0.0, 0.0, 0.0, 1.0, -1.0, 6.0, -20.0, 300.0)
_NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
_DIRECTIONS = ((1.0, 0.0),) * 14 + ((0.0, -1.0), (0.0, 1.0), (-1.0, 0.0), (0.7, 0.7), (0.0, 0.0))
_PAPER = ((WIDTH, HEIGHT),) * 8 + ((0.0, 0.0), (HEIGHT, WIDTH), (14400.0, 3.0))


def extraction(seed: int) -> Extraction:
    """One to three hostile pages, with bookmarks."""
    r = Random(seed)
    count = r.randint(1, 3)
    outline = [OutlineEntry(r.randint(-1, 4), _text(r), r.randint(-1, 4)) for _ in range(r.randint(0, 2))]
    pages = [_page(r, number) for number in range(1, count + 1)]
    return Extraction(page_count=count, pages=pages, outline=outline)


def _page(r: Random, number: int) -> ExtractedPage:
    lines = [_line(r) for _ in range(r.randint(0, 8))]
    vectors = [_vector(r) for _ in range(r.randint(0, 3))]
    for _ in range(r.randint(0, 2)):
        lines += _grid(r)
    if r.random() < 0.4:
        vectors += _lattice(r)
    r.shuffle(lines)
    width, height = r.choice(_PAPER)
    return ExtractedPage(
        number=number,
        width=width,
        height=height,
        status=r.choice((PageStatus.DIGITAL, PageStatus.DIGITAL, PageStatus.OCR)),
        lines=lines,
        vectors=vectors,
        images=[Image(r.choice((_box(r), None))) for _ in range(r.randint(0, 2))],
        links=[Link(_box(r), page=r.randint(-1, 4)) for _ in range(r.randint(0, 2))],
        regions=[_region(r) for _ in range(r.randint(0, 4))],
    )


def _box(r: Random) -> Box:
    """Mostly on the grid; also empty, turned inside out, beyond the page."""
    x = r.choice((r.choice(_XS), r.choice(_XS), r.uniform(0, WIDTH), r.choice(_ODD)))
    y = r.choice((r.choice(_YS), r.choice(_YS), r.uniform(0, HEIGHT), r.choice(_ODD)))
    width = r.choice((40.0, 90.0, 300.0, 468.0, 0.0, 0.5, -30.0))
    return Box(x, y, x + width, y + r.choice((10.0, 10.0, 12.0, 80.0, 300.0, 0.0, 0.4, -8.0)))


def _text(r: Random) -> str:
    words = [r.choice(WORDS) for _ in range(r.choice((1, 1, 1, 2, 5)))]
    return r.choice((" ", " ", "  ", "\u00a0", "")).join(words)


def _span(r: Random, box: Box) -> Span:
    text = _text(r)
    place = r.choice((box, box, box, box._replace(x1=box.x0 + 5 * len(text)), None))
    font = r.choice(("Serif", "Serif", "CMMI10", "Courier", ""))
    hidden = "white" if r.random() < 0.1 else ""
    return Span(text, place, font, r.choice(_SIZES), r.choice((0, 0, 0, 1, 2, 4, 8, 16, 31)), 0, hidden)


def _line(r: Random) -> Line:
    box = _box(r)
    return Line(tuple(_span(r, box) for _ in range(r.choice((0, 1, 1, 1, 2, 3)))), box, r.choice(_DIRECTIONS))


def _grid(r: Random) -> list[Line]:
    """Rows and columns of text, as a table has them."""
    top, columns = r.randint(0, 30), r.randint(1, 5)
    found = []
    for y in _YS[top : top + r.randint(1, 8)]:
        for x in _XS[:columns]:
            text = _text(r)
            box = Box(x + r.choice(_NEAR), y + r.choice(_NEAR), x + r.choice((4.8 * len(text), 90.0, 250.0)), y + 10)
            box = box._replace(y1=box.y0 + 10)
            found.append(Line((Span(text, box, "Serif", 10.0),), box))
    return found


def _lattice(r: Random) -> list[Vector]:
    """The rules around the cells of a grid, some of them missing."""
    top, rows = r.randint(0, 30), r.randint(1, 8)
    across = [Vector(Box(_XS[0], y - 2, 560, y - 2), True) for y in _YS[top : top + rows + 1]]
    down = [Vector(Box(x - 4, _YS[top] - 2, x - 4, _YS[top + rows] - 2), True) for x in (*_XS, 564.0)]
    return [rule for rule in (*across, *down) if r.random() < 0.9]


def _vector(r: Random) -> Vector:
    return Vector(_box(r), r.random() < 0.5, r.random() < 0.5, r.choice((0, 0xFFFFFF, 0xCCCCCC)))


def _region(r: Random) -> Region:
    """What a layout model might say: often tables, with grids that need not be sorted or inside of them."""
    box = r.choice((_box(r), _box(r), Box(60, 60, 560, 400), Box(0, 0, WIDTH, HEIGHT)))
    if r.random() < 0.03:
        box = box._replace(**{r.choice(box._fields): r.choice(_NOT_FINITE)})
    kind = r.choice((BlockType.TABLE, r.choice(_KINDS)))
    rows, columns = _boundaries(r, _YS), _boundaries(r, _XS)
    lines = tuple(GridLine(_box(r), *(r.randint(-1, 6) for _ in range(4))) for _ in range(r.randint(0, 3)))
    return Region(kind, box, r.choice((0.97, 0.97, 0.93, 0.85, 0.5, 0.0, 1.0)), rows, columns, lines)


def _boundaries(r: Random, usual: tuple[float, ...]) -> tuple[float, ...]:
    found = [r.choice((r.choice(usual), r.choice(usual) - 5, r.uniform(0, 800))) for _ in range(r.randint(0, 6))]
    if r.random() < 0.1:
        found.append(r.choice((*_ODD, *_NOT_FINITE)))
    return tuple(sorted(found) if r.random() < 0.7 else found)
