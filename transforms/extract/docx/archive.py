"""Zip archives that hold Office documents, read without trusting them.

Nothing is ever written to disk, so hostile member names are harmless; sizes are checked before a member is
decompressed, and members that nobody asks for (pictures, fonts, macros) never are.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from schemas.failures import Corrupt, Encrypted, TooLarge, Unsupported

#: Bytes that one member, and all members read together, may hold once decompressed.
MAX_PART_BYTES = 64 << 20
MAX_TOTAL_BYTES = 160 << 20
#: Office XML compresses 5 to 40 times; far beyond that, and large, is a bomb.
MAX_RATIO = 250
RATIO_FREE_BYTES = 4 << 20
#: The directory of an archive with more members takes longer to read than any real document.
MAX_MEMBERS = 50_000

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: The stream that holds the real package of a password-protected file.
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


class Archive:
    """An open archive; a context manager. Names have no leading slash and are not case-sensitive."""

    def __init__(self, path: Path) -> None:
        self._file = _open_zip(path)
        self._members = {_plain_name(name): info for name, info in self._file.NameToInfo.items()}
        self._budget = MAX_TOTAL_BYTES

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, name: str) -> bytes | None:
        """Bytes of a member, None when the archive has no such member."""
        info = self._members.get(_plain_name(name))
        if info is None:
            return None
        self._check(info)
        try:
            with self._file.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise Corrupt(f"part {name!r} of the document cannot be decompressed: {error}") from error
        except NotImplementedError as error:
            raise Corrupt(f"part {name!r} uses a compression that Office does not: {error}") from error
        self._budget -= len(data)
        return data

    def _check(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & 1:
            raise Encrypted(f"part {info.filename!r} is encrypted with a zip password")
        ratio = info.file_size / max(1, info.compress_size)
        if info.file_size > MAX_PART_BYTES or info.file_size > self._budget:
            raise TooLarge(f"part {info.filename!r} holds {info.file_size:,} bytes of XML, more than may be read")
        if info.file_size > RATIO_FREE_BYTES and ratio > MAX_RATIO:
            raise TooLarge(f"part {info.filename!r} expands {ratio:.0f}-fold, which only zip bombs do")


def _plain_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        _refuse_other_formats(path)
        raise Corrupt(f"the file is not a complete zip package: {error}") from error
    if len(opened.NameToInfo) > MAX_MEMBERS:
        opened.close()
        raise TooLarge(f"the package has {len(opened.NameToInfo):,} members, more than any real document")
    return opened


def _refuse_other_formats(path: Path) -> None:
    """Says what a file that is no zip is, where that helps; returns for anything unknown."""
    with path.open("rb") as file:
        data = file.read(MAX_PART_BYTES)
    if not data:
        raise Corrupt("the file is empty")
    if not data.startswith(OLE_MAGIC):
        return
    if ENCRYPTED_STREAM in data:
        raise Encrypted("the document is protected with a password")
    raise Unsupported(
        "the file is in the binary format of Word 97-2003, not DOCX",
        hint="save it as .docx, or exclude it with --exclude",
    )
