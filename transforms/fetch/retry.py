"""Tries again what may succeed the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from schemas.failures import DocumentError

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_LONGEST_RETRY_AFTER = 60.0
T = TypeVar("T")


class Transient(Exception):
    """An attempt failed in a way that may pass; `retry_after` is the seconds the source asks us to wait."""

    def __init__(self, failure: DocumentError, retry_after: float | None = None) -> None:
        super().__init__(failure.message)
        self.failure, self.retry_after = failure, retry_after


def retrying(attempt: Callable[[], T], retries: int, seconds: float) -> T:
    """Result of `attempt`, tried again after each Transient: at most `retries` times, never starting after `seconds`.

    Delays are random below an exponentially growing bound ("full jitter"), so that many workers do not return at once.
    """
    policy = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient),
        stop=tenacity.stop_after_attempt(retries + 1) | tenacity.stop_before_delay(seconds),
        wait=_delay,
        reraise=True,
    )
    try:
        return policy(attempt)
    except Transient as error:
        raise error.failure from error.__cause__


def _delay(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Transient) and error.retry_after is not None:
        return min(error.retry_after, _LONGEST_RETRY_AFTER)
    return tenacity.wait_random_exponential(multiplier=_FIRST_DELAY, max=_LONGEST_DELAY)(state)
