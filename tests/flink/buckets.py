"""A Google Cloud Storage of this machine: fake-gcs-server behind `gcs_proxy`."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from processes import Processes, free_port, wait_for


@contextmanager
def bucket_server(tools: Path, folder: Path, processes: Processes) -> Iterator[None]:
    """Within it, this process and its children find the server the way Google's clients find an emulator."""
    port, backend = free_port(), free_port()
    address = f"127.0.0.1:{port}"
    server = [tools / "bin/fake-gcs-server", "-scheme", "http", "-host", "127.0.0.1", "-port", backend]
    processes.start("gcs", [*server, "-public-host", address, "-backend", "memory", "-log-level", "error"])
    processes.start("gcs-proxy", [sys.executable, Path(__file__).with_name("gcs_proxy.py"), port, backend])
    environment = {
        "STORAGE_EMULATOR_HOST": f"http://{address}",
        "GOOGLE_APPLICATION_CREDENTIALS": str(_account(folder / "account.json", f"http://{address}/token")),
    }
    wait_for("an answer of the bucket server", lambda: _answers(f"http://{address}/storage/v1/b"))
    with patch.dict(os.environ, environment):
        yield


def make_bucket(name: str) -> None:
    _client().create_bucket(name)


def upload(folder: Path, bucket: str, prefix: str) -> None:
    """All files below `folder` as objects."""
    target = _client().bucket(bucket)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            target.blob(f"{prefix}/{path.relative_to(folder).as_posix()}").upload_from_filename(path)


def put_object(bucket: str, name: str, data: bytes) -> None:
    _client().bucket(bucket).blob(name).upload_from_string(data)


def object_names(bucket: str, prefix: str = "") -> list[str]:
    return [blob.name for blob in _client().list_blobs(bucket, prefix=prefix)]


def object_bytes(bucket: str, name: str) -> bytes:
    return _client().bucket(bucket).blob(name).download_as_bytes()


def _client():
    from google.cloud import storage

    return storage.Client()


def _account(path: Path, token_uri: str) -> Path:
    """A service account that exists nowhere, with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    names = {"type": "service_account", "project_id": "tests", "client_email": "tests@example.com", "client_id": "1"}
    path.write_text(json.dumps({**names, "private_key_id": "1", "private_key": pem.decode(), "token_uri": token_uri}))
    return path


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
