"""Commands that change an output without reading documents: each holds the output's lock and leaves a row in `runs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import msgspec

from beam_pipeline.facts import new_run_id
from beam_pipeline.jobs import forget as forgetting
from beam_pipeline.jobs.forget import below, uncovered
from beam_pipeline.jobs.journal import ledger_of
from schemas.options import WriteOptions
from schemas.plan import RunFacts
from transforms.lake.datasets import output_format
from transforms.lake.log.ledger import Ledger, find_run, utc_now
from transforms.lake.log.lock import only_writer
from transforms.lake.roots import output_root
from transforms.write import maintain

T = TypeVar("T")


def restore(output: str, run: str) -> dict[str, int]:
    """Make the tables say what they said after a run; the new version of each."""
    return _kept_apart(output, "restore", lambda ledger, facts: _restore(ledger, run, facts))


def _restore(ledger: Ledger, run: str, facts: RunFacts) -> dict[str, int]:
    return maintain.restore_run(ledger, find_run(ledger.read(), run), facts)


def compact(output: str, file_bytes: int, row_group_rows: int) -> dict[str, dict[str, int]]:
    """Join small files; files added and removed by table."""
    return _kept_apart(output, "compact", lambda led, facts: maintain.compact(led, facts, file_bytes, row_group_rows))


def vacuum(output: str, keep: timedelta, *, dry_run: bool = False) -> list[str]:
    """Remove what no version younger than `keep` needs; the paths."""
    return _kept_apart(output, "vacuum", lambda ledger, _: maintain.vacuum(ledger, keep, dry_run=dry_run))


def forget(output: str, prefixes: Sequence[str], *, share: float, dry_run: bool = False) -> tuple[list[str], str]:
    """Take documents out of the tables: those of `prefixes`, or without any those that no input covers.

    Returns their URIs, and the run whose inputs count.
    """

    def act(ledger: Ledger, facts: RunFacts) -> tuple[list[str], str]:
        is_wanted, run = (below(prefixes), "") if prefixes else uncovered(ledger.read())
        bound = 1.0 if prefixes else share
        return forgetting.forget(ledger, facts, is_wanted, bound, dry_run=dry_run), run

    return _kept_apart(output, "forget", act)


def migrate(output: str) -> list[str]:
    """Rewrite tables whose columns are of other types than today's; their names."""
    return _kept_apart(output, "migrate", maintain.migrate)


def _kept_apart(output: str, kind: str, act: Callable[[Ledger, RunFacts], T]) -> T:
    root = output_root(output)
    options = msgspec.convert({"output": root, "format": output_format(root)}, WriteOptions)
    with only_writer(root):
        return act(ledger_of(options), RunFacts(run_id=new_run_id(), kind=kind, started=utc_now()))
