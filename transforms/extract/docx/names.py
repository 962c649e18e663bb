"""Names of WordprocessingML and its neighbours, and how their attributes are read."""

from __future__ import annotations

from transforms.extract.docx.package import Node

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
V = "{urn:schemas-microsoft-com:vml}"
O = "{urn:schemas-microsoft-com:office:office}"  # noqa: E741 the prefix Office uses
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

VAL = f"{W}val"
OFF = frozenset({"0", "false", "off", "none"})


def value(parent: Node | None, name: str) -> str:
    """The w:val of the child `name` (in the w namespace); '' without parent, child or attribute."""
    child = parent.find(W + name) if parent is not None else None
    return "" if child is None else child.get(VAL) or ""


def is_on(node: Node | None) -> bool:
    """Whether an on/off element is there and not switched off."""
    return node is not None and node.get(VAL, "1") not in OFF


def flag(parent: Node | None, name: str) -> bool:
    """Whether the on/off child `name` is there and not switched off."""
    return parent is not None and is_on(parent.find(W + name))


def integer(text: str | None, default: int = 0) -> int:
    """A number as Office writes it; `default` for everything else."""
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return default
