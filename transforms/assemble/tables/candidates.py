"""Where tables without a lattice may stand: stacks of rules or fills, and runs of aligned text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.geometry import Box
from transforms.assemble.tables.columns import infer_columns, place
from transforms.assemble.tables.grid import all_chunks
from transforms.assemble.tables.judge import is_divided, is_table
from transforms.assemble.tables.rules import Frame, Rule, merge_rules
from transforms.assemble.tables.text import Chunk, PageText, Piece, TextRow, text_rows

#: How many stacks above a frame may be asked whether the frame belongs to them.
NEAREST_STACKS = 2
#: Chunks of running text have at least this many characters.
PROSE_CHARS = 30
#: Three rows of two chunks: the least that makes a table without rules.
MIN_PIECES = 6


@dataclass(slots=True)
class Region:
    """Text rows that may make a table, with the rules among them."""

    rows: list[TextRow]
    #: y of the rules over the whole width.
    separators: list[float] = field(default_factory=list)
    #: Shorter rules: underlines of column groups.
    rules: list[Rule] = field(default_factory=list)


def ruled_regions(frames: Sequence[Frame], pieces: Sequence[Piece]) -> list[Region]:
    """Regions between and around horizontal rules (or filled rows) of the same extent."""
    regions: list[Region] = []
    if not any(frame.horizontal for frame in frames):
        return regions
    text = PageText(pieces)
    for stack in _stacks(frames, text):
        region = _region_of(stack, text)
        if region is not None:
            box = stack.box
            region.rules += [
                r
                for f in frames
                for r in f.horizontal
                if box.y0 < r.at < box.y1
                and box.x0 - 5 < r.start
                and r.end < min(box.x1 + 5, r.start + 0.55 * box.width)
            ]
            regions.append(region)
    return regions


def _stacks(frames: Sequence[Frame], text: PageText) -> list[Frame]:
    stacks: list[Frame] = []
    boxes: list[Box] = []
    for frame in frames:
        box = frame.box
        if box.width < 40 or not frame.horizontal:
            continue
        near = (number for number in reversed(range(len(stacks))) if _same_extent(boxes[number], box))
        # Farther stacks would have to reach across the nearest ones; asking them all is quadratic on ruled forms.
        for number in itertools.islice(near, NEAREST_STACKS):
            if _joined_by_text(boxes[number], box, text):
                stacks[number].absorb(frame)
                boxes[number] = stacks[number].box
                break
        else:
            stacks.append(Frame(list(frame.horizontal), list(frame.vertical), list(frame.fills)))
            boxes.append(box)
    return stacks


def _same_extent(a: Box, b: Box) -> bool:
    shared = min(a.x1, b.x1) - max(a.x0, b.x0)
    aligned = abs(a.x0 - b.x0) <= 8 or abs(a.x1 - b.x1) <= 8
    return aligned and shared >= 0.5 * max(a.width, b.width)


def _joined_by_text(above: Box, below: Box, text: PageText) -> bool:
    """Whether the text between two frames looks like table rows."""
    if below.y0 <= above.y1 + 3:
        return True
    x0, x1 = min(above.x0, below.x0), max(above.x1, below.x1)
    between = text.between(above.y1 - 1, below.y0 + 1)
    rows = text_rows([p for p in between if x0 - 4 <= (p.box[0] + p.box[2]) / 2 <= x1 + 4], gap=0.7)
    if not rows:
        return below.y0 - above.y1 < 12
    if _stripes(above, below) and len(rows) <= 3:
        return not any(row.chunks[0].x1 - row.chunks[0].x0 > 0.6 * (x1 - x0) for row in rows)
    multiple = [row for row in rows if len(row.chunks) > 1]
    if any(row.chunks[0].x1 - row.chunks[0].x0 > 0.6 * (x1 - x0) for row in rows):
        return False
    return len(multiple) >= 0.5 * len(rows) and _gutters_hold(rows)


def _stripes(above: Box, below: Box) -> bool:
    """Whether two filled rows of the same extent stand one row apart."""
    same = abs(above.x0 - below.x0) <= 4 and abs(above.x1 - below.x1) <= 4
    return same and min(above.height, below.height) > 6 and below.y0 - above.y1 < 2.5 * below.height


def _gutters_hold(rows: Sequence[TextRow]) -> bool:
    columns = infer_columns(rows)
    return len(columns) >= 2 and (len(rows) < 4 or max(len(c.rows) for c in columns[1:]) >= 0.4 * len(rows))


def _region_of(stack: Frame, text: PageText) -> Region | None:
    box = stack.box
    horizontal = merge_rules(stack.horizontal)
    wide = sorted(r.at for r in horizontal if r.end - r.start >= 0.55 * box.width)
    if not wide or box.width < 60:
        return None
    rows = text.lane_rows(box.x0 - 4, box.x1 + 8)
    first = next((i for i, r in enumerate(rows) if (r.y0 + r.y1) / 2 > box.y0), len(rows))
    stop = next((i for i, r in enumerate(rows) if (r.y0 + r.y1) / 2 > box.y1), len(rows))
    closed = len([r for r in horizontal if not r.soft and r.end - r.start >= 0.9 * box.width]) >= 3
    if not closed:
        stop = _grow_down(rows, first, stop, wide[-1])
    first = _grow_up(rows, first, stop, wide[0])
    chosen = rows[first:stop]
    if len(chosen) < 2 or sum(len(r.chunks) > 1 for r in chosen) < max(2, 0.4 * len(chosen)):
        return None
    if _crossing(chosen, text, box) or not (is_divided(wide, chosen) or is_table(chosen)):
        return None
    return Region(chosen, wide)


def _crossing(rows: Sequence[TextRow], text: PageText, box: Box) -> bool:
    """Whether text runs across the sides of the region: then the rules do not bound it."""
    return any(
        p.box.x0 < box.x0 - 6 < p.box.x1 - 6 or p.box.x0 + 10 < box.x1 + 8 < p.box.x1
        for p in text.between(rows[0].y0, rows[-1].y1)
    )


def _grow_down(rows: Sequence[TextRow], first: int, stop: int, edge: float) -> int:
    """Take rows below the last rule or fill while they keep to the columns and the spacing."""
    reach = 2.2
    while stop < len(rows):
        row = rows[stop]
        above = rows[stop - 1].y1 if stop > first else edge
        if row.y0 - above > (reach if len(row.chunks) > 1 else 0.6) * row.size or not _fits(rows[first:stop], row):
            return stop
        stop += 1
    return stop


def _grow_up(rows: Sequence[TextRow], first: int, stop: int, edge: float) -> int:
    """Take the header above the first rule when it keeps to the columns."""
    taken = 0
    while first > 0 and taken < 3:
        row = rows[first - 1]
        limit = edge if not taken else rows[first].y0
        if limit - row.y1 > 1.1 * row.size or not _fits(rows[first:stop], row):
            break
        first, taken = first - 1, taken + 1
    return first


def _fits(rows: Sequence[TextRow], row: TextRow) -> bool:
    """Whether a row keeps to the columns of others."""
    columns = infer_columns(rows)
    if len(columns) < 2:
        return len(row.chunks) > 1
    placed = place(row, columns)
    if len(row.chunks) == 1:
        return placed[0][1] == placed[0][2] and columns[placed[0][1]].overlap(row.chunks[0]) > 0 and placed[0][1] > 0
    return all(first == last for _, first, last in placed) or any(c.numeric for c in row.chunks)


def unruled_regions(frames: Sequence[Frame], pieces: Sequence[Piece]) -> list[Region]:
    """Runs of at least three rows whose chunks keep to columns, among text that is not prose."""
    prose, rest = _split_prose(text_rows(pieces, gap=1.0))
    lanes = _lanes(prose)
    regions = []
    for lane in lanes:
        inside = [p for p in rest if lane[0] <= (p.box.x0 + p.box.x1) / 2 < lane[1]]
        if len(inside) < MIN_PIECES:
            continue
        for run in _runs(text_rows(inside, gap=1.0)):
            trimmed = _trim(run)
            if is_table(trimmed):
                regions.append(_with_rules(trimmed, frames))
    return regions


def _with_rules(rows: list[TextRow], frames: Sequence[Frame]) -> Region:
    x0, x1 = min(r.chunks[0].x0 for r in rows), max(c.x1 for c in all_chunks(rows))
    y0, y1 = rows[0].y0, rows[-1].y1
    near = [
        r
        for f in frames
        for r in f.horizontal
        if not r.soft and y0 - 2 < r.at < y1 + 2 and r.start > x0 - 20 and r.end < x1 + 20
    ]
    wide = sorted(r.at for r in near if r.end - r.start >= 0.8 * (x1 - x0))
    return Region(rows, wide, [r for r in near if r.end - r.start < 0.8 * (x1 - x0)])


def _split_prose(rows: Sequence[TextRow]) -> tuple[list[Chunk], list[Piece]]:
    """(chunks of running text, pieces of everything else)."""
    prose: list[Chunk] = []
    rest: list[Piece] = []
    long = [[chunk for chunk in row.chunks if len(chunk.text) >= PROSE_CHARS] for row in rows]
    for number, row in enumerate(rows):
        near = [c.x0 for chunks in (*long[max(0, number - 2) : number], *long[number + 1 : number + 3]) for c in chunks]
        for chunk in row.chunks:
            if chunk in long[number] and any(abs(x - chunk.x0) < 12 for x in near) and not chunk.numeric:
                prose.append(chunk)
            else:
                rest += chunk.pieces
    return prose, rest


def _lanes(prose: Sequence[Chunk]) -> list[tuple[float, float]]:
    """Side-by-side columns of running text, as x intervals that cover the page."""
    spans: list[list[float]] = []
    for chunk in sorted(prose, key=lambda c: c.x1 - c.x0):
        met = [s for s in spans if min(s[1], chunk.x1) > max(s[0], chunk.x0)]
        if len(met) > 1 and all(s[2] >= 4 for s in met):
            continue
        merged = [chunk.x0, chunk.x1, 1.0]
        for s in met:
            merged = [min(merged[0], s[0]), max(merged[1], s[1]), merged[2] + s[2]]
            spans.remove(s)
        spans.append(merged)
    strong = sorted(s for s in spans if s[2] >= 4)
    cuts = [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(strong)]
    edges = [float("-inf"), *cuts, float("inf")]
    return list(itertools.pairwise(edges))


def _runs(rows: Sequence[TextRow]) -> list[list[TextRow]]:
    runs: list[list[TextRow]] = []
    for row in rows:
        if runs and row.y0 - runs[-1][-1].y1 <= 2.6 * row.size:
            runs[-1].append(row)
        else:
            runs.append([row])
    return [part for run in runs for part in _dense_parts(run)]


def _dense_parts(run: list[TextRow]) -> list[list[TextRow]]:
    """Cut a run where more than two rows in a row have a single chunk."""
    parts: list[list[TextRow]] = [[]]
    alone = 0
    for row in run:
        alone = alone + 1 if len(row.chunks) == 1 else 0
        if alone > 2:
            parts.append([])
        parts[-1].append(row)
    return parts


def _trim(rows: list[TextRow]) -> list[TextRow]:
    start, stop = 0, len(rows)
    while start < stop and len(rows[start].chunks) < 2:
        start += 1
    while stop > start and len(rows[stop - 1].chunks) < 2:
        stop -= 1
    return rows[start:stop]
