"""Drawings of a DOCX file: pictures, charts and text boxes, in DrawingML and in the older VML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.content import Image
from transforms.extract.docx.names import MC, WP, A, V, W, integer
from transforms.extract.docx.package import Node

#: English Metric Units per pixel at 96 dpi.
EMU_PER_PIXEL = 9525
CHARTS = frozenset(
    {
        "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart",
        "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds",
    }
)
_PICTURE_PROPERTIES = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_LENGTH = re.compile(r"(?:^|;)\s*(width|height):\s*([\d.]+)(pt|px|in|cm|mm)?")
_PIXELS = {"pt": 96 / 72, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, None: 1.0}


class Picture(NamedTuple):
    """A picture or chart where it is anchored in the text."""

    image: Image


class TextBox(NamedTuple):
    """A text box where it is anchored: its content is a story of paragraphs and tables."""

    content: Node


class WordArt(NamedTuple):
    """Text drawn as a shape; watermarks are this."""

    text: str


Drawn = Picture | TextBox | WordArt


def chosen(alternatives: Node) -> Node | None:
    """The branch of mc:AlternateContent to read: the first choice, else the fallback; never both."""
    choice = alternatives.find(f"{MC}Choice")
    return choice if choice is not None else alternatives.find(f"{MC}Fallback")


def drawn_items(node: Node) -> Iterator[Drawn]:
    """Pictures and texts of w:drawing, w:pict or w:object in file order; text boxes are not entered."""
    yield from _items(node, node)


def _items(node: Node, frame: Node) -> Iterator[Drawn]:
    """`frame` is the nearest ancestor that knows size and alternative text."""
    tag = node.tag
    if tag == f"{W}txbxContent":
        yield TextBox(node)
        return
    if tag == f"{MC}AlternateContent":
        node = chosen(node)
    elif tag == f"{A}blip" or tag in CHARTS:
        yield Picture(_drawing_image(frame))
    elif tag == f"{V}imagedata":
        yield Picture(_vml_image(frame))
    elif tag == f"{V}textpath" and node.get("string"):
        yield WordArt(node.get("string"))
    elif tag in {f"{WP}inline", f"{WP}anchor", f"{_PICTURE_PROPERTIES}pic"} or tag.startswith(V):
        frame = node if tag != f"{_PICTURE_PROPERTIES}pic" or _described(node) else frame
    for child in node if node is not None else ():
        if isinstance(child.tag, str):
            yield from _items(child, frame)


def _described(picture: Node) -> bool:
    return any(node.get("descr") for node in picture.iter(f"{_PICTURE_PROPERTIES}cNvPr"))


def _drawing_image(frame: Node) -> Image:
    properties = next(frame.iter(f"{WP}docPr", f"{_PICTURE_PROPERTIES}cNvPr"), None)
    extent = next(frame.iter(f"{WP}extent", f"{A}ext"), None)
    alt = (properties.get("descr") or properties.get("title") or "") if properties is not None else ""
    if extent is None:
        return Image(None, alt=alt.strip())
    width, height = (integer(extent.get(side)) // EMU_PER_PIXEL for side in ("cx", "cy"))
    return Image(None, max(0, width), max(0, height), alt.strip())


def _vml_image(frame: Node) -> Image:
    sizes = {name: float(size) * _PIXELS[unit or None] for name, size, unit in _lengths(frame.get("style", ""))}
    return Image(None, round(sizes.get("width", 0)), round(sizes.get("height", 0)), frame.get("alt", "").strip())


def _lengths(style: str) -> Iterator[tuple[str, str, str]]:
    for name, size, unit in _LENGTH.findall(style):
        if re.fullmatch(r"\d{1,6}(\.\d*)?", size):
            yield name, size, unit
