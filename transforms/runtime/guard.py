"""The one place that catches broadly: whatever one document raises becomes a Failure; broken set-ups stop the run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from schemas.failures import Category, ConfigurationError, DocumentError, Failure, OutputError

T = TypeVar("T")
STOPS_THE_RUN = (ConfigurationError, OutputError)
TRACEBACK_CHARS = 8_000


def guarded(stage: str, function: Callable[[], T]) -> T | Failure:
    """The function's result, or the Failure that its error means.

    Raises ConfigurationError and OutputError as they are: no document can be processed rightly after them.
    """
    try:
        return function()
    except STOPS_THE_RUN:
        raise
    except Exception as error:  # noqa: BLE001 - the guard
        return failure_of(stage, error)


def failure_of(stage: str, error: BaseException) -> Failure:
    """A typed record of an error; unexpected kinds are 'internal' and carry their traceback."""
    if isinstance(error, DocumentError):
        return Failure(
            stage=stage,
            category=error.category,
            message=error.message,
            hint=error.hint,
            retryable=error.retryable,
            page=error.page,
            context=dict(error.context),
            traceback=_trace(error),
        )
    memory = isinstance(error, MemoryError)
    return Failure(
        stage=stage,
        category=Category.MEMORY if memory else Category.INTERNAL,
        message=f"{type(error).__name__}: {error}",
        hint="raise --memory-limit, or exclude the document" if memory else "report this with the traceback column",
        traceback=_trace(error),
    )


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-TRACEBACK_CHARS:]
