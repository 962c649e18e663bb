"""Plan 1,000,000 listed documents against a documents table of as many rows: time and peak memory.

    python benchmarks/planning.py [--documents 1000000] [--changed 0.01]

Writes a documents table and a manifest of object URIs that it would be made from, with some of them changed, new and
gone, then lists, reads and joins them as `docbeam plan` and the local runner do, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from beam_pipeline.fingerprint import fingerprint  # noqa: E402
from beam_pipeline.jobs.planning import decide_listed  # noqa: E402
from schemas.ids import document_id, stable_id  # noqa: E402
from schemas.options import Options, SourceOptions, WriteOptions  # noqa: E402
from schemas.plan import Root  # noqa: E402
from schemas.source import SourceRef  # noqa: E402
from schemas.tables import TABLES  # noqa: E402
from transforms.lake.format.columns import nothing  # noqa: E402
from transforms.sources.listing import expand_inputs  # noqa: E402
from transforms.stores.local import LocalStore  # noqa: E402

BATCH = 50_000
RUN = "20260101T000000-abcdef"


def uri(number: int) -> str:
    return f"gs://a-bucket-of-documents/department-{number % 97:02d}/year-{number % 13}/report-{number:08d}.pdf"


def rows(start: int, stop: int, manifest: str, made_by: str) -> pa.Table:
    numbers = range(start, stop)
    known = {
        "doc_id": [document_id(uri(n)) for n in numbers],
        "uri": [uri(n) for n in numbers],
        "path": [uri(n).removeprefix("gs://") for n in numbers],
        "status": ["ok"] * len(numbers),
        "content_hash": [stable_id("content", n) * 2 for n in numbers],
        "fingerprint": [made_by] * len(numbers),
        "stamp": [stamp(n) for n in numbers],
        "manifest": [manifest] * len(numbers),
        "run_id": [RUN] * len(numbers),
        "last_modified": ["2026-01-01T00:00:00.000000+00:00"] * len(numbers),
    }
    columns = [
        pa.array(known.get(field.name) or [nothing(field.type)] * len(numbers), field.type)
        for field in TABLES["documents"]
    ]
    return pa.Table.from_arrays(columns, schema=TABLES["documents"])


def stamp(number: int) -> str:
    return f"{10_000 + number}:1767225600{number % 1_000_000:06d}"


def prepare(folder: Path, count: int, changed: float) -> None:
    """The last `changed` share of the rows is gone, as many documents are new, and as many have another stamp."""
    (folder / "out" / "documents").mkdir(parents=True)
    manifest, made_by = str(folder / "list.txt"), fingerprint(options_of(folder))
    for start in range(0, count, BATCH):
        table = rows(start, min(count, start + BATCH), manifest, made_by)
        pq.write_table(table, folder / "out" / "documents" / f"part-{start:09d}.parquet", compression="zstd")
    moved = int(count * changed)
    with open(manifest, "w", encoding="utf-8") as stream:
        stream.writelines(f"{uri(number)}\n" for number in [*range(count - moved), *range(count, count + moved)])
    (folder / "facts.json").write_text(json.dumps({"count": count, "moved": moved}))


def options_of(folder: Path) -> Options:
    """What the run is asked to do."""
    source = SourceOptions(manifests=(str(folder / "list.txt"),))
    return Options(source=source, write=WriteOptions(output=str(folder / "out"), format="parquet"))


def plan(folder: Path) -> None:
    """List, read and join; prints a JSON object."""
    facts = json.loads((folder / "facts.json").read_text())

    def stamped(found: SourceRef | Root) -> SourceRef | Root:
        """Manifests have no stamps: this stands for the listing of a bucket."""
        if isinstance(found, Root):
            return found
        number = int(found.uri[-12:-4])
        return replace(found, stamp=stamp(number + (number < facts["moved"])))

    options, started = options_of(folder), time.monotonic()
    decisions = decide_listed(options, map(stamped, expand_inputs(options.source, (), LocalStore())))
    report = {
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "work": len(decisions.work),
        "counts": decisions.rest.counts,
    }
    print(json.dumps(report))


def main(arguments: list[str]) -> Iterator[str]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--changed", type=float, default=0.01)
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.plan:
        plan(given.plan)
        return
    with tempfile.TemporaryDirectory(prefix="docbeam-planning-") as folder:
        prepare(Path(folder), given.documents, given.changed)
        done = subprocess.run(
            [sys.executable, __file__, "--plan", folder], check=True, stdout=subprocess.PIPE, text=True
        )
        yield done.stdout.strip()


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        print(line)
