"""`docbeam retry`: failed documents once more, now."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import typer

from beam_pipeline.cli.commands.ingest import Job, end_by, finish, run_job, set_log_level
from beam_pipeline.cli.console import tell
from beam_pipeline.cli.flags import ALL, with_options
from beam_pipeline.config import Resolved
from beam_pipeline.jobs.outputs import prepared
from schemas.failures import Category, ConfigurationError
from schemas.ids import document_id
from schemas.options import Options, SourceOptions
from schemas.report import RunReport
from schemas.source import SourceRef
from transforms.lake.snapshot import snapshot
from transforms.lake.sql import connect
from transforms.lake.summary import held, noted
from transforms.sources.listing import expand_manifest
from transforms.stores.any import AnyStore
from transforms.stores.uris import canonical_uri, identity_uri, is_http, is_masked

_KEYS = tuple(key for key in ALL if not key.startswith("source.") and key not in ("plan.deleted", "plan.force"))


@with_options(*_KEYS)
def retry(
    resolved: Resolved,
    *,
    category: Annotated[
        list[str] | None, typer.Option(help="Only failures of this category. Repeatable.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors and the report.")] = False,
    verbose: bool = False,
) -> None:
    """Try failed documents again now: without waiting for their next turn, also those in quarantine.

    Give the other options as for the ingest.

    Examples:

        docbeam retry -o tables

        docbeam retry -o tables --category timeout --document-timeout 600
    """
    wrong = [name for name in category or () if name not in tuple(Category)]
    if wrong:
        raise ConfigurationError(f"--category {', '.join(wrong)}: give one of {', '.join(Category)}")
    set_log_level(quiet=quiet, verbose=verbose)
    options = retry_options(resolved.options)
    found = failed_documents(options.write.output, category or ())
    if not found:
        if not quiet:
            tell("no document failed" + (f" with {' or '.join(category)}" if category else ""))
        _finish_without_run(options, as_json=as_json)
        return
    refs = with_secrets(found, resolved.options.source)
    job = Job(options=options, origins=resolved.origins, kind="retry", refs=refs)
    finish(run_job(job, quiet=quiet, verbose=verbose), options, as_json=as_json)


def _finish_without_run(options: Options, *, as_json: bool) -> None:
    """End as a retry of documents would: the exit code, and the JSON that was asked for, tell of the whole output."""
    report = RunReport(
        run_id="",
        output=options.write.output,
        format=options.write.format,
        kind="retry",
        held=held(options.write),
        notes=noted(options.write),
        fail_on=options.run.fail_on,
    )
    if as_json:
        finish(report, options, as_json=True)
    else:
        end_by(report.failure_ratio, options)


def retry_options(options: Options) -> Options:
    """The options of a run that works on exactly the documents it is given."""
    plan = msgspec.structs.replace(options.plan, force=True, deleted="keep")
    source = msgspec.structs.replace(options.source, inputs=(), manifests=(), include=(), exclude=())
    return prepared(msgspec.structs.replace(options, plan=plan, source=source))


def failed_documents(output: str, categories: Sequence[str]) -> dict[str, SourceRef]:
    """Documents with failures (of these categories, if there are any), as they were listed, by id.

    What stands for an input that could not be listed is none.
    """

    found = snapshot(output)
    wanted = "category IN (SELECT unnest($categories))" if categories else "true"
    sql = f"""
        SELECT doc_id, uri, path, manifest, metadata FROM documents
        SEMI JOIN (SELECT doc_id FROM failures WHERE {wanted} AND stage != 'list') USING (doc_id) ORDER BY uri
    """
    with connect() as database:
        for name in ("documents", "failures"):
            database.register(name, found.open(name))
        rows = database.execute(sql, {"categories": list(categories)} if categories else {}).fetchall()
    return {
        doc_id: SourceRef(
            uri=uri, path=path, manifest=manifest, metadata={pair["key"]: pair["value"] for pair in metadata}
        )
        for doc_id, uri, path, manifest, metadata in rows
    }


def with_secrets(found: Mapping[str, SourceRef], source: SourceOptions) -> tuple[SourceRef, ...]:
    """The documents with the URIs that inputs and manifests give them today: the tables hold these without secrets.

    Those whose URI is masked and that are named nowhere are told and left out; ConfigurationError when none is left.
    """

    whole = {**found, **_named_now(found, source)}
    masked = [ref for ref in whole.values() if is_http(ref.uri) and is_masked(ref.uri)]
    if masked:
        message = (
            f"{len(masked)} of the documents have secrets in their URIs, which neither tables nor manifests tell: "
            f"give the URIs to `docbeam ingest` again, first {masked[0].uri}"
        )
        if len(masked) == len(whole):
            raise ConfigurationError(message)
        tell(f"docbeam: {message}")
    return tuple(ref for ref in whole.values() if ref not in masked)


def _named_now(found: Mapping[str, SourceRef], source: SourceOptions) -> dict[str, SourceRef]:
    """Those of the documents that inputs and manifests name, with their whole URIs."""
    uris = [canonical_uri(text) for text in source.inputs]
    for manifest in sorted({ref.manifest for ref in found.values() if ref.manifest} | set(source.manifests)):
        # Whatever is wrong with it, an ingest tells.
        with contextlib.suppress(ConfigurationError):
            uris += [ref.uri for ref in expand_manifest(manifest, AnyStore(), SourceOptions())]
    named = {document_id(identity_uri(uri)): uri for uri in uris if is_http(uri)}
    return {key: msgspec.structs.replace(found[key], uri=uri) for key, uri in named.items() if key in found}
