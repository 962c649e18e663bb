"""Made scans of forms, tables, invoices and prose: are the words found that bare engines find, and is doubt told?

    python benchmarks/made_scans.py [--pages 72] [--dpi 72,100,150,200,300,400] [--kinds form,table,invoice,prose]
        [--engines docbeam,docbeam-tesseract,rapidocr,tesseract] [--with FOLDER] [--keep FOLDER] [--json FILE]

Each resolution and kind comes clean, skewed and photographed, in 6 to 12 points. Prints the share of the words found
(recall, multisets by page) and precision by engine, and seconds for each page on one core, starts excluded. Engines
take turns. The first docbeam engine is held to the targets, and the exit code is 1 when it misses one: for each
resolution and kind at least 99% of what the better bare engine finds; the tenth of the pages with the least confidence
holds half of those with a recall below 0.9 (or nothing else); no page with a recall below 0.5 says more than 0.6.

FOLDER of --with holds images or PDFs of one page and truth.json, {"file name": "text of the page"}; these pages count
for confidence only. --keep leaves such a folder behind, as given/. Bare Tesseract is the binary on PATH, which docbeam
by default then sees too.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scan_looks import CONDITIONS, Scan, make_scans
from scan_pages import KINDS, folded
from scan_readers import Reading, Readings, Spent, on_one_core, reader

BARE = ("rapidocr", "tesseract")
SHARE, POOR, LOST, UNSURE = 0.99, 0.9, 0.5, 0.6
BATCH = 12


class Score(NamedTuple):
    """Words of pages: there, read, and both."""

    words: float = 0
    read: float = 0
    found: float = 0

    def plus(self, other: Score) -> Score:
        """Of both together."""
        return Score(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def recall(self) -> float:
        """Share of the words there that were read."""
        return self.found / max(1, self.words)

    @property
    def precision(self) -> float:
        """Share of the words read that are there."""
        return self.found / max(1, self.read)


#: By engine, then by page.
Everything = dict[str, Readings]


def score(scan: Scan, reading: Reading) -> Score:
    there = Counter(word for word, _ in scan.words)
    return Score(there.total(), reading.words.total(), (there & reading.words).total())


def by_size(scan: Scan, reading: Reading) -> dict[int, Score]:
    """Words that stand on a page in several sizes count as found in each by its share."""
    there = Counter(word for word, _ in scan.words)
    found, result = there & reading.words, defaultdict[int, Score](Score)
    for word, size in scan.words:
        result[size] = result[size].plus(Score(1, 0, found[word] / there[word]))
    return result


def summed(scores: Iterable[tuple[Any, Score]]) -> dict[Any, Score]:
    result: dict[Any, Score] = defaultdict(Score)
    for key, each in scores:
        result[key] = result[key].plus(each)
    return result


def read_all(scans: Sequence[Scan], options: argparse.Namespace) -> tuple[Everything, dict[str, Spent]]:
    """Engines take turns over batches, so that what else the machine does meets all of them."""
    names = options.engines.split(",")
    readers = {name: reader(name, options.docbeam, options.options.split()) for name in names}
    found: Everything = {name: {} for name in names}
    spent = dict.fromkeys(names, Spent())
    for start in range(0, len(scans), BATCH):
        for name in names:
            readings, took = readers[name](scans[start : start + BATCH])
            found[name].update(readings)
            spent[name] = Spent(spent[name].wall + took.wall, spent[name].cpu + took.cpu)
        print(f"{min(start + BATCH, len(scans))} of {len(scans)} pages", file=sys.stderr)
    return found, spent


def table(title: str, scans: Sequence[Scan], found: Everything, key: Callable[[Scan], tuple[object, ...]]) -> None:
    """Recall / precision: a row for each key, a column for each engine."""
    scores = {name: summed((key(s), score(s, r[s.name])) for s in scans) for name, r in found.items()}
    print(f"\n| {title} | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for row in dict.fromkeys(map(key, scans)):
        cells = [f"{scores[name][row].recall:.3f} / {scores[name][row].precision:.3f}" for name in found]
        print(f"| {' '.join(map(str, row))} | {' | '.join(cells)} |")


def sizes_table(scans: Sequence[Scan], found: Everything) -> None:
    scores = {
        name: summed(pair for s in scans for pair in by_size(s, readings[s.name]).items())
        for name, readings in found.items()
    }
    print(f"\n| points | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for size in sorted({size for scan in scans for _, size in scan.words}):
        print(f"| {size} | {' | '.join(f'{scores[name][size].recall:.3f}' for name in found)} |")


def seconds_table(spent: dict[str, Spent], pages: int) -> None:
    print("\n| seconds a page | clock | CPU |\n|---|---|---|")
    for name, took in spent.items():
        print(f"| {name} | {took.wall / pages:.2f} | {took.cpu / pages:.2f} |")


def cells_below(scans: Sequence[Scan], found: Everything, engine: str) -> list[str]:
    """Resolutions and kinds where the engine finds too little of what a bare one does."""
    cells = {
        name: summed(((s.dpi, s.kind), score(s, readings[s.name])) for s in scans) for name, readings in found.items()
    }
    missed = []
    for cell, own in cells[engine].items():
        best = max((cells[name][cell].found for name in BARE if name in cells), default=0.0)
        if own.found < SHARE * best:
            missed.append(f"{cell[0]} dpi {cell[1]}: {own.found:.0f} words found, a bare engine finds {best:.0f}")
    return missed


def honesty(pages: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Of (confidence, recall) of pages: do the least sure ones hold those that were read poorly?"""
    ranked = sorted(pages)
    tenth = ranked[: max(1, math.ceil(len(ranked) / 10))]
    poor = sum(recall < POOR for _, recall in ranked)
    caught = sum(recall < POOR for _, recall in tenth)
    surest = max((confidence for confidence, recall in ranked if recall < LOST), default=0.0)
    honest = caught >= min(poor / 2, len(tenth)) and surest <= UNSURE
    return {"pages": len(ranked), "poor": poor, "tenth": len(tenth), "caught": caught, "surest": surest, "ok": honest}


def told(folder: Path) -> list[Scan]:
    """The pages of a folder of --with."""
    texts: dict[str, str] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return [
        Scan(f"{folder.name}/{name}", 0, "", "", folder / name, folder / name, [(word, 0) for word in folded(text)])
        for name, text in sorted(texts.items())
    ]


def write_truth(scans: Sequence[Scan]) -> None:
    texts = {scan.given.name: " ".join(word for word, _ in scan.words) for scan in scans}
    if scans:
        (scans[0].given.parent / "truth.json").write_text(json.dumps(texts, indent=1), encoding="utf-8")


def report(scans: Sequence[Scan], found: Everything, spent: dict[str, Spent]) -> None:
    table("dpi, kind", scans, found, lambda scan: (scan.dpi, scan.kind))
    table("dpi, condition", scans, found, lambda scan: (scan.dpi, scan.condition))
    table("all", scans, found, lambda scan: ("pages",))
    sizes_table(scans, found)
    seconds_table(spent, len(scans))


def as_json(scans: Sequence[Scan], found: Everything, spent: dict[str, Spent], verdicts: dict[str, Any]) -> str:
    pages = [
        {
            "page": scan.name,
            "engines": {
                name: score(scan, readings[scan.name])._asdict() | {"confidence": readings[scan.name].confidence}
                for name, readings in found.items()
            },
        }
        for scan in scans
    ]
    seconds = {name: took._asdict() for name, took in spent.items()}
    return json.dumps({"pages": pages, "seconds": seconds, "verdicts": verdicts}, indent=1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docbeam", default=str(Path(sys.executable).with_name("docbeam")))
    parser.add_argument("--engines", default="docbeam,docbeam-tesseract,rapidocr,tesseract")
    parser.add_argument("--pages", type=int)
    parser.add_argument("--dpi", default="72,100,150,200,300,400")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--options", default="", help="more options of docbeam ingest")
    parser.add_argument("--with", dest="others", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def judged(scans: Sequence[Scan], others: Sequence[Scan], found: Everything, engine: str) -> dict[str, Any]:
    """Prints and returns what the engine misses, and whether its confidence is honest."""
    readings = found[engine]
    pages = [(readings[s.name].confidence or 0.0, score(s, readings[s.name]).recall) for s in (*scans, *others)]
    honest = honesty(pages)
    print(f"\nconfidence of {engine}: {honest['poor']} of {honest['pages']} pages have a recall below {POOR}, ", end="")
    print(f"{honest['caught']} of them among the {honest['tenth']} least sure ones; ", end="")
    print(f"the surest page with a recall below {LOST} says {honest['surest']:.2f}")
    honest["cells"] = cells_below(scans, found, engine)
    print(*honest["cells"], sep="\n")
    return honest


def main() -> int:
    options = arguments()
    on_one_core()
    dpis, kinds = [int(dpi) for dpi in options.dpi.split(",")], options.kinds.split(",")
    pages = options.pages or len(dpis) * len(kinds) * len(CONDITIONS)
    with tempfile.TemporaryDirectory(prefix="docbeam-scans-") as scratch:
        scans = list(make_scans(options.keep or Path(scratch), dpis, kinds, pages, options.seed))
        write_truth(scans)
        found, spent = read_all(scans, options)
        others = [scan for folder in options.others for scan in told(folder)]
        own = [name for name in found if name not in BARE]
        if others and own:
            only = argparse.Namespace(**{**vars(options), "engines": ",".join(own)})
            for name, readings in read_all(others, only)[0].items():
                found[name].update(readings)
    report(scans, found, spent)
    verdicts = {name: judged(scans, others, found, name) for name in own}
    if options.json:
        options.json.write_text(as_json(scans, found, spent, verdicts), encoding="utf-8")
    return int(any(verdict["cells"] or not verdict["ok"] for verdict in list(verdicts.values())[:1]))


if __name__ == "__main__":
    sys.exit(main())
