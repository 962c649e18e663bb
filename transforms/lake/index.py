"""Which documents an output holds, for those who ask often: data files never change, so each is read once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set

import pyarrow as pa
import pyarrow.compute as pc

from schemas.plan import Known
from schemas.versions import Fingerprints
from transforms.lake.format.readers import read_rows
from transforms.lake.known import known_rows
from transforms.lake.log.catalog import Catalog
from transforms.runtime.once import made_once
from transforms.stores.base import Storage

_ID = pa.binary(16)
_BATCH = 100_000


class DocumentIndex:
    """Ids of the documents by data file: 16 bytes each. Threads share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, pa.ChunkedArray] = {}

    def present(self, doc_ids: Set[str], catalog: Catalog, storage: Storage, kind: str) -> set[str]:
        """Those of the documents that have a row now."""
        wanted = _array(doc_ids)
        found: set[str] = set()
        for ids in self._current(catalog, storage, kind).values():
            found.update(value.hex() for value in ids.filter(pc.is_in(ids, wanted)).to_pylist())
        return found

    def known(self, doc_ids: Set[str], versions: Fingerprints, target: tuple[Catalog, Storage, str]) -> Iterator[Known]:
        """The rows of these documents now, as planning needs them."""
        catalog, storage, kind = target
        wanted = _array(doc_ids)
        for path, ids in self._current(catalog, storage, kind).items():
            if pc.any(pc.is_in(ids, wanted)).as_py():
                yield from known_rows(path, kind, storage, versions, doc_ids)

    def _current(self, catalog: Catalog, storage: Storage, kind: str) -> dict[str, pa.ChunkedArray]:
        with self._lock:
            files = catalog.files("documents")
            self._ids = {path: self._ids[path] if path in self._ids else _read(path, storage, kind) for path in files}
            return dict(self._ids)


@made_once
def shared_index(root: str) -> DocumentIndex:
    """The index of an output in this process."""
    return DocumentIndex()


def _array(doc_ids: Set[str]) -> pa.Array:
    return pa.array([bytes.fromhex(doc_id) for doc_id in sorted(doc_ids)], _ID)


def _read(path: str, storage: Storage, kind: str) -> pa.ChunkedArray:
    chunks = [
        pa.array([bytes.fromhex(doc_id) for doc_id in rows["doc_id"].to_pylist()], _ID)
        for rows in read_rows(storage, path, kind, ["doc_id"], _BATCH)
    ]
    return pa.chunked_array(chunks, _ID)
