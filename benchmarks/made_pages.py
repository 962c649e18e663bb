"""Pages of text that begin and end anywhere, by five producers: is a line of the text ever taken for a running head?

    python3 -m venv makers && makers/bin/pip install pymupdf reportlab fpdf2 weasyprint typst
    makers/bin/python benchmarks/made_pages.py --docbeam .venv/bin/docbeam [--pages 2000] [--seed 1] [--keep DIR]

Half of the documents have running heads and page numbers. Prints, by producer: pages, lines of text typed as furniture,
running heads found. Exit code 1 when a line of text was, or less than 99% of the heads were found.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from random import Random
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, PITCH = 612, 792, 72, 1.2
TOP, BOTTOM = 72, 720
FURNITURE = """SELECT d.path, e.page, e.text FROM elements e JOIN documents d USING (doc_id)
               WHERE e.type IN ('page_header', 'page_footer')"""
WORDS = re.findall(
    r"\w+",
    "tenant lease clause party notice rent month court state law contract person company stock asset debt claim right "
    "duty term year board office agent buyer seller price goods order damage breach waiver consent record secret "
    "shall may must will which that under upon after before within without between among against except unless",
)
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")


class Item(NamedTuple):
    """A paragraph, heading or caption of the text, and the white space above it in lines."""

    text: str
    gap: float
    page_break: bool = False


class Heads(NamedTuple):
    """What stands on each page beside its text: (text, place) with places 'head' and 'foot', left, centre, right."""

    pages: list[list[tuple[str, str, str]]]
    size: float


def phrase(r: Random, words: int) -> str:
    return " ".join(r.choice(WORDS) for _ in range(words))


def item(r: Random, number: int) -> Item:
    """What contracts and reports consist of; short pieces are as frequent as long ones."""
    kind = r.randrange(8)
    gap = r.choice((0.0, 1.0, 1.0, 2.0, 4.0))
    if kind == 0:
        return Item(f"{number}. {phrase(r, 3).title()}.", gap)
    if kind == 1:
        return Item(f"Table {number}. {phrase(r, 5).capitalize()}", gap)
    if kind == 2:
        return Item(f"IN WITNESS WHEREOF, the {phrase(r, 8)}.", gap)
    if kind == 3:
        return Item(phrase(r, 4).title(), gap)
    if kind == 4:
        return Item(f"({chr(97 + number % 26)}) {phrase(r, r.randint(5, 60))};", gap)
    return Item(f"{phrase(r, r.randint(2, 120)).capitalize()}.", gap)


def story(r: Random, pages: int) -> list[list[Item]]:
    """The items of each page; a page may begin far down and end early, within a sentence too."""
    found, number = [], 0
    for _ in range(pages):
        count = r.choice((1, 2, 4, 8))
        items = [item(r, number + at) for at in range(count)]
        number += count
        first = items[0]._replace(gap=r.choice((0.0, 0.0, 3.0, 12.0)), page_break=True)
        if r.random() < 0.5:
            # The rest of a sentence, alone above white space.
            first = first._replace(text=f"{phrase(r, r.randint(1, 9))}.")
            items[1:2] = [each._replace(gap=r.choice((1.0, 2.0, 5.0))) for each in items[1:2]]
        found.append([first, *items[1:]])
    return found


def heads(r: Random, pages: int) -> Heads:
    """Title, number, date; the same on all pages, on left and right ones by turns, or from the second page on."""
    title, other = phrase(r, 3).title(), phrase(r, 2).title()
    form = r.choice(("{n}", "Page {n} of {of}", "- {n} -", "{n} / {of}", "{roman}", "Page {n}"))
    style, place, where = r.randrange(5), r.choice(("left", "centre", "right")), r.choice(("head", "foot"))
    found: list[list[tuple[str, str, str]]] = []
    for n in range(1, pages + 1):
        label = form.format(n=n, of=pages, roman=ROMAN[n - 1])
        number = (label, "foot" if where == "head" else "head", "centre")
        name = (other if style == 3 and n % 2 == 0 and pages > 3 else title, where, place)
        both = [name, number]
        if style == 1:
            both = [number]
        elif style == 2:
            both = [(title, where, "left"), (label, where, "right")]
        found.append([] if style == 4 and n == 1 and pages > 2 else both)
    return Heads(found, r.choice((10.0, 10.0, 8.0)))


def wrapped(text: str, chars: int = 84) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= chars:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def placed(pages: Sequence[Sequence[Item]]) -> list[list[tuple[str, float]]]:
    """Lines of each page with their baselines; what does not fit is left out."""
    found = []
    for items in pages:
        y, rows = float(TOP), []
        for each in items:
            y += each.gap * 10 * PITCH
            for line in wrapped(each.text):
                y += 10 * PITCH
                rows.append((line, y))
        found.append([row for row in rows if row[1] < BOTTOM])
    return found


def head_x(text: str, size: float, place: str) -> float:
    width = 0.5 * size * len(text)
    return {"left": LEFT, "centre": (WIDTH - width) / 2, "right": WIDTH - LEFT - width}[place]


def texts(pages: Sequence[Sequence[Item]], told: Heads) -> list[list[tuple[str, float, float, float]]]:
    """All of the lines as (text, x, baseline, size)."""
    found = []
    for rows, beside in zip(placed(pages), told.pages, strict=True):
        page = [(text, float(LEFT), y, 10.0) for text, y in rows]
        for text, where, place in beside:
            page.append((text, head_x(text, told.size, place), 40.0 if where == "head" else 760.0, told.size))
        found.append(page)
    return found


def by_pymupdf(path: str, pages: Sequence[Sequence[Item]], told: Heads) -> None:
    pymupdf = importlib.import_module("pymupdf")
    document = pymupdf.open()
    for lines in texts(pages, told):
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for text, x, y, size in lines:
            page.insert_text((x, y), text, fontsize=size)
    document.save(path)


def by_reportlab(path: str, pages: Sequence[Sequence[Item]], told: Heads) -> None:
    canvas = importlib.import_module("reportlab.pdfgen.canvas").Canvas(path, pagesize=(WIDTH, HEIGHT))
    for lines in texts(pages, told):
        for text, x, y, size in lines:
            canvas.setFont("Times-Roman", size)
            canvas.drawString(x, HEIGHT - y, text)
        canvas.showPage()
    canvas.save()


def by_fpdf(path: str, pages: Sequence[Sequence[Item]], told: Heads) -> None:
    document = importlib.import_module("fpdf").FPDF(unit="pt", format=(WIDTH, HEIGHT))
    for lines in texts(pages, told):
        document.add_page()
        for text, x, y, size in lines:
            document.set_font("Helvetica", size=size)
            document.text(x, y, text)
    document.output(path)


def by_weasyprint(path: str, pages: Sequence[Sequence[Item]], told: Heads) -> None:
    body = []
    for items, beside in zip(pages, told.pages, strict=True):
        paragraphs = "".join(f'<p style="margin:{each.gap * 12:g}pt 0 0">{escape(each.text)}</p>' for each in items)
        marks = "".join(
            f'<div style="position:absolute;top:{-44 if where == "head" else 676}pt;left:0;right:0;'
            f'font-size:{told.size}pt;text-align:{place.replace("centre", "center")}">{escape(text)}</div>'
            for text, where, place in beside
        )
        body.append(
            f'<div style="position:relative;height:640pt;overflow:hidden;break-after:page">{paragraphs}</div>{marks}'
        )
    page = (
        f"@page{{size:{WIDTH}pt {HEIGHT}pt;margin:{TOP}pt}}body{{font:10pt/1.2 serif;margin:0}}.p{{position:relative}}"
    )
    html = "".join(f'<div class="p">{part}</div>' for part in _with_marks_first(body))
    importlib.import_module("weasyprint").HTML(string=f"<style>{page}</style>{html}").write_pdf(path)


def _with_marks_first(parts: Sequence[str]) -> list[str]:
    """Marks before the box that they stand beside, so that both stand on one page."""
    split = [part.partition("break-after:page") for part in parts]
    found = []
    for head, mark, rest in split:
        box, end, marks = rest.partition("</p></div>")
        found.append(f"{marks}{head}{mark}{box}{end}")
    return found


def by_typst(path: str, pages: Sequence[Sequence[Item]], told: Heads) -> None:
    source = [
        f"#set page(width:{WIDTH}pt,height:{HEIGHT}pt,margin:{TOP}pt)\n#set text(size:10pt)\n#set par(leading:4pt)"
    ]
    for number, (items, beside) in enumerate(zip(pages, told.pages, strict=True)):
        source.append("#pagebreak()" if number else "")
        for text, where, place in beside:
            side = place.replace("centre", "center")
            dy = -40 if where == "head" else 676
            source.append(f"#place(top + {side}, dy: {dy}pt, text(size: {told.size}pt, {json.dumps(text)}))")
        for each in items:
            source.append(f"#v({each.gap * 12:g}pt)\n#block(spacing: 4pt, text({json.dumps(each.text)}))")
    importlib.import_module("typst").compile("\n".join(source).encode(), output=path)


MAKERS: dict[str, Callable[[str, Sequence[Sequence[Item]], Heads], None]] = {
    "pymupdf": by_pymupdf,
    "reportlab": by_reportlab,
    "fpdf": by_fpdf,
    "weasyprint": by_weasyprint,
    "typst": by_typst,
}


def make(folder: Path, pages: int, seed: int) -> dict[str, tuple[str, Heads]]:
    """So many pages as PDFs; the producer and the heads of each file."""
    r, truth, made = Random(seed), dict[str, tuple[str, Heads]](), 0
    while made < pages:
        name = list(MAKERS)[len(truth) % len(MAKERS)]
        headed = len(truth) // len(MAKERS) % 2 == 0
        count = r.randint(2 if headed else 1, 8)
        told = heads(r, count) if headed else Heads([[] for _ in range(count)], 10.0)
        # Flowing producers may break a page that holds more than one.
        text = [list(items) for items in story(r, count)]
        file = f"{len(truth):05d}-{name}.pdf"
        MAKERS[name](str(folder / file), text, told)
        truth[file] = name, told
        made += count
    return truth


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def score(rows: Sequence[dict[str, object]], truth: dict[str, tuple[str, Heads]]) -> dict[str, Counter[str]]:
    """By producer: heads there, found; lines of text among the furniture."""
    found: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[str(row["path"]), int(str(row["page"]))][folded(str(row["text"]))] += 1
    result: dict[str, Counter[str]] = defaultdict(Counter)
    for file, (name, told) in truth.items():
        for number, beside in enumerate(told.pages, 1):
            want, have = Counter(folded(text) for text, _, _ in beside), found.pop((file, number), Counter())
            result[name] += Counter(pages=1, heads=want.total(), found=(want & have).total())
            for text in have - want:
                result[name]["text"] += 1
                print(f"text as furniture: {file} {number} {text[:90]}", file=sys.stderr)
            for text in want - have:
                print(f"head not found: {file} {number} {text[:90]}", file=sys.stderr)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docbeam", default=str(Path(sys.executable).with_name("docbeam")))
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docbeam-made-") as scratch:
        work = options.keep or Path(scratch)
        (work / "in").mkdir(parents=True, exist_ok=True)
        truth = make(work / "in", options.pages, options.seed)
        tables = str(work / "out")
        ingest = [options.docbeam, "ingest", str(work / "in"), "-o", tables, "--quiet", "--layout", options.layout]
        subprocess.run(ingest, check=True)
        asked = subprocess.run([options.docbeam, "query", tables, FURNITURE, "--json"], check=True, capture_output=True)
        rows = json.loads(asked.stdout)
    result = score(rows, truth)
    total = sum(result.values(), Counter[str]())
    for name, counts in [*result.items(), ("all", total)]:
        print(f"{name:12} pages {counts['pages']:5}  text as furniture {counts['text']:3}", end="  ")
        print(f"heads found {counts['found']} of {counts['heads']}")
    return int(total["text"] > 0 or total["found"] < 0.99 * total["heads"])


if __name__ == "__main__":
    sys.exit(main())
