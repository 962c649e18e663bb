"""The signals that end a command, in words."""

import signal

#: How people say what each signal does.
WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
