"""Work that only adds to what was read: where it raises, the document goes on without it, and a failure row tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from schemas.failures import Failure
from transforms.runtime.guard import attempt, setback

T = TypeVar("T")
STAGE = "assemble"


class Setbacks:
    """What could not be added to the text of a document, as failures that make it partial."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def attempt(self, lost: str, page: int, function: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """The function's result, or that of `otherwise` and a failure: what is `lost`, on which page (0: on all)."""

        def instead(error: BaseException) -> T:
            self.failures.append(setback(STAGE, lost, error, page))
            return otherwise()

        return attempt(function, instead)
