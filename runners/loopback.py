"""Beam's processes on one machine talk to each other by gRPC over the loopback: never through a proxy.

gRPC takes the proxy that the environment names also for `localhost`, waits for it, and so does the run.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

#: gRPC asks this variable first, and nothing but gRPC does: what is fetched keeps the proxies it is given.
_OWN, _COMMON = "no_grpc_proxy", "no_proxy"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def exempt_loopback(environ: MutableMapping[str, str] = os.environ) -> None:
    """Have gRPC connect to this machine directly, in this process and those it starts."""
    given = environ.get(_OWN) or environ.get(_COMMON, "")
    names = [name.strip() for name in given.split(",") if name.strip()]
    environ[_OWN] = ",".join([*names, *(name for name in _LOOPBACK if name not in names)])
