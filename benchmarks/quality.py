"""Ingest, export and score a corpus: python benchmarks/quality.py CORPUS [--split dev] [--keep DIR]

CORPUS holds a split (`dev/`) with documents, manifests and truth, and its scorer `score_export.py`, which reads what
`docbeam export` wrote. Everything runs through the command line, as a user would.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

DOCBEAM = str(Path(sys.executable).with_name("docbeam"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--sets", default="", help="score only these sets, comma-separated")
    parser.add_argument("--layout", default="auto", help="auto, always or never")
    parser.add_argument("--keep", type=Path, help="keep tables and export here")
    arguments = parser.parse_args()
    split, scorer = arguments.corpus / arguments.split, arguments.corpus / "score_export.py"
    for needed in (split, scorer):
        if not needed.exists():
            parser.error(f"{needed} is missing; give the folder that holds the split and its scorer")
    with tempfile.TemporaryDirectory(prefix="docbeam-quality-") as scratch:
        work = arguments.keep or Path(scratch)
        tables, export = str(work / "tables"), str(work / "export")
        ingest = ["ingest", str(split), "--output", tables, "--exclude", "truth", "--exclude", "/*.jsonl"]
        subprocess.run([DOCBEAM, *ingest, "--max-failure-ratio", "1", "--layout", arguments.layout], check=True)
        subprocess.run([DOCBEAM, "export", tables, export, "--markdown", "--json"], check=True)
        score = [sys.executable, str(scorer), str(split), export]
        score += ["--sets", arguments.sets] if arguments.sets else []
        return subprocess.run(score, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
