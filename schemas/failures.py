"""Failures as values, and the exceptions that become them.

DocbeamError
├── ConfigurationError   wrong options or set-up: stops the run at once
│   └── InputMissing     an input cannot be listed
│       └── NothingListed    it matches no document
├── OutputError          the output cannot be written: stops the run at once
│   └── TooMuchGone      too many documents would lose their rows
└── DocumentError        one document or page; becomes a Failure row
    ├── NotFound (OutOfReach)  Forbidden  TooLarge  TimedOut  Unsupported  Corrupt
    └── Encrypted  Crashed  OutOfMemory  Partial  SourceUnavailable  SourceChanged
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Category(StrEnum):
    """What kind of failure; the values are what the failures table holds."""

    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"
    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    CRASHED = "crashed"
    MEMORY = "memory"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"
    CHANGED = "changed"
    INTERNAL = "internal"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that went wrong, with what a person needs to fix it. `page` is 0 when the whole document failed."""

    stage: str
    category: Category
    message: str
    hint: str = ""
    retryable: bool = False
    page: int = 0
    context: dict[str, str] = {}
    traceback: str = ""


class DocbeamError(Exception):
    """Base of every error this project raises on purpose."""


class ConfigurationError(DocbeamError):
    """Options or set-up are wrong; the message says how to fix them. Stops the run."""


class InputMissing(ConfigurationError):
    """An input cannot be listed: with others beside it a run goes on, and tells."""


class NothingListed(InputMissing):
    """An input matches no document: a mistake for a run, a matter of time for whoever watches it."""


class OutputError(DocbeamError):
    """The output cannot be read or written. Stops the run."""


class TooMuchGone(OutputError):
    """More documents would lose their rows than the options allow: nothing is committed."""


class DocumentError(DocbeamError):
    """One document or page cannot be processed; the run goes on."""

    category = Category.INTERNAL
    retryable = False
    default_hint = ""

    def __init__(self, message: str, *, hint: str = "", page: int = 0, context: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message, self.page = message, page
        self.hint, self.context = hint or self.default_hint, context or {}

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.page, self.context), self.__dict__


def _rebuild(kind: type[DocumentError], message: str, hint: str, page: int, context: dict[str, str]) -> DocumentError:
    return kind(message, hint=hint, page=page, context=context)


class NotFound(DocumentError):
    """The source does not exist (any more)."""

    category = Category.NOT_FOUND
    default_hint = "check the URI; remove it from the input if the document is gone"


class OutOfReach(NotFound):
    """Not even the folder of the source is there: a disk that is not mounted, rather than a document that is gone."""

    retryable = True
    default_hint = "mount the disk, or correct the path"


class Forbidden(DocumentError):
    """The source refuses us."""

    category = Category.FORBIDDEN
    default_hint = "give this machine credentials that may read the URI"


class TooLarge(DocumentError):
    """The document exceeds a size limit."""

    category = Category.TOO_LARGE
    default_hint = "raise --max-bytes if it is meant to be so large, and run `docbeam retry`"


class TimedOut(DocumentError):
    """A deadline passed."""

    category = Category.TIMEOUT
    retryable = True
    default_hint = "raise --document-timeout, or look at the document with `docbeam inspect`"


class Unsupported(DocumentError):
    """No extractor for this content."""

    category = Category.UNSUPPORTED
    default_hint = "exclude it with --exclude, or install an extractor for its type"


class Corrupt(DocumentError):
    """The bytes are not a readable document of their type."""

    category = Category.CORRUPT
    default_hint = "open the file in its own application; replace it if it is damaged there too"


class Encrypted(DocumentError):
    """A password is needed."""

    category = Category.ENCRYPTED
    default_hint = "store the document without a password"


class Crashed(DocumentError):
    """The parser's process died."""

    category = Category.CRASHED
    default_hint = "the document crashes its parser; report it to the parser's authors"


class OutOfMemory(DocumentError):
    """The parser met its memory limit."""

    category = Category.MEMORY
    # Worth it after the limit was raised, which is not part of a document's version.
    retryable = True
    default_hint = "raise --memory-limit and run `docbeam retry`, or exclude the document"


class Partial(DocumentError):
    """Only part of the document could be read."""

    category = Category.PARTIAL


class SourceUnavailable(DocumentError):
    """The source could not be reached just now (network, 5xx, throttling)."""

    category = Category.UNAVAILABLE
    retryable = True
    default_hint = "run again later; only failed documents are retried"


class SourceChanged(DocumentError):
    """The source is not what its listing or its ETag said."""

    category = Category.CHANGED
    retryable = True
    default_hint = "nothing to do: the next run reads it again"
