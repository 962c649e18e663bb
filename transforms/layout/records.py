"""What travels between the parser process and the models, and what the models say. All of it pickles."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Box

Array = NDArray[Any]

#: 'full' looks at the page image too, 'graph' only at the lines of text.
Tier = Literal["full", "graph"]


class View(msgspec.Struct, frozen=True, array_like=True):
    """The picture of a page that a detector wants, in pixels."""

    width: int
    height: int
    #: Whether the page keeps its proportions and leaves a part of the picture empty.
    keep_aspect: bool = False


class PrepareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the parser process prepares for each page."""

    #: Names of the per-line features, in the order the network was trained with.
    feature_names: tuple[str, ...]
    #: Beyond this many lines a page is refused: the network's memory grows with the square of it.
    max_nodes: int = 1500
    #: Whether to add the thumbnail that the image network reads.
    thumbnail: bool = True
    #: Whether to add the page raster that tables are cut from.
    raster: bool = True
    #: Whether to read the lines of text: without them there are no boxes, features, patterns and edges.
    lines: bool = True
    #: The picture that a detector reads; None for none.
    view: View | None = None


class PageInput(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One page as the networks read it: a graph of text lines. Boxes are in points, origin top-left."""

    width: float
    height: float
    #: Why the page has no input ('too many lines', ...); '' when it has.
    refused: str = ""
    #: (nodes, 4) float32.
    boxes: Array = msgspec.field(default_factory=lambda: np.zeros((0, 4), np.float32))
    #: (nodes, features) float32.
    features: Array = msgspec.field(default_factory=lambda: np.zeros((0, 0), np.float32))
    #: (nodes, 40) float32: the shape of each line's text.
    patterns: Array = msgspec.field(default_factory=lambda: np.zeros((0, 40), np.float32))
    #: (2, edges) int64.
    edges: Array = msgspec.field(default_factory=lambda: np.zeros((2, 0), np.int64))
    #: 300 x 300 grey levels, b'' when not asked for.
    thumbnail: bytes = b""
    #: Deflated rows of pixels at 72 dpi, b'' when not asked for.
    raster: bytes = b""
    raster_width: int = 0
    raster_height: int = 0
    #: 1 (grey) or 3 (RGB).
    raster_channels: int = 1
    #: Deflated rows of RGB pixels for a detector, b'' when not asked for. No padding.
    view: bytes = b""
    view_width: int = 0
    view_height: int = 0


class LayoutBox(msgspec.Struct, frozen=True, array_like=True):
    """A region of a page: its class, how sure the network is, and the lines (indices into `PageInput.boxes`)."""

    box: Box
    cls: str
    confidence: float
    nodes: tuple[int, ...]


class GridCell(msgspec.Struct, frozen=True, array_like=True):
    """Where a line of a table stands. `node` indexes `PageInput.boxes`; ends are exclusive."""

    node: int
    row_start: int
    row_end: int
    column_start: int
    column_end: int


class TableGrid(msgspec.Struct, frozen=True, array_like=True):
    """The inner boundaries of a table in page points: n boundaries make n + 1 rows (or columns)."""

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    cells: tuple[GridCell, ...]
