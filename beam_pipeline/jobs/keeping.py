"""What a run that does not come to its end keeps: the documents that it had finished."""

from __future__ import annotations

from beam_pipeline.jobs.journal import last_line, ledger_of
from beam_pipeline.jobs.worker_errors import KEPT, from_worker
from schemas.failures import OutputError, TooMuchGone
from schemas.plan import Changes
from transforms.lake.log.ledger import FAILED, INTERRUPTED
from transforms.stores.uris import is_local
from transforms.write.commit import Commit
from transforms.write.portions import Portions
from transforms.write.records import StagedRun
from transforms.write.takeover import base_of, kept_of


def portions_of(commit: Commit, planned: int, held: int = 0) -> Portions:
    """Where a run puts the rows of the documents that it is to work on. `held` are those with good rows before.

    Raises OutputError.
    """
    options, base = commit.options, base_of(ledger_of(commit.options))
    staged = StagedRun(
        facts=commit.facts,
        format=options.format,
        base=base,
        planned=planned,
        held=held,
        max_removed=commit.max_removed,
    )
    return Portions(options, staged)


def keep(commit: Commit, portions: Portions, planned: int, error: BaseException) -> BaseException:
    """Commit the portions of a run that ends with an error; the error as it is to be told."""
    known = from_worker(error)
    finished = portions.stop()
    count = sum(len(changes.doc_ids) for changes in finished)
    if not count or isinstance(known, TooMuchGone):
        portions.settle()
        return known
    kept = kept_of(count, planned)
    interrupted = isinstance(known, KeyboardInterrupt)
    try:
        message = kept if interrupted else f"{last_line(known)}; {kept}"
        commit.kept([Changes(held=portions.held), *finished], INTERRUPTED if interrupted else FAILED, message)
        portions.settle()
    except TooMuchGone:
        # It would be no better later.
        portions.settle()
        return known
    except OutputError:
        if not is_local(commit.options.output):
            return known
        kept = f"{count:,} finished documents are staged: the next run takes them over"
    setattr(known, KEPT, kept)
    if not interrupted:
        known.args = (f"{known}; {kept}",)
    return known
