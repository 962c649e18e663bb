"""What a DOCX file says about itself: core and extended properties."""

from __future__ import annotations

from schemas.content import DocumentMeta
from transforms.extract.docx_notes import first_target
from transforms.extract.docx_package import Node, Package, Relationship

_CORE = "core-properties"
_EXTENDED = "extended-properties"
#: Local names of property elements by what we call them.
_PROPERTIES = {
    "subject": "subject",
    "keywords": "keywords",
    "category": "category",
    "description": "description",
    "lastModifiedBy": "last_modified_by",
    "contentStatus": "status",
    "Application": "producer",
    "Company": "company",
}


def read_meta(package: Package, relationships: dict[str, Relationship], language: str) -> DocumentMeta:
    """Metadata of the package; `language` is the default that the styles set."""
    texts: dict[str, str] = {}
    for kind in (_CORE, _EXTENDED):
        target = first_target(relationships, kind)
        texts = _texts(package.xml(target, lenient=True) if target else None) | texts
    return DocumentMeta(
        title=texts.get("title", ""),
        author=texts.get("creator", ""),
        language=texts.get("language", "") or language,
        created=texts.get("created", ""),
        modified=texts.get("modified", ""),
        properties={ours: texts[theirs] for theirs, ours in _PROPERTIES.items() if texts.get(theirs)},
    )


def _texts(root: Node | None) -> dict[str, str]:
    children = [child for child in root if isinstance(child.tag, str)] if root is not None else []
    return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in children}
