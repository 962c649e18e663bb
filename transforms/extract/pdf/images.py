"""The raster images of a PDF page: whether it names any, and where they are placed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymupdf
from pymupdf import mupdf


def names_image(page: pymupdf.Page) -> bool:
    """Whether the resources of the page, or of forms drawn on it, hold an image.

    Page.get_images answers too, after listing every image with many facts; maps and slides have thousands.
    """
    # MuPDF goes by content: what was opened as PDF may be another format, without resources to look at.
    if not page.parent.is_pdf:
        return False
    obj = mupdf.pdf_lookup_page_obj(mupdf.pdf_document_from_fz_document(page.parent.this), page.number)
    resources = mupdf.pdf_dict_get_inheritable(obj, mupdf.PDF_ENUM_NAME_Resources)
    return _hold_image(resources, set())


def _hold_image(resources: mupdf.PdfObj, seen: set[int]) -> bool:
    objects = mupdf.pdf_dict_get(resources, mupdf.PDF_ENUM_NAME_XObject)
    forms = []
    for index in range(mupdf.pdf_dict_len(objects)):
        entry = mupdf.pdf_dict_get_val(objects, index)
        kind = mupdf.pdf_to_name(mupdf.pdf_dict_get(entry, mupdf.PDF_ENUM_NAME_Subtype))
        if kind == "Image":
            return True
        number = mupdf.pdf_to_num(entry)
        if kind == "Form" and number not in seen:
            seen.add(number)
            forms.append(mupdf.pdf_dict_get(entry, mupdf.PDF_ENUM_NAME_Resources))
    return any(_hold_image(form, seen) for form in forms)


def placed_images(page: pymupdf.Page) -> Iterator[dict[str, Any]]:
    """Boxes and pixel sizes, in paint order, as TextPage.extractIMGINFO names them, without reading the pixels."""
    textpage = page.get_textpage(flags=pymupdf.TEXT_PRESERVE_IMAGES)
    for block in textpage.this:
        raw = block.m_internal
        if raw.type == mupdf.FZ_STEXT_BLOCK_IMAGE:
            image, box = block.i_image(), raw.bbox
            yield {"bbox": (box.x0, box.y0, box.x1, box.y1), "width": image.w(), "height": image.h()}
