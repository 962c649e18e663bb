"""Files of an output in an object store, through Beam's file systems."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from transforms.stores.base import output_errors
from transforms.stores.gcs import require_file_system
from transforms.stores.outputs import is_staged_file
from transforms.stores.s3 import s3_client
from transforms.stores.uris import scheme


class BeamStorage:
    """`Storage` on every store that Beam knows. Folders are nothing but prefixes of names there."""

    def create(self, path: str) -> IO[bytes]:
        """See `Storage.create`."""
        with _store_errors(path):
            return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)  # type: ignore[no-any-return]

    def open(self, path: str) -> IO[bytes]:
        """See `Storage.open`."""
        with _store_errors(path):
            return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)  # type: ignore[no-any-return]

    def move(self, source: str, target: str) -> None:
        """See `Storage.move`."""
        with _store_errors(target):
            if FileSystems.exists(source) or not FileSystems.exists(target):
                FileSystems.rename([source], [target])

    def move_all(self, places: Mapping[str, str]) -> None:
        """See `Storage.move_all`."""
        if places:
            with _store_errors(next(iter(places.values()))):
                FileSystems.rename(list(places), list(places.values()))

    def delete(self, path: str) -> None:
        """See `Storage.delete`."""
        with _store_errors(path):
            found = FileSystems.match([path, posixpath.join(path, "**")])
            names = [meta.path for match in found for meta in match.metadata_list]
            self.delete_all([name for name in names if name == path or is_staged_file(posixpath.basename(name))])

    def delete_all(self, paths: Sequence[str]) -> None:
        """See `Storage.delete_all`."""
        if paths:
            with _store_errors(paths[0]):
                FileSystems.delete(list(paths))

    def list(self, prefix: str) -> list[str]:
        """See `Storage.list`."""
        with _store_errors(prefix):
            found = FileSystems.match([posixpath.join(prefix, "*")])[0].metadata_list
        return sorted(meta.path for meta in found)


@contextmanager
def _store_errors(path: str) -> Iterator[None]:
    require_file_system(path)
    if scheme(path) == "s3":
        boto3_client.Client = _KeptClient
    with output_errors(path):
        yield


class _KeptClient(boto3_client.Client):
    """Beam's client for one operation, on connections that all operations of a process share.

    Beam's own reads boto3's description of S3, a tenth of a second of CPU or more, and connects, for each of them.
    """

    def __init__(self, options: object) -> None:
        self.client = s3_client()
        # What is being downloaded belongs to this operation.
        self._download_request = self._download_stream = None
        self._download_pos = 0
