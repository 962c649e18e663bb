"""Runs of inline text: white space collapsed as a browser does, one span per style."""

from __future__ import annotations

import re

from schemas.content import Span

#: What HTML collapses; no-break and ideographic spaces are not in it.
_SPACE = re.compile(r"[ \t\n\r\f]+")


class InlineText:
    """Collects the text of one block, cell or caption."""

    def __init__(self) -> None:
        self._parts: list[tuple[str, int]] = []
        self._last = "\n"

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, text: str, style: int = 0, preserve: bool = False) -> None:
        """Append a run; without `preserve` white space collapses, also across runs."""
        if not preserve:
            text = _SPACE.sub(" ", text)
            if text.startswith(" ") and self._last in " \n":
                text = text[1:]
        if text:
            self._parts.append((text, style))
            self._last = text[-1]

    @property
    def after_break(self) -> bool:
        """Whether the next run starts a line."""
        return self._last == "\n"

    def new_line(self) -> None:
        """Start a line; nothing happens before the first text."""
        if self._parts:
            self._trim()
            self._parts.append(("\n", self._parts[-1][1] if self._parts else 0))
            self._last = "\n"

    def soft_break(self) -> None:
        """Start a line unless a line has just started."""
        if not self.after_break:
            self.new_line()

    def take(self, preserve: bool = False, hidden: str = "") -> tuple[Span, ...]:
        """The collected spans; empties the collector. Blank text gives ()."""
        parts, self._parts, self._last = self._parts, [], "\n"
        while parts and not (tail := parts[-1][0].rstrip(" \t\n\r\f")):
            parts.pop()
        if not parts:
            return ()
        parts[-1] = (tail, parts[-1][1])
        if preserve:
            parts[0] = (re.sub(r"^([ \t]*\r?\n)+", "", parts[0][0]), parts[0][1])
        return tuple(Span(text, style=style, hidden=hidden) for text, style in _merge(parts) if text)

    def text(self) -> str:
        """The collected text without its styles; empties the collector."""
        return "".join(span.text for span in self.take())

    def _trim(self) -> None:
        text, style = self._parts[-1]
        self._parts[-1] = (text.rstrip(" "), style)
        if not self._parts[-1][0]:
            self._parts.pop()


def _merge(parts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    merged: list[tuple[list[str], int]] = []
    for text, style in parts:
        if merged and (merged[-1][1] == style or not text.strip()):
            merged[-1][0].append(text)
        else:
            merged.append(([text], style))
    return [("".join(texts), style) for texts, style in merged]
