"""Which rows are of today's options and engines. A document depends on what shaped it, and on nothing else."""

from __future__ import annotations

import msgspec


class Made(msgspec.Struct, frozen=True, array_like=True):
    """What besides its extractor shaped a document's rows."""

    #: The OCR engine that its pages without usable text were given to; '' when there was no such page.
    reader: str = ""
    #: Whether a layout model was asked about a page.
    seen: bool = False


class Fingerprints(msgspec.Struct, frozen=True, kw_only=True):
    """The fingerprints that rows of a run get, and those of earlier runs that are as good. Travels to the workers."""

    #: Family of extractor by media type; other types are of the family ''.
    families: dict[str, str] = {}
    #: By (family, whether pages were given to OCR, whether a layout model was asked).
    own: dict[tuple[str, bool, bool], str] = {}
    #: What made the rows that a run with the same options would make again.
    current: dict[str, Made] = {}
    #: The OCR engine of this run, also where it was chosen for the machine; '' for none.
    reader: str = ""

    def of(self, media_type: str, *, scans: bool, seen: bool) -> str:
        """The fingerprint of a document that this run made."""
        return self.own.get((self.families.get(media_type, ""), scans, seen), "")
