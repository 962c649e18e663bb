"""Records of the first stages: what was listed, and what was fetched."""

from __future__ import annotations

import msgspec

from schemas.failures import Failure


class SourceRef(msgspec.Struct, frozen=True, kw_only=True):
    """One document to ingest, as listed. `uri` is canonical and unique within a run."""

    uri: str
    #: Path relative to the ingested root, '/'-separated: names the exported file.
    path: str
    #: Size in bytes, None when the listing does not tell.
    size: int | None = None
    #: Further columns of the manifest row that named the document.
    metadata: dict[str, str] = {}
    #: What the listing tells apart versions by: size and time (or ETag); '' when it tells nothing to rely on.
    stamp: str = ""
    #: URI of the manifest that named the document; '' for folders, patterns and single names.
    manifest: str = ""
    #: What stands here for an input that cannot be listed, as its failure; its documents are not known.
    failure: Failure | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A document's bytes in the local cache. `local_path` is valid on this machine only."""

    ref: SourceRef
    local_path: str
    #: Hex SHA-256 of the bytes.
    sha256: str
    size: int
    #: Decided from magic bytes, then the declared type, then the extension.
    media_type: str
    #: What the server or the extension claimed, '' when nothing did.
    declared_type: str = ""
    #: True when magic bytes contradict the declared type or extension.
    type_mismatch: bool = False
    etag: str = ""
    last_modified: str = ""
