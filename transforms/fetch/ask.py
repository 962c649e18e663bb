"""Asks sources whether they changed, many at a time: an answer costs the time of a connection, not of a core."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing.pool import ThreadPool

from schemas.part import Part
from schemas.plan import Action, Planned, Touch
from transforms.fetch.parts import OpenSource, settled

#: Questions at a time.
ASKERS = 8
#: Questions that are put together: how far more than the most bytes may be fetched.
_QUEUE = 8 * ASKERS
#: What became of a source: it changed (with its bytes in the cache), it has news for its row, or nothing is new.
Answer = Part | Touch | None
#: Hears of every answer.
Hear = Callable[[Answer], None]


def ask(
    work: Sequence[Planned], open_source: OpenSource, fingerprint: str, most_bytes: int, hear: Hear
) -> Iterator[Planned | Part]:
    """What is left to do of `work`, in its order, once the sources that can tell of a change were asked.

    What changed is fetched on the way. When that comes to `most_bytes`, nothing more is asked: the cache would drop
    what was fetched before it is used.
    """
    fetched = 0
    waiting = iter(work)

    def answer_to(item: Planned) -> Planned | Answer:
        return settled(item, open_source, fingerprint) if fetched < most_bytes and can_tell(item) else item

    # Its threads are daemons: an interrupt need not wait for servers that do not answer.
    with ThreadPool(ASKERS) as threads:
        while some := list(islice(waiting, _QUEUE)):
            for answer in (threads.imap if any(map(can_tell, some)) else map)(answer_to, some):
                if isinstance(answer, Planned):
                    yield answer
                    continue
                hear(answer)
                if isinstance(answer, Part):
                    fetched += answer.info.size
                    yield answer


def can_tell(item: Planned) -> bool:
    """Whether an answer can spare the document's bytes."""
    known = item.known
    return item.action is Action.CHECK and known is not None and bool(known.etag or known.last_modified)
