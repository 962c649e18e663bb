"""Durations and sizes as people write them: 90, 90s, 5m, 2h; 512MB, 2GiB."""

from __future__ import annotations

import re

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_seconds(text: str) -> float:
    """Seconds, more than 0; without a unit the number is seconds. ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise ValueError(f"{text!r} is no duration: write 90s, 5m or 2h")
    return seconds


def parse_size(text: str) -> int:
    """Bytes of '512MB' (10^6), '2GiB' (2^20 ... 2^40) or a plain number; ValueError for anything else."""
    match = _SIZE.fullmatch(text)
    if not match or (match[3] and not match[2]):
        raise ValueError(f"{text!r} is not a size; write a number of bytes, or one with a unit such as 512MB or 2GiB")
    number, unit, binary = match.groups()
    factor: int = (1024 if binary else 1000) ** _POWERS[unit.lower()]
    return round(float(number) * factor)


def format_size(count: int) -> str:
    """Bytes in the largest binary unit that divides them, readable by `parse_size`."""
    for unit, power in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count and count % (1 << power) == 0:
            return f"{count >> power}{unit}"
    return str(count)


def many(count: int, noun: str) -> str:
    """A count of things in words: 1 document, 2 documents."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
