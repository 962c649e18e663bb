"""What deltalake must know of a store."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

from transforms.runtime.locks import takes_links
from transforms.stores.outputs import STAGING
from transforms.stores.uris import is_local, scheme


def delta_options(root: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What deltalake needs to know about the store of `root` beyond what it finds itself.

    Credentials come from where Google's and Amazon's own clients look for them. Emulators and servers without TLS are
    what deltalake does not pick up.
    """
    emulator = environment.get("STORAGE_EMULATOR_HOST", "")
    if scheme(root) == "gs" and emulator:
        plain = emulator if "://" in emulator else f"http://{emulator}"
        return {"google_base_url": plain, "google_skip_signature": "true", "allow_http": "true"}
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    if scheme(root) == "s3" and endpoint:
        return {"aws_endpoint_url": endpoint} | ({"allow_http": "true"} if endpoint.startswith("http:") else {})
    writer = os.path.join(root, STAGING, "writer")
    if is_local(root) and os.path.exists(writer) and not _takes_links(writer):
        # deltalake commits by a hard link. Where there are none it may rename: whoever writes is alone.
        return {"allow_unsafe_rename": "true"}
    return {}


_takes_links = functools.lru_cache(maxsize=16)(takes_links)
