"""Office Math (OMML) as linear text: (a+b)/2, x^2, ∑_(i=1)^n x_i, √(x)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from transforms.extract.docx.names import M, W
from transforms.extract.docx.package import Node

_BLANKS = re.compile(r" {2,}")
M_VAL = f"{M}val"
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
#: Parts that hold settings, not text.
_SILENT = frozenset({f"{W}del", f"{W}moveFrom", f"{W}rPr", f"{W}instrText"})


def linear_math(node: Node) -> str:
    """Text of m:oMath or m:oMathPara; several equations of one m:oMathPara stand on lines of their own."""
    if node.tag == f"{M}oMathPara":
        return "\n".join(filter(None, (linear_math(child) for child in node.iterchildren(f"{M}oMath"))))
    return _BLANKS.sub(" ", _inside(node)).strip()


def _inside(node: Node | None) -> str:
    return "".join(map(_linear, node)) if node is not None else ""


def _linear(node: Node) -> str:
    tag = node.tag
    if tag in {f"{M}t", f"{W}t"}:
        return node.text or ""
    if not isinstance(tag, str) or tag in _SILENT or tag.endswith("Pr"):
        return ""
    build = _BUILDERS.get(tag)
    return build(node) if build is not None else _inside(node)


def _part(node: Node, name: str) -> str:
    return _inside(node.find(M + name)).strip()


def _grouped(text: str) -> str:
    """In parentheses unless it reads as one thing anyway."""
    single = len(text) <= 1 or text.isalnum() or (text[0] == "(" and text.find(")") == len(text) - 1)
    return text if single else f"({text})"


def _setting(node: Node, name: str, default: str) -> str:
    found = node.find(f"{node.tag}Pr/{M}{name}")
    return default if found is None else found.get(M_VAL, default if name != "chr" else "")


def _hidden(node: Node, name: str) -> bool:
    found = node.find(f"{node.tag}Pr/{M}{name}")
    return found is not None and found.get(M_VAL, "1") not in {"0", "off", "false"}


def _fraction(node: Node) -> str:
    above, below = _grouped(_part(node, "num")), _grouped(_part(node, "den"))
    return f"{above}¦{below}" if _setting(node, "type", "bar") == "noBar" else f"{above}/{below}"


def _scripts(node: Node) -> str:
    """Base with its subscript, then its superscript; the ones in front of the base for m:sPre."""
    low, high = _part(node, "sub"), _part(node, "sup")
    scripts = (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")
    base = _grouped(_part(node, "e"))
    return f"{scripts} {base}" if node.tag == f"{M}sPre" else base + scripts


def _limit(node: Node) -> str:
    sign = "_" if node.tag == f"{M}limLow" else "^"
    return f"{_part(node, 'e')}{sign}{_grouped(_part(node, 'lim'))}"


def _radical(node: Node) -> str:
    degree = "" if _hidden(node, "degHide") else _part(node, "deg")
    sign = _ROOTS.get(degree)
    radicand = _part(node, "e")
    return f"{sign}({radicand})" if sign is not None else f"√[{degree}]({radicand})"


def _nary(node: Node) -> str:
    low = "" if _hidden(node, "subHide") else _part(node, "sub")
    high = "" if _hidden(node, "supHide") else _part(node, "sup")
    scripts = (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")
    return f"{_setting(node, 'chr', '∫')}{scripts} {_part(node, 'e')}"


def _delimited(node: Node) -> str:
    found = {name: node.find(f"{M}dPr/{M}{name}") for name in ("begChr", "sepChr", "endChr")}
    left, middle, right = (
        default if sign is None else sign.get(M_VAL, "")
        for sign, default in zip(found.values(), ("(", "|", ")"), strict=True)
    )
    return left + middle.join(_inside(part).strip() for part in node.iterchildren(f"{M}e")) + right


def _function(node: Node) -> str:
    name, argument = _part(node, "fName"), _part(node, "e")
    grouped = argument if argument.startswith(("(", "[", "{")) else _grouped(argument)
    # The blank in front keeps the name apart from a factor: a cos(x).
    return f" {name}{grouped}" if grouped.startswith(("(", "[", "{")) else f" {name} {grouped}"


def _matrix(node: Node) -> str:
    rows = (", ".join(_inside(e).strip() for e in row.iterchildren(f"{M}e")) for row in node.iterchildren(f"{M}mr"))
    return f"[{'; '.join(rows)}]"


def _equations(node: Node) -> str:
    return "\n".join(_inside(part).strip() for part in node.iterchildren(f"{M}e"))


def _accent(node: Node) -> str:
    base, mark = _part(node, "e"), _setting(node, "chr", "\u0302")
    if len(base) == 1 and mark and unicodedata.combining(mark[0]):
        return base + mark
    return base if not mark else f"{_grouped(base)}{mark}"


def _bar(node: Node) -> str:
    base = _part(node, "e")
    return f"{base}\u0305" if len(base) == 1 else f"‾{_grouped(base)}"


_BUILDERS: dict[str, Callable[[Node], str]] = {
    f"{M}f": _fraction,
    f"{M}sSup": _scripts,
    f"{M}sSub": _scripts,
    f"{M}sSubSup": _scripts,
    f"{M}sPre": _scripts,
    f"{M}limLow": _limit,
    f"{M}limUpp": _limit,
    f"{M}rad": _radical,
    f"{M}nary": _nary,
    f"{M}d": _delimited,
    f"{M}func": _function,
    f"{M}m": _matrix,
    f"{M}eqArr": _equations,
    f"{M}acc": _accent,
    f"{M}bar": _bar,
}
