"""A night that would take away most of what its inputs held is more often a mistake than a clean-up."""

from __future__ import annotations

from schemas.failures import TooMuchGone
from schemas.options import PlanOptions
from schemas.plan import Changes

#: Fewer are no alarm, unless a share is asked for: one of two documents is half of them.
FEW = 5


def too_much_gone(changes: Changes, share: float) -> str:
    """Why a night is not to be committed that leaves at most this share of documents without rows; '' if it may be."""
    losing, held = changes.losing, changes.held
    few = losing < FEW and share == PlanOptions().max_removed
    if few or losing <= share * held:
        return ""
    return (
        f"{losing} of the {held} documents that the inputs held are gone, more than --max-removed {share:g} allows: "
        "nothing is changed; if that is right, run with --max-removed 1 (or --deleted keep)"
    )


def refuse_losses(changes: Changes, share: float) -> None:
    """Raise TooMuchGone when too many documents would lose their rows."""
    if reason := too_much_gone(changes, share):
        raise TooMuchGone(reason)
