"""An OCR engine plugin that reads page numbers, and does to its process what the number of the page says."""

import os
import signal
import time
from collections.abc import Sequence

from schemas.failures import Corrupt
from schemas.geometry import Box
from schemas.options import OcrOptions
from transforms.ocr.records import OcrLine, OcrWord, PageImage


class DeadlyOcr:
    """Page 2 cannot be read, page 3 kills the process, page 4 hangs it, page 5 meets a mistake of the engine."""

    name = "deadly"
    batched = False

    def check(self, options: OcrOptions) -> None:
        """It knows every language."""

    def data_path(self) -> str:
        return "/data/of/deadly"

    def read(self, images: Sequence[PageImage], languages: Sequence[str]) -> list[list[OcrLine]]:
        return [_read(image) for image in images]


def _read(image: PageImage) -> list[OcrLine]:
    if image.page == 2:
        raise Corrupt("the letters ran away", page=2)
    if image.page == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    if image.page == 4:
        time.sleep(3600)
    if image.page == 5:
        raise ValueError("a mistake of the engine")
    box = Box(20, 20, 200, 50)
    return [OcrLine((OcrWord(f"Page {image.page}.", box, 0.5),), box)]
