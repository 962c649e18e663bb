"""A document as JSON: its identity, pages, elements in reading order, and failures."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from schemas.document import Document, Element
from transforms.render.markdown import LEFT_OUT, NO_PICTURES
from transforms.render.tree import section_tree, tree_fields


def document_json(document: Document, *, every_type: bool = False, pictures: Mapping[str, str] = NO_PICTURES) -> bytes:
    """One JSON object, indented. Running heads, comments and hidden text are left out unless `every_type`.

    Boxes are [x0, y0, x1, y1] in points from the top-left of the page, null where a format has none. `tree` nests the
    ids of the elements below the headings of their sections. `pictures`: URLs of figures, by id of the element.
    """
    elements = [element for element in document.elements if every_type or element.type not in LEFT_OUT]
    info = document.info
    fields = {
        "uri": info.ref.uri,
        "path": info.ref.path,
        "doc_id": info.doc_id,
        "content_hash": info.content_hash,
        "fingerprint": info.fingerprint,
        "media_type": info.media_type,
        "size": info.size,
        "status": document.status,
        "engine": document.engine,
        "notes": document.notes,
        "page_count": document.page_count,
        "meta": document.meta,
        "metadata": info.ref.metadata,
        "outline": [{"level": e.level, "title": e.title, "page": e.page} for e in document.outline],
        "pages": document.pages,
        "elements": [element_fields(element) | _picture(pictures.get(element.element_id)) for element in elements],
        "tree": tree_fields(section_tree(elements)),
        "failures": document.failures,
    }
    return msgspec.json.format(msgspec.json.encode(fields), indent=1)


def _picture(url: str | None) -> dict[str, str]:
    return {"picture": url} if url else {}


def element_fields(element: Element) -> dict[str, object]:
    """What the JSON tells about an element; `cells`, captions and references only where there are any."""
    fields: dict[str, object] = {
        "element_id": element.element_id,
        "index": element.index,
        "type": element.type,
        "text": element.text,
        "page": element.page,
        "box": element.box,
        "level": element.level,
        "marker": element.marker,
        "section_path": element.section_path,
        "confidence": element.confidence,
        "source": element.source,
        "parent_id": element.parent_id,
    }
    fields |= {name: found for name in ("caption_of", "caption_id") if (found := getattr(element, name))}
    if element.references:
        fields["references"] = [
            {"start": r.start, "end": r.end, "kind": r.kind, "element_id": r.element_id} for r in element.references
        ]
    if element.cells:
        fields["cells"] = [
            {
                "row": cell.row,
                "column": cell.column,
                "row_span": cell.row_span,
                "column_span": cell.column_span,
                "header": cell.header,
                "text": cell.text,
                "box": cell.box,
                "page": cell.page or element.page,
            }
            for cell in element.cells
        ]
    return fields
