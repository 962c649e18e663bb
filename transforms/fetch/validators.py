"""What an earlier fetch learnt of a source, as its server likes to be asked."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

import msgspec


class Validators(msgspec.Struct, frozen=True):
    """ETag and time of an earlier fetch, as the documents table holds them."""

    etag: str = ""
    #: ISO 8601, or what the server wrote.
    last_modified: str = ""
    #: Size and time, for files and objects.
    stamp: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """Headers of a conditional request; none when nothing is known."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": http_date(self.last_modified)}
        return {name: value for name, value in headers.items() if value}


class NotModified(Exception):
    """The source is what the validators told, and its bytes are not here."""


def http_date(value: str) -> str:
    """The date of an HTTP header for an ISO 8601 time; other values as they are."""
    try:
        return format_datetime(datetime.fromisoformat(value), usegmt=True)
    except ValueError:
        return value
