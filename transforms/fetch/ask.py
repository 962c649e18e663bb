"""Asks sources whether they changed, many at a time: an answer costs the time of a connection, not of a core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from schemas.part import Part
from schemas.plan import Action, Planned, Touch
from transforms.fetch.parts import OpenSource, settled
from transforms.runtime.threads import Threads

#: Questions at a time.
ASKERS = 8
#: Servers that answer faster leave nothing to wait for: more threads than these only get in each other's way.
NEAR_SECONDS, NEAR_ASKERS = 0.005, 2
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
    took: list[float] = []

    def answer_to(item: Planned) -> Planned | Answer:
        if fetched >= most_bytes or not can_tell(item):
            return item
        begin = time.monotonic()
        answer = settled(item, open_source, fingerprint)
        took.append(time.monotonic() - begin)
        return answer

    # Its threads are daemons: an interrupt need not wait for servers that do not answer.
    with Threads(ASKERS) as threads:
        some = list(islice(waiting, ASKERS))
        while some:
            # The quickest answer tells how far the servers are: the others may have waited for this machine.
            near = bool(took) and min(took) < NEAR_SECONDS
            took.clear()
            for answer in threads.imap(answer_to, some, -(-len(some) // NEAR_ASKERS) if near else 1):
                if isinstance(answer, Planned):
                    yield answer
                    continue
                hear(answer)
                if isinstance(answer, Part):
                    fetched += answer.info.size
                    yield answer
            some = list(islice(waiting, _QUEUE))


def can_tell(item: Planned) -> bool:
    """Whether an answer can spare the document's bytes."""
    known = item.known
    return item.action is Action.CHECK and known is not None and bool(known.etag or known.last_modified)
