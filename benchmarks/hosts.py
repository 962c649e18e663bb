"""The rows of documents as CPUs of several kinds read them, and where they differ: python benchmarks/hosts.py FILE...

Other CPUs are emulated by qemu-user (apt-get install qemu-user): minutes a page. Haswell has no VNNI and no AVX-512,
Nehalem has no AVX and no fused products either. Exit code 1 when a text, a type or the order differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from beam_pipeline import extract_document
from schemas.options import LayoutOptions, OcrOptions, Options, RunOptions

#: Fields in which hosts must not differ.
SAME = {"type", "text", "level", "marker", "section_path", "row", "column", "header", "page", "status", "index"}


def rows(files: list[str], layout: str) -> None:
    """Print one JSON object per file."""
    mode: Any = layout
    options = Options(ocr=OcrOptions(engine="onnx"), layout=LayoutOptions(mode=mode), run=RunOptions(device="cpu"))
    for file in files:
        document = extract_document(file, options)
        fields = {"pages": document.pages, "elements": document.elements, "chunks": document.chunks}
        print(msgspec.json.encode(fields).decode("utf-8"))


def differences(one: Any, two: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, value, value) of what is not equal."""
    if isinstance(one, dict) and isinstance(two, dict):
        for name in one.keys() | two.keys():
            yield from differences(one.get(name), two.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for place, (left, right) in enumerate(zip(one, two, strict=True)):
            yield from differences(left, right, f"{path}[{place}]")
    elif one != two:
        yield path, one, two


def read_on(cpu: str, files: list[str], layout: str) -> list[Any]:
    """The rows of the files on a kind of CPU; 'native' is this one."""
    emulator = [] if cpu == "native" else ["qemu-x86_64", "-cpu", cpu]
    command = [*emulator, sys.executable, __file__, "--rows", "--layout", layout, *files]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--cpu", nargs="+", default=["Nehalem"])
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--rows", action="store_true", help="print the rows and compare nothing")
    args = parser.parse_args()
    if args.rows:
        rows(args.files, args.layout)
        return 0
    here, worse = read_on("native", args.files, args.layout), 0
    for cpu in args.cpu:
        for file, one, two in zip(args.files, here, read_on(cpu, args.files, args.layout), strict=True):
            found = list(differences(one, two))
            grave = [each for each in found if each[0].rpartition(".")[2] in SAME or isinstance(each[1], list)]
            worse += len(grave)
            print(f"{cpu} {file}: {len(found)} values differ, {len(grave)} of them texts, types or places")
            for path, left, right in (*grave[:10], *found[:5]):
                print(f"    {path}: {str(left)[:60]!r} {str(right)[:60]!r}")
    return int(worse > 0)


if __name__ == "__main__":
    sys.exit(main())
