"""What a run is going to do about each document, what it changes besides new rows, and what it tells of itself."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from schemas.document import DocumentStatus
from schemas.failures import Failure
from schemas.part import WrittenFile
from schemas.report import FailureReason
from schemas.source import SourceRef


class Action(StrEnum):
    """What a run does about a document, from its listing and its row alone."""

    #: Not in the output.
    NEW = "new"
    #: The listing tells of another version.
    CHANGED = "changed"
    #: The listing cannot tell: the source is asked.
    CHECK = "check"
    #: The output holds it under other options or engines.
    OPTIONS = "option-changed"
    #: It failed for a passing reason, and its next try is due.
    RETRY = "retry"
    #: Asked for (--force, docbeam retry).
    FORCED = "forced"
    UNCHANGED = "unchanged"
    #: It failed for a passing reason; its next try is not due, or it had its tries.
    WAITING = "waiting"
    #: It crashed or hung its parser: left alone until its content changes.
    QUARANTINED = "quarantined"
    #: An input that cannot be listed.
    MISSING = "missing"
    #: Gone from an input that was listed completely.
    REMOVED = "removed"
    #: Not listed, and of no input: excluded, or of an input that is not named any more.
    UNCOVERED = "uncovered"


#: Actions that bring a document's bytes here.
FETCHING = frozenset(
    {Action.NEW, Action.CHANGED, Action.CHECK, Action.OPTIONS, Action.RETRY, Action.FORCED, Action.MISSING}
)


#: Statuses of documents that have rows to lose.
READABLE = frozenset({DocumentStatus.OK, DocumentStatus.PARTIAL, DocumentStatus.STALE})


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What the output says of a document; the columns of `documents` that planning needs."""

    doc_id: bytes
    uri: str
    status: str
    #: `content_mark` of the content hash: half its size; b'' when the bytes were never fetched.
    content: bytes
    #: Whether the row was made under the options and engines of this run.
    current: bool
    stamp: str = ""
    #: `listed_mark` of the listing that the row was made from.
    mark: bytes = b""
    etag: str = ""
    last_modified: str = ""
    manifest: str = ""
    retryable: bool = False
    attempts: int = 0
    quarantine: str = ""
    run_id: str = ""
    failures: int = 0
    media_type: str = ""
    #: The OCR engine that its pages were given to; '' for none, and where the row is not current.
    reader: str = ""

    @property
    def good(self) -> bool:
        """Whether the output holds rows of a version that was read."""
        return bool(self.content) and self.status in READABLE

    @property
    def unread(self) -> bool:
        """Whether the last try to read it failed, or no try ever succeeded: whatever its stamp, that is no proof."""
        return self.status == DocumentStatus.STALE or not self.content


class Root(msgspec.Struct, frozen=True):
    """An input that was listed: what is below it and was not found is gone."""

    #: 'folder' (a folder or a prefix of a store), 'pattern', 'manifest'; 'single' and 'missing' prove nothing about
    #: others.
    kind: str
    #: Its canonical URI; folders end in '/'.
    uri: str
    listed: int = 0
    #: Folders and files that could not be read: nothing is known about what is below them.
    holes: tuple[str, ...] = ()
    #: Why it could not be listed, of kind 'missing'.
    problem: str = ""
    #: Whether it could be, and matches nothing.
    empty: bool = False


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A listed document and what is to be done about it."""

    ref: SourceRef
    action: Action
    known: Known | None = None
    #: Whether its rows stay although its source says that it is gone.
    keep: bool = False


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """An unchanged document whose row is brought up to date: its listing, its validators, its failed tries."""

    doc_id: str
    ref: SourceRef
    etag: str | None = None
    last_modified: str | None = None
    #: Why it could not be read this time: the rows it has stay.
    failure: Failure | None = None


class Changes(msgspec.Struct, kw_only=True):
    """What one bundle adds to the commit."""

    files: list[WrittenFile] = []
    #: Documents whose old rows the files replace.
    doc_ids: list[str] = []
    #: Those of them that have no chunks any more.
    emptied: list[str] = []
    removed: list[str] = []
    touched: list[Touch] = []
    #: Listed documents whose rows were not good when the run began: they count in its report unless it made them anew.
    not_good: list[str] = []
    counts: dict[str, int] = {}
    #: Sum of the digests of what was listed, modulo 2^128: the order of a listing does not matter.
    listing_digest: int = 0
    #: Documents of the listing that `listing_digest` covers.
    listed: int = 0
    #: References that inputs listed, and those that reached the join: nothing is committed when they differ.
    sent: int = 0
    received: int = 0
    #: Documents with good rows that the inputs hold or held, and those of them that lose these because they are gone.
    held: int = 0
    losing: int = 0


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows of itself before it starts."""

    run_id: str
    kind: str = "ingest"
    #: ISO 8601, UTC.
    started: str = ""
    #: (key, value, origin) of every option.
    options: tuple[tuple[str, str, str], ...] = ()
    #: Versions of code, engines and models.
    versions: dict[str, str] = {}


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the runs table."""

    run_id: str
    #: 'ingest', 'watch', 'stream', 'retry', 'restore', 'forget', 'compact', 'migrate', 'repair', 'baseline'.
    kind: str
    started: str
    finished: str
    #: 'committed', 'failed', 'interrupted', 'killed'.
    status: str
    options: tuple[tuple[str, str, str], ...] = ()
    versions: dict[str, str] = {}
    counts: dict[str, int] = {}
    pages_per_second: float = 0.0
    #: Failures by category: those of the documents that the run listed, whether it tried them or left them alone.
    failures: dict[str, int] = {}
    #: The same with examples, most frequent first; none in rows of schema 2.
    reasons: tuple[FailureReason, ...] = ()
    #: 32 hex digits that tell this input listing from others; '' when nothing was listed.
    listing_digest: str = ""
    #: The version of every table after the run.
    table_versions: dict[str, int] = {}
    message: str = ""
    #: Higher than those of all rows before it; None in rows of schema 2.
    number: int | None = None
