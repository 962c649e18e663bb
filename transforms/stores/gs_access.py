"""Whether `gs://` can be read at all, asked once in seconds: Beam and Google's client would try again for minutes."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import quote

import google.auth
from google.auth.exceptions import DefaultCredentialsError

from schemas.failures import Forbidden
from transforms.runtime.once import made_once
from transforms.stores.base import HINTS
from transforms.stores.uris import redact

#: Where Google's clients look for a file of credentials, and for a stand-in of the store.
_FILE, EMULATOR = "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"
_LISTING = "https://storage.googleapis.com/storage/v1/b/{bucket}/o?maxResults=1"
_SECONDS = 10.0


def is_anonymous(uri: str) -> bool:
    """Whether `uri` is read without credentials. Raises Forbidden when there are none and its bucket wants them."""
    if os.environ.get(EMULATOR):
        return not has_credentials()
    if has_credentials():
        return False
    why = _refusal(uri.removeprefix("gs://").partition("/")[0])
    if why:
        raise Forbidden(f"no usable credentials for {redact(uri)} ({why})", hint=HINTS["gs"])
    return True


def has_credentials() -> bool:
    """Whether Google's client finds credentials: in files that it knows, or on the machines of its cloud."""
    return not _lack(os.environ.get(_FILE, ""))


@made_once
def _lack(file: str) -> str:
    try:
        google.auth.default()
    except DefaultCredentialsError as error:
        return str(error)
    return ""


@made_once
def _refusal(bucket: str) -> str:
    """Why a bucket cannot be read by everybody; '' when it can."""
    if file := os.environ.get(_FILE):
        return f"{_FILE}={file}: {_lack(file)}"
    try:
        urllib.request.urlopen(_LISTING.format(bucket=quote(bucket, safe="")), timeout=_SECONDS).close()
    except urllib.error.HTTPError as error:
        # A bucket that is not there says so to everybody.
        return "" if error.code == 404 else f"without any the bucket answers {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return f"and without any it cannot be asked: {getattr(error, 'reason', error)}"
    return ""
