"""What Beam says that tells nobody anything."""

from __future__ import annotations

import logging

#: On the root logger, when it is imported and later, of packages that docbeam does without.
_SAID = ("apitools not found", "Resource module is not available")


def hush() -> None:
    """Keep it from the log. Twice is once."""
    logging.getLogger().addFilter(_worth_it)


def _worth_it(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_SAID)
