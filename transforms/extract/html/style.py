"""What inline styles and presentational attributes hide from a reader. Style sheets are not evaluated."""

from __future__ import annotations

import re

import msgspec
from lxml import etree

_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;]+)")
_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|em|rem|pt|vw|vh|%|cm|in)?$")
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})$")
_RGB = re.compile(r"rgba?\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)\s*(?:[,/]\s*([\d.]+%?)\s*)?\)$")
_COLOURS = {
    "black": "000000",
    "white": "ffffff",
    "red": "ff0000",
    "green": "008000",
    "blue": "0000ff",
    "yellow": "ffff00",
    "gray": "808080",
    "grey": "808080",
    "silver": "c0c0c0",
    "navy": "000080",
}
#: Pixels or ems beyond which a shifted box cannot be scrolled into view.
_OFF_SCREEN = -900.0


class Look(msgspec.Struct, frozen=True):
    """Visibility as inherited down the tree. Colours are 'rrggbb', '' where unknown."""

    #: Why this subtree is invisible whatever its descendants say.
    gone: str = ""
    invisible: bool = False
    zero_size: bool = False
    color: str = ""
    background: str = ""
    #: Whether `display` makes the element a box of its own; not inherited.
    block: bool = False

    @property
    def hidden(self) -> str:
        """The reason that text cannot be seen; '' for visible text."""
        if self.gone:
            return self.gone
        if self.invisible:
            return "visibility: hidden"
        if self.zero_size:
            return "font size 0"
        return "color of its background" if self.color and self.color == self.background else ""


def declarations(style: str) -> dict[str, str]:
    """Properties of a style attribute, lower case."""
    return {name.lower(): value.strip().lower() for name, value in _DECLARATION.findall(style)}


def derive_look(look: Look, element: etree._Element) -> Look:
    """The look inside `element`, given the one around it."""
    attributes = element.attrib
    changes: dict[str, str | bool] = {"block": False} if look.block else {}
    style = declarations(attributes["style"]) if "style" in attributes else {}
    if "hidden" in attributes:
        changes["gone"] = "hidden attribute"
    elif element.tag == "dialog" and "open" not in attributes:
        changes["gone"] = "closed dialog"
    if "bgcolor" in attributes or (element.tag == "font" and "color" in attributes):
        changes |= _presentational(element)
    if style:
        changes |= _styled(style)
    if look.gone:
        changes["gone"] = look.gone
    return msgspec.structs.replace(look, **changes) if changes else look


def _presentational(element: etree._Element) -> dict[str, str | bool]:
    changes: dict[str, str | bool] = {}
    if "bgcolor" in element.attrib:
        changes["background"] = parse_colour(element.attrib["bgcolor"])
    if element.tag == "font" and "color" in element.attrib:
        changes["color"] = parse_colour(element.attrib["color"])
    return changes


def _styled(style: dict[str, str]) -> dict[str, str | bool]:
    changes: dict[str, str | bool] = {}
    display = style.get("display", "")
    if display:
        changes["block"] = display.startswith(("block", "flex", "grid", "list-item", "table", "flow-root"))
    if reason := _gone(style):
        changes["gone"] = reason
    if "visibility" in style:
        changes["invisible"] = style["visibility"].startswith(("hidden", "collapse"))
    if "font-size" in style:
        changes["zero_size"] = _length(style["font-size"]) == 0
    if "color" in style:
        changes["color"] = parse_colour(style["color"])
    if backgrounds := [style[name] for name in ("background-color", "background") if name in style]:
        changes["background"] = parse_colour(backgrounds[0])
    return changes


def _gone(style: dict[str, str]) -> str:
    if style.get("display", "").startswith("none"):
        return "display: none"
    if _length(style.get("opacity", "1").removesuffix("!important").strip()) == 0:
        return "opacity 0"
    if style.get("position", "").startswith(("absolute", "fixed")) and _shifted(style, ("left", "top", "right")):
        return "off screen"
    if _shifted(style, ("text-indent", "margin-left", "margin-top")):
        return "off screen"
    clipped = style.get("overflow", "").startswith("hidden")
    return "box of size 0" if clipped and any(_length(style.get(side, "")) == 0 for side in ("width", "height")) else ""


def _shifted(style: dict[str, str], sides: tuple[str, ...]) -> bool:
    return any((_length(style.get(side, "")) or 0.0) <= _OFF_SCREEN for side in sides)


def _length(value: str) -> float | None:
    match = _LENGTH.match(value.removesuffix("!important").strip())
    return float(match.group(1)) if match else None


def parse_colour(value: str) -> str:
    """'rrggbb' of a CSS or HTML colour; '' for one that is unknown or lets the background through."""
    text = value.lower().removesuffix("!important").strip()
    if match := _HEX.match(text):
        digits = match.group(1)
        return "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    if match := _RGB.match(text):
        if match.group(4) not in (None, "1", "1.0", "100%"):
            return ""
        return "".join(f"{min(255, int(channel)):02x}" for channel in match.groups()[:3])
    return _COLOURS.get(text, "")
