"""What to do about one document."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from schemas.document import DocumentStatus
from schemas.plan import Action, Known

#: The first failed try is followed by the next run; each further one waits twice as long as the one before.
_FIRST_BACKOFF = 20 * 3600.0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a run wants."""

    #: Seconds since the epoch when the run started.
    now: float
    force: bool = False
    max_attempts: int = 6


def decide(stamp: str, known: Known | None, rules: Rules) -> Action:
    """What to do about a listed document; `stamp` is the listing's. Inputs that could not be listed are none."""
    if known is None or known.status == DocumentStatus.DELETED:
        return Action.NEW
    if rules.force:
        return Action.FORCED
    certain = bool(stamp and known.stamp)
    differs = certain and stamp != known.stamp
    if known.quarantine and not differs:
        return Action.QUARANTINED if certain else Action.CHECK
    if not known.current:
        return Action.OPTIONS
    return Action.CHANGED if differs else _same_version(known, certain, rules)


def _same_version(known: Known, certain: bool, rules: Rules) -> Action:
    if known.unread:
        # Whatever the stamp says: permissions come back without a new one. A try costs a question, not a parser.
        return Action.RETRY
    if known.retryable:
        return Action.RETRY if is_due(known, rules) else Action.WAITING
    return Action.UNCHANGED if certain else Action.CHECK


def is_due(known: Known, rules: Rules) -> bool:
    """Whether a document that failed for a passing reason is tried by this run."""
    if known.attempts >= rules.max_attempts:
        return False
    since = rules.now - started(known.run_id)
    # A try in the future is one of a clock that was put back since.
    return since < 0 or since >= backoff(known.attempts)


def backoff(attempts: int) -> float:
    """Seconds between the last failed try and the next one."""
    return 0.0 if attempts < 2 else _FIRST_BACKOFF * 2.0 ** (attempts - 2)


def started(run_id: str) -> float:
    """When a run started, which its id tells; 0.0 for ids of other makes."""
    try:
        return datetime.strptime(run_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
