"""The Tesseract engine: is it here, and does it know the languages; what reads is imported by those who read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

from schemas.failures import ConfigurationError
from schemas.options import OcrOptions
from transforms.ocr.records import OcrLine, PageImage

COMMAND = "tesseract"
#: Automatic page segmentation: columns are read apart.
PAGE_MODE = 3
#: What the binary says first: `List of available languages in "/usr/share/tessdata/" (2):`
_LISTING = re.compile(r'languages in "([^"]+)"')
_SECONDS = 30.0


class TesseractEngine:
    """Reads with the `tesseract` binary in the parser processes, one thread each."""

    name = "tesseract"
    batched = False

    def __init__(self, page_mode: int = PAGE_MODE) -> None:
        self._page_mode = page_mode

    def check(self, options: OcrOptions) -> None:
        """Raises ConfigurationError when the binary or the data of a language is missing."""
        try:
            installed = {*_listing()[1:]}
        except OSError as error:
            raise ConfigurationError(
                "the tesseract binary was not found; install it (Debian: apt-get install tesseract-ocr), "
                "or use --ocr-engine onnx"
            ) from error
        missing = [language for language in options.languages if language not in installed]
        if missing:
            packages = " ".join(f"tesseract-ocr-{language.replace('_', '-').lower()}" for language in missing)
            raise ConfigurationError(
                f"tesseract has no data for {', '.join(missing)}; install it (Debian: apt-get install {packages}), "
                f"or choose --ocr-language among {', '.join(sorted(installed - {'osd'}))}"
            )

    def data_path(self) -> str:
        """The folder of the language data, as the binary tells it; '' when it does not run."""
        try:
            match = _LISTING.search("".join(_listing()[:1]))
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return match.group(1) if match else ""

    def read(self, images: Sequence[PageImage], languages: Sequence[str]) -> list[list[OcrLine]]:
        """The lines of each image. Raises TimedOut or Corrupt."""
        # OpenCV and others: a run asks for its engine though most need not read.
        from transforms.ocr.tesseract.reading import read_image

        return [read_image(image, languages, self._page_mode) for image in images]


def _listing() -> list[str]:
    """The lines that the binary lists its languages in; the first tells where they are."""
    done = subprocess.run([COMMAND, "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    # Older ones tell it on stderr.
    return [line.strip() for line in (done.stdout or done.stderr).splitlines() if line.strip()]
