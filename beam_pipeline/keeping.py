"""What a run that does not come to its end keeps: the documents that it had finished."""

from __future__ import annotations

from beam_pipeline.journal import last_line, ledger_of
from beam_pipeline.worker_errors import KEPT, from_worker
from schemas.failures import OutputError
from schemas.options import WriteOptions
from schemas.plan import RunFacts
from transforms.runtime.uris import is_local
from transforms.write.commit import Commit
from transforms.write.ledger import FAILED, INTERRUPTED
from transforms.write.portions import Portions
from transforms.write.records import StagedRun
from transforms.write.takeover import base_of, kept_of


def portions_of(options: WriteOptions, facts: RunFacts, planned: int) -> Portions:
    """Where a run puts the rows of the documents that it is to work on. Raises OutputError."""
    base = base_of(ledger_of(options))
    return Portions(options, StagedRun(facts=facts, format=options.format, base=base, planned=planned))


def keep(commit: Commit, portions: Portions, planned: int, error: BaseException) -> BaseException:
    """Commit the portions of a run that ends with an error; the error as it is to be told."""
    known = from_worker(error)
    finished = portions.stop()
    count = sum(len(changes.doc_ids) for changes in finished)
    if not count:
        return known
    kept = kept_of(count, planned)
    interrupted = isinstance(known, KeyboardInterrupt)
    try:
        message = kept if interrupted else f"{last_line(known)}; {kept}"
        commit.kept(finished, INTERRUPTED if interrupted else FAILED, message)
        portions.settle()
    except OutputError:
        if not is_local(commit.options.output):
            return known
        kept = f"{count:,} finished documents are staged: the next run takes them over"
    setattr(known, KEPT, kept)
    if not interrupted:
        known.args = (f"{known}; {kept}",)
    return known
