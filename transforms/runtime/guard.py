"""The one place that catches broadly: whatever one document raises becomes a Failure; broken set-ups stop the run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from schemas.failures import Category, ConfigurationError, DocumentError, Failure, OutputError

T = TypeVar("T")
STOPS_THE_RUN = (ConfigurationError, OutputError)
TRACEBACK_CHARS = 8_000


@dataclass
class Raised:
    """An error as a value; its notes hold the traceback of the process it was raised in."""

    error: BaseException


def captured(function: Callable[[], T]) -> T | Raised:
    """The function's result, or what it raised."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - the guard
        return Raised(error)


def attempt(function: Callable[[], T], otherwise: Callable[[BaseException], T]) -> T:
    """The function's result; where it raises, what `otherwise` makes of the error.

    For work that only adds to what has been read already. Raises what stops the run and a lack of memory as they are:
    the same work with more memory would not fail.
    """
    result = captured(function)
    if not isinstance(result, Raised):
        return result
    if isinstance(result.error, (*STOPS_THE_RUN, MemoryError)):
        raise result.error
    return otherwise(result.error)


def guarded(stage: str, function: Callable[[], T]) -> T | Failure:
    """The function's result, or the Failure that its error means.

    Raises ConfigurationError and OutputError as they are: no document can be processed rightly after them.
    """
    result = captured(function)
    if not isinstance(result, Raised):
        return result
    if isinstance(result.error, STOPS_THE_RUN):
        raise result.error
    return failure_of(stage, result.error)


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


def setback(stage: str, lost: str, error: BaseException, page: int = 0) -> Failure:
    """The record of an error that costs a document, or one page of it, something but not its text."""
    failure = failure_of(stage, error)
    return msgspec.structs.replace(
        failure,
        category=Category.PARTIAL,
        message=f"{lost}: {failure.message}",
        hint="the text is kept; report this with the traceback column",
        page=page,
    )


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-TRACEBACK_CHARS:]
