"""The bytes of a fetched document once more, for stages that read them after others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from schemas.failures import Category, DocumentError, Failure, SourceChanged, SourceUnavailable
from schemas.part import Part
from schemas.source import Fetched, SourceRef

#: Brings a source's bytes to this machine (again) and keeps them there while it is open.
OpenSource = Callable[[SourceRef], AbstractContextManager[Fetched]]
_LOST = frozenset({Category.UNAVAILABLE, Category.CHANGED})


@contextmanager
def reopened(open_source: OpenSource, part: Part) -> Iterator[Fetched]:
    """The bytes that the part was made from. Raises SourceUnavailable or SourceChanged when they are not to be had."""
    with ExitStack() as stack:
        try:
            fetched = stack.enter_context(open_source(part.ref))
        except (SourceUnavailable, SourceChanged):
            raise
        except DocumentError as error:
            # Whatever the reason: it was there a moment ago, so that the next run may find it again.
            raise SourceUnavailable(f"{error.message}, after it was fetched") from error
        if fetched.sha256 != part.info.content_hash:
            raise SourceChanged(
                "the source changed while it was being processed", hint="run again once the source is at rest"
            )
        yield fetched


def was_lost(failure: Failure) -> bool:
    """Whether a stage failed because the source was not to be had any more: the version was never read."""
    return failure.category in _LOST
