"""How many cores this process may use: by its affinity, and by the quotas of the control groups it is in.

A container with a quota (docker --cpus, a Kubernetes limit) sees all cores of its machine. Processes beyond the quota
only take memory, and the kernel stops all of them when the quota of a moment is used up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path, PurePosixPath

_OCTAL = re.compile(r"\\([0-7]{3})")


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use, at least one; part of a core counts as one. `root` is there for tests."""
    return min([_allowed(), *(max(1, ceil(quota)) for quota in _quotas(root))])


def _allowed() -> int:
    return len(os.sched_getaffinity(0))


def _quotas(root: Path) -> Iterator[float]:
    """The quota of each group that this process is in, in cores: the groups above bound those below."""
    with suppress(OSError):
        groups = _groups((root / "proc/self/cgroup").read_text(encoding="utf-8", errors="surrogateescape"))
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        for unified, top, mounted in _mounts(mounts):
            for folder in _folders(groups.get(unified, "/"), top):
                quota = _quota(root / mounted.lstrip("/") / folder, unified=unified)
                if quota is not None:
                    yield quota


def _groups(text: str) -> dict[bool, str]:
    """The group of this process in version 2 (True) and in the hierarchy of version 1 that bounds cores (False)."""
    found = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" or "cpu" in controllers.split(","):
            found[number == "0"] = path
    return found


def _mounts(text: str) -> Iterator[tuple[bool, str, str]]:
    """Whether version 2, the group that is mounted, and where. Fields: see proc(5)."""
    for line in text.splitlines():
        about, _, system = line.partition(" - ")
        top, place = (_OCTAL.sub(lambda found: chr(int(found[1], 8)), field) for field in about.split()[3:5])
        kind, _, options = system.split(maxsplit=2)
        if kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split(",")):
            yield kind == "cgroup2", top, place


def _folders(group: str, top: str) -> Iterator[str]:
    """The group and those above it, below a mount of `top`; the mount itself where the group is not below it.

    A container may see its own group mounted as the whole tree, while the file in /proc still tells of the host's.
    """
    inside = PurePosixPath(group)
    known = inside.is_relative_to(top) and ".." not in inside.parts
    inside = inside.relative_to(top) if known else PurePosixPath()
    yield from map(str, (inside, *inside.parents))


def _quota(folder: Path, *, unified: bool) -> float | None:
    try:
        if unified:
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip() for name in ("quota", "period")
            )
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # "max", or none here
        return None
