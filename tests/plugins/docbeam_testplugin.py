"""An extractor plugin that does to its process what the file tells it to."""

import os
import re
import signal
import time
from pathlib import Path

from schemas.content import Block, BlockType, ExtractedPage, Extraction, ExtractRequest, Span

PAGES = 8


class DeadlyExtractor:
    """Reads files of one command: 'segfault', 'page 3 hangs', ...; any other word is the text of eight pages."""

    name = "deadly"
    # What detection calls a text file named *.tcl, and nothing built-in reads.
    media_types = frozenset({"application/x-tcl"})
    extensions = frozenset({".tcl"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        command = path.read_text().strip()
        last = min(request.last_page or PAGES, PAGES)
        wanted = range(request.first_page, last + 1)
        if not (request.max_pages and len(wanted) > request.max_pages):
            pages = [_page(number, command) for number in wanted]
        else:
            pages = []
        deed = DEEDS.get(command)
        if deed:
            deed()
        return Extraction(page_count=PAGES, pages=pages, engine="deadly 0")


def _page(number: int, command: str) -> ExtractedPage:
    found = re.fullmatch(r"page (\d+) (\w+)s", command)
    if found and int(found[1]) == number:
        DEEDS[found[2]]()
    block = Block(type=BlockType.PARAGRAPH, spans=(Span(f"{command}: text of page {number}."),), source="deadly")
    return ExtractedPage(number=number, blocks=[block])


def _segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _hang() -> None:
    time.sleep(3600)


def _allocate() -> None:
    kept = []
    while True:
        # Zeroed lazily: this fills the address space, not the machine.
        kept.append(bytes(64 << 20))


def _exit() -> None:
    os._exit(3)


def _raise() -> None:
    raise ValueError("a mistake of the plugin")


DEEDS = {"segfault": _segfault, "hang": _hang, "allocate": _allocate, "exit": _exit, "raise": _raise}
