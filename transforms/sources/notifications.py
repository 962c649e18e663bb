"""Messages that name documents: object notifications of Cloud Storage, or plain URIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from schemas.failures import DocumentError
from schemas.source import SourceRef
from schemas.stamps import stamp
from transforms.stores.uris import canonical_uri, entry_path, is_http, scheme

FINALIZED = "OBJECT_FINALIZE"
_STORES = ("gs", "s3")


class _Object(msgspec.Struct, frozen=True):
    """What a notification (payload format JSON_API_V1) says of an object."""

    bucket: str
    name: str
    size: str = ""
    updated: str = ""


#: Made before there are threads: see `transforms.runtime.pack`.
_OBJECT = msgspec.json.Decoder(_Object)


def refs_of(data: bytes, attributes: Mapping[str, str]) -> Iterator[SourceRef]:
    """Documents that a message names: none for other events than new objects, and for what is neither kind of message.

    Plain URIs stand one to a line; they are taken for news whenever they come.
    """
    event = attributes.get("eventType", "")
    if event and event != FINALIZED:
        return
    if data.lstrip().startswith(b"{"):
        yield from _from_json(data)
    elif event:
        yield from _from_attributes(attributes)
    else:
        yield from _from_lines(data)


def _from_json(data: bytes) -> Iterator[SourceRef]:
    try:
        found = _OBJECT.decode(data)
        mtime = datetime.fromisoformat(found.updated).timestamp() if found.updated else None
        size = int(found.size) if found.size else None
    except (msgspec.DecodeError, ValueError):
        return
    if found.bucket and found.name and not found.name.endswith("/"):
        uri = f"gs://{found.bucket}/{found.name}"
        yield SourceRef(uri=uri, path=found.name, size=size, stamp=stamp(size, mtime))


def _from_attributes(attributes: Mapping[str, str]) -> Iterator[SourceRef]:
    """Notifications without payload name the object in their attributes."""
    bucket, name = attributes.get("bucketId", ""), attributes.get("objectId", "")
    if bucket and name and not name.endswith("/"):
        yield SourceRef(uri=f"gs://{bucket}/{name}", path=name)


def _from_lines(data: bytes) -> Iterator[SourceRef]:
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if is_http(text) or scheme(text) in _STORES:
            try:
                yield SourceRef(uri=canonical_uri(text), path=entry_path(text))
            except DocumentError:
                continue
