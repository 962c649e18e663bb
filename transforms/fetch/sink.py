"""Where downloaded bytes go: a file, a hash, and the limits of the transfer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import BinaryIO

from schemas.failures import TimedOut, TooLarge
from schemas.options import FetchOptions
from transforms.stores.uris import redact

_TIMEOUT_HINT = "raise the fetch timeout, or check why the source is slow"


class Sink:
    """Takes the bytes of one source, attempt by attempt. The time limit covers all attempts."""

    def __init__(self, make: Callable[[], BinaryIO], uri: str, options: FetchOptions) -> None:
        self._make, self._uri, self._options = make, redact(uri), options
        self._stream: BinaryIO | None = None
        self._deadline = time.monotonic() + options.timeout
        self.restart()

    def restart(self) -> None:
        """Forget what an earlier attempt wrote."""
        if self._stream is not None:
            self._stream.seek(0)
            self._stream.truncate()
        self._digest, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """Append `data`; TooLarge or TimedOut once a limit is passed."""
        self.check_size(self.size + len(data))
        self.remaining()
        self.size += len(data)
        self._digest.update(data)
        self._opened().write(data)

    def check_size(self, size: int) -> None:
        """Raise TooLarge when a document of `size` bytes is over the limit."""
        if size > self._options.max_bytes:
            raise TooLarge(f"{self._uri} has more than {self._options.max_bytes} bytes")

    def remaining(self) -> float:
        """Seconds left, more than 0; TimedOut when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            limit = f"{self._options.timeout:g} seconds"
            raise TimedOut(f"{self._uri} was not transferred within {limit}", hint=_TIMEOUT_HINT)
        return left

    def finish(self) -> str:
        """Write out what is buffered; the hex SHA-256 of the bytes."""
        self._opened().flush()
        return self._digest.hexdigest()

    def _opened(self) -> BinaryIO:
        # Not before: most sources that are asked whether they changed did not.
        if self._stream is None:
            self._stream = self._make()
        return self._stream
