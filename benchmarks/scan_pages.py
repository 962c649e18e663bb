"""Pages of forms, tables, invoices and prose of the benchmark's own making, and the point size of each of their words.

Words that are drawn are the truth, nothing else. Pages mix 6, 7, 8, 9, 10 and 12 points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pymupdf
from made_pages import WORDS as LEGAL

WIDTH, HEIGHT, LEFT, RIGHT, FOOT = 595.0, 842.0, 50.0, 545.0, 790.0
SIZES = (6, 7, 8, 9, 10, 12)
#: PyMuPDF's names of its own faces: upright, bold.
FACES = (("helv", "hebo"), ("tiro", "tibo"), ("cour", "cobo"))
BLACK, GREY, BLUE = (0.0, 0.0, 0.0), (0.35, 0.35, 0.35), (0.1, 0.1, 0.55)
FIRST = re.findall(
    r"\w+", "Anna Boris Clara David Elena Felix Greta Hugo Irene Jonas Karin Louis Maria Niels Olga Peter Quinn Rosa"
)
LAST = re.findall(
    r"\w+", "Abbott Bergmann Castillo Dupont Eriksen Fischer Gallagher Hoffman Ivanov Jensen Keller Lindqvist Moretti"
)
STREETS = re.findall(
    r"[^,]+", "Mill Lane,Harbour Street,Station Road,Chapel Hill,Garden Row,Market Square,Orchard Way,Bridge Street"
)
TOWNS = re.findall(
    r"\w+", "Ashford Bremen Cardiff Dresden Exeter Falmouth Ghent Hartford Ipswich Kingston Leeds Malmo Norwich"
)
GOODS = re.findall(
    r"[^,]+",
    "steel bolt,copper pipe,oak panel,paper roll,glass jar,rubber seal,cotton towel,desk lamp,garden hose,paint brush,"
    "wall clock,filter bag,power cable,hinge plate,valve cap,printer ink,timber beam,plastic crate,wool blanket",
)
PLAIN = re.findall(
    r"\w+",
    "river winter market village bridge teacher engine letter morning evening weather harbour island forest window "
    "kitchen story number question answer garden railway doctor ticket summer mountain valley farmer bread water "
    "carried opened closed measured reported visited counted painted followed answered returned remembered quietly "
    "often never already almost early together several every small large quiet narrow heavy bright distant old new",
)
LABELS = re.findall(
    r"[^,]+",
    "Family name,Given names,Date of birth,Place of birth,Street and number,Postal code,Telephone,E-mail address,"
    "Employer,Occupation,Account holder,Account number,Name of bank,Insurance no.,Reference,Date of signature,"
    "Nationality,Marital status,Number of children,Annual income,Vehicle registration,Policy number",
)


class Pen:
    """Draws text on a page and remembers each word with its size."""

    def __init__(self, page: Any, r: Random, face: tuple[str, str]) -> None:
        self.page, self.r, self.face = page, r, face
        self.words: list[tuple[str, int]] = []

    def write(self, x: float, y: float, text: str, size: int, **style: Any) -> float:
        """Text on the baseline `y`; where it ends. Styles: bold, right (x is its end), colour, face."""
        face = style.get("face", self.face)[bool(style.get("bold"))]
        width = width_of(text, face, size)
        start = x - width if style.get("right") else x
        self.page.insert_text((start, y), text, fontname=face, fontsize=size, color=style.get("colour", BLACK))
        self.words += [(word, size) for word in folded(text)]
        return start + width

    def fits(self, text: str, size: int, width: float) -> bool:
        """Whether the upright face leaves it within `width`."""
        return width_of(text, self.face[0], size) <= width

    def paragraph(self, x: float, y: float, text: str, size: int, width: float) -> float:
        """Wrapped lines from the baseline `y` on; the baseline after the last."""
        line = ""
        for word in [*text.split(), ""]:
            longer = f"{line} {word}".strip()
            if word and self.fits(longer, size, width):
                line = longer
                continue
            self.write(x, y, line, size)
            line, y = word, y + 1.25 * size
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float, thick: float = 0.5) -> None:
        """A black line."""
        self.page.draw_line((x0, y0), (x1, y1), color=BLACK, width=thick)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """An empty rectangle."""
        self.page.draw_rect((x0, y0, x1, y1), color=BLACK, width=0.6)


class MadePage(NamedTuple):
    """A document of one page, and its words with their sizes."""

    pdf: Any
    words: list[tuple[str, int]]


@cache
def font(face: str) -> Any:
    return pymupdf.Font(face)


def width_of(text: str, face: str, size: int) -> float:
    """In points. PyMuPDF's own `get_text_length` leaves out signs beyond ASCII, such as £."""
    return float(font(face).text_length(text, size))


def folded(text: str) -> list[str]:
    """The words that count: letters and digits without case, signs left out."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower())


def sentence(r: Random, least: int = 6, most: int = 16) -> str:
    words = [r.choice(PLAIN if r.random() < 0.7 else LEGAL) for _ in range(r.randint(least, most))]
    if r.random() < 0.3:
        words.insert(r.randrange(1, len(words)), r.choice((amount(r), date(r), code(r), name(r))))
    return " ".join(words).capitalize() + "."


def name(r: Random) -> str:
    return f"{r.choice(FIRST)} {r.choice(LAST)}"


def amount(r: Random) -> str:
    return f"{r.choice(('', '$', '£'))}{r.uniform(1, 10 ** r.randint(1, 5)):,.2f}"


def date(r: Random) -> str:
    day, month, year = r.randint(1, 28), r.randint(1, 12), r.randint(1988, 2026)
    return r.choice((f"{day:02d}.{month:02d}.{year}", f"{year}-{month:02d}-{day:02d}", f"{month}/{day}/{year}"))


def code(r: Random) -> str:
    letters = "".join(r.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(r.randint(2, 3)))
    return f"{letters}-{r.randint(100, 99999)}{r.choice(('', f'/{r.randint(1, 99)}'))}"


def address(r: Random) -> str:
    return f"{r.randint(1, 240)} {r.choice(STREETS)}, {r.choice(TOWNS)} {r.randint(10000, 99999)}"


def value(r: Random) -> str:
    return r.choice((name, amount, date, code, address))(r)


def form(pen: Pen) -> None:
    """Labels over boxes, beside ruled lines and in boxes, some of them empty; small print at the foot."""
    r = pen.r
    pen.write(LEFT, 60, f"Application form {code(r)}", 12, bold=True)
    y = pen.paragraph(LEFT, 78, sentence(r, 14, 24), r.choice((7, 8)), RIGHT - LEFT) + 8
    row = 0
    while y < 640:
        style, size = row % 3, SIZES[row % 6]
        (field_box, field_rule, field_inside)[style](pen, y, min(size, 10), SIZES[(row + 3) % 6])
        y, row = y + (34, 26, 40)[style], row + 1
    for x in (LEFT, 300.0):
        pen.rule(x, y + 20, x + 180, y + 20)
        pen.write(x, y + 28, r.choice(("Signature of applicant", "Place and date")), 6)
    small_print(pen, y + 48)


def field_box(pen: Pen, y: float, small: int, size: int) -> None:
    for x0, x1 in ((LEFT, 290.0), (300.0, RIGHT)):
        pen.write(x0, y, pen.r.choice(LABELS), small)
        pen.box(x0, y + 4, x1, y + 22)
        fill(pen, x0 + 5, y + 17, size)


def field_rule(pen: Pen, y: float, small: int, size: int) -> None:
    for x0, x1 in ((LEFT, 290.0), (300.0, RIGHT)):
        end = pen.write(x0, y + 10, f"{pen.r.choice(LABELS)}:", small)
        pen.rule(end + 4, y + 12, x1, y + 12)
        fill(pen, end + 8, y + 10, min(size, 10))


def field_inside(pen: Pen, y: float, small: int, size: int) -> None:
    for x0, x1 in ((LEFT, 210.0), (210.0, 380.0), (380.0, RIGHT)):
        pen.box(x0, y, x1, y + 26)
        pen.write(x0 + 3, y + 8, pen.r.choice(LABELS), min(small, 8))
        fill(pen, x0 + 6, y + 22, size)


def fill(pen: Pen, x: float, y: float, size: int) -> None:
    """What somebody typed into the field; every fourth stays empty."""
    if pen.r.random() < 0.75:
        face = pen.r.choice((FACES[2], pen.face))
        pen.write(x, y, pen.r.choice((name, amount, date, code))(pen.r), size, face=face, colour=BLUE)


def small_print(pen: Pen, y: float) -> None:
    for size in (6, 7):
        text = " ".join(sentence(pen.r) for _ in range(4))
        y = pen.paragraph(LEFT, min(y, FOOT), text, size, RIGHT - LEFT) + 3


def table(pen: Pen) -> None:
    """Two or three tables under captions, ruled, half ruled and open, each in a size of its own."""
    r, y, number = pen.r, 60.0, 0
    sizes = r.sample(SIZES, len(SIZES))
    while y < 660:
        number += 1
        y = pen.paragraph(LEFT, y, f"Table {number}. {sentence(r)}", sizes[number % 6], RIGHT - LEFT) + 4
        y = grid(pen, y, sizes[(number + 3) % 6], ("ruled", "open", "half")[number % 3]) + 18
    pen.paragraph(LEFT, y, " ".join(sentence(r) for _ in range(2)), 6, RIGHT - LEFT)


def grid(pen: Pen, y: float, size: int, style: str) -> float:
    r, pitch = pen.r, size * pen.r.choice((1.35, 1.7))
    columns = r.randint(4, 6)
    makers = [lambda r: r.choice(GOODS), *(r.choice((amount, date, code, amount)) for _ in range(columns - 1))]
    step = (RIGHT - LEFT) / columns
    rows = min(r.randint(6, 14), int((FOOT - 40 - y) / pitch) - 1)
    for row in range(rows):
        cells = [make(r) if row else r.choice(LABELS).split()[0] for make in makers]
        cells_of(pen, y + (row + 1) * pitch, cells, size, step)
        if style == "ruled" or (style == "half" and row in (0, rows - 1)):
            pen.rule(LEFT, y + (row + 1.3) * pitch, RIGHT, y + (row + 1.3) * pitch)
    if style == "ruled":
        pen.rule(LEFT, y + 0.3 * pitch, RIGHT, y + 0.3 * pitch)
        for column in range(columns + 1):
            pen.rule(LEFT + column * step, y + 0.3 * pitch, LEFT + column * step, y + (rows + 0.3) * pitch)
    return y + (rows + 1) * pitch


def cells_of(pen: Pen, y: float, cells: Sequence[str], size: int, step: float) -> None:
    for column, text in enumerate(cells):
        end = column > 0 and text[-1].isdigit()
        # A wide face leaves no room for some words: they are left out, not set over their neighbour.
        if pen.fits(text, size, step - 8):
            pen.write(LEFT + (column + 1) * step - 4 if end else LEFT + column * step + 4, y, text, size, right=end)


def invoice(pen: Pen) -> None:
    """Sender, addresses, facts on the right, lines of goods, sums, terms in small print."""
    r = pen.r
    pen.write(LEFT, 60, f"{r.choice(LAST)} & {r.choice(LAST)} Ltd", 12, bold=True)
    pen.write(LEFT, 72, address(r), 7, colour=GREY)
    for row, text in enumerate((name(r), *address(r).split(", "))):
        pen.write(LEFT, 110 + 13 * row, text, 10)
    for row, (label, make) in enumerate((("Invoice no.", code), ("Date", date), ("Due", date), ("Your order", code))):
        pen.write(370, 105 + 12 * row, label, 8)
        pen.write(RIGHT, 105 + 12 * row, make(r), 9, right=True)
    y = pen.paragraph(LEFT, 175, sentence(r), 9, RIGHT - LEFT)
    y = goods(pen, y + 6)
    for label, size in (("Net total", 9), ("VAT 19%", 9), ("Amount due", 12)):
        pen.write(400, y, label, size, bold=size == 12)
        pen.write(RIGHT - 4, y, f"{r.uniform(10, 9000):,.2f}", size, bold=size == 12, right=True)
        y += 15
    pen.rule(395, y - 10, RIGHT, y - 10, 1.0)
    small_print(pen, max(y + 20, 700))


def goods(pen: Pen, y: float) -> float:
    r, size, ruled = pen.r, pen.r.choice((8, 9, 10)), pen.r.random() < 0.5
    pen.rule(LEFT, y, RIGHT, y, 0.8)
    for place, head in ((LEFT + 4, "Item"), (300.0, "Quantity"), (400.0, "Price"), (500.0, "Sum")):
        pen.write(place, y + 12, head, size, bold=True)
    pen.rule(LEFT, y + 16, RIGHT, y + 16, 0.8)
    y += 16
    for _ in range(r.randint(8, 15)):
        pen.write(LEFT + 4, y + 12, f"{r.choice(GOODS)}, {r.choice(PLAIN)}", size)
        pen.write(LEFT + 8, y + 20, f"{code(r)} {r.choice(PLAIN)} {r.choice(PLAIN)}", 6, colour=GREY)
        for end, text in ((340.0, str(r.randint(1, 400))), (440.0, f"{r.uniform(1, 99):.2f}"), (RIGHT - 4, amount(r))):
            pen.write(end, y + 12, text, size, right=True)
        y += 24
        if ruled:
            pen.rule(LEFT, y, RIGHT, y)
    return y + 18


def prose(pen: Pen) -> None:
    """A title over two columns whose paragraphs change in size."""
    r = pen.r
    pen.write(LEFT, 60, sentence(r, 4, 6)[:-1].title(), 12, bold=True)
    for x in (LEFT, 308.0):
        y, number = 84.0, r.randrange(6)
        while y < 730:
            size, number = SIZES[number % 6], number + 1
            count = max(1, min(5, int((FOOT - y) / (4 * size))))
            y = pen.paragraph(x, y, " ".join(sentence(r) for _ in range(count)), size, 237) + 5


KINDS: dict[str, Callable[[Pen], None]] = {"form": form, "table": table, "invoice": invoice, "prose": prose}


def make_page(kind: str, r: Random) -> MadePage:
    """A page of this kind; the generator decides what it says and in which face."""
    pdf = pymupdf.open()
    pen = Pen(pdf.new_page(width=WIDTH, height=HEIGHT), r, r.choice(FACES))
    KINDS[kind](pen)
    return MadePage(pdf, pen.words)
