"""Errors of workers as what they are: Beam hands them to the submitter as the text of a RuntimeError."""

from __future__ import annotations

import re

from schemas.failures import ConfigurationError, InputMissing, NothingListed, OutputError, TooMuchGone

#: Attribute of an error that ended a run: what the run kept of its work, in words.
KEPT = "kept"
_KINDS = {kind.__name__: kind for kind in (ConfigurationError, InputMissing, NothingListed, OutputError, TooMuchGone)}
_OURS = re.compile(
    rf"(?:^|: )(?:docbeam\.)?schemas\.failures\.({'|'.join(_KINDS)}): (.+?)(?: \[while running '.*'\])?$",
    re.MULTILINE,
)
_PACKAGE_MISSING = re.compile(r"No module named '(docbeam|transforms|schemas|beam_pipeline|runners)'")


def from_worker(error: BaseException) -> BaseException:
    """The ConfigurationError or OutputError that a worker raised; any other error as it is."""
    found = _OURS.findall(str(error))
    if not found and _PACKAGE_MISSING.search(str(error)):
        return ConfigurationError(
            "the workers lack docbeam: install it in their image or in the environment of the worker pool"
        )
    if not found:
        return error
    kind, message = found[-1]
    return _KINDS[kind](message)
