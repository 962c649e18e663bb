"""What the stages of a run are told, from its options."""

from __future__ import annotations

import time

from beam_pipeline.fingerprint import extraction_fingerprint
from schemas.options import ExtractOptions, Options
from schemas.plan import RunFacts
from transforms.fetch.fetcher import Fetcher
from transforms.plan.decide import Rules
from transforms.plan.join import Join
from transforms.plan.recall import Recall
from transforms.sandbox.pool import PoolOptions
from transforms.stores.any import AnyStore
from transforms.write.commit import Commit


def join_of(options: Options) -> Join:
    """The join of listing and output that a run with these options wants."""
    rules = Rules(now=time.time(), force=options.plan.force, max_attempts=options.plan.max_attempts)
    return Join(sources=options.source, plan=options.plan, rules=rules)


def recall_of(options: Options) -> Recall | None:
    """Where extracted documents are kept; None when they are not."""
    if not options.plan.extract_cache:
        return None
    key = extraction_fingerprint(options)
    return Recall(root=options.plan.extract_cache, max_bytes=options.plan.extract_cache_bytes, extraction=key)


def pool_options(options: ExtractOptions) -> PoolOptions:
    """The cage of the parser processes."""
    return PoolOptions(
        workers=options.workers,
        memory_limit=options.memory_limit,
        timeout=options.document_timeout,
        recycle_after=options.recycle_after,
    )


def fetcher_of(options: Options) -> Fetcher:
    """The fetcher of a run: what it fetched once it does not ask for again."""
    return Fetcher(options.fetch, AnyStore())


def commit_of(options: Options, facts: RunFacts, seen: int | None = None) -> Commit:
    """The commit of a run. `seen` is how often the output was claimed when the run began."""
    tombstones = options.plan.deleted == "tombstone"
    bound = options.plan.max_removed
    return Commit(options=options.write, facts=facts, seen=seen, tombstones=tombstones, max_removed=bound)
