"""What a DOCX file says about itself: core and extended properties."""

from __future__ import annotations

from datetime import datetime

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.coreprops import CoreProperties
from docx.oxml.coreprops import CT_CoreProperties
from docx.package import Package

from schemas.content import DocumentMeta
from transforms.extract.docx.package import related_part, root_element

#: Properties beside those that have a field of their own: python-docx's names by ours.
_CORE = {
    "subject": "subject",
    "keywords": "keywords",
    "category": "category",
    "description": "comments",
    "last_modified_by": "last_modified_by",
    "status": "content_status",
}
#: Local names of extended properties, which python-docx does not know, by ours.
_EXTENDED = {"producer": "Application", "company": "Company"}


def read_meta(package: Package, language: str) -> DocumentMeta:
    """Metadata of the package; `language` is the default that the styles set."""
    extended = _extended_properties(package)
    # Without this part python-docx would make one up.
    root = root_element(related_part(package, RELATIONSHIP_TYPE.CORE_PROPERTIES))
    if not isinstance(root, CT_CoreProperties):
        return DocumentMeta(language=language, properties=extended)
    core = CoreProperties(root)
    texts = {ours: getattr(core, theirs).strip() for ours, theirs in _CORE.items()}
    return DocumentMeta(
        title=core.title.strip(),
        author=core.author.strip(),
        language=core.language.strip() or language,
        created=_date(core, "created"),
        modified=_date(core, "modified"),
        properties={name: text for name, text in texts.items() if text} | extended,
    )


def _date(core: CoreProperties, name: str) -> str:
    """A date in ISO 8601; '' without one."""
    try:
        found: datetime | None = getattr(core, name)
    except (TypeError, OverflowError):
        # python-docx reads an empty element as None, and shifts year 1 by its time zone.
        return ""
    return found.isoformat().replace("+00:00", "Z") if found is not None else ""


def _extended_properties(package: Package) -> dict[str, str]:
    root = root_element(related_part(package, RELATIONSHIP_TYPE.EXTENDED_PROPERTIES))
    if root is None:
        return {}
    texts = {ours: (root.findtext(f"{{*}}{theirs}") or "").strip() for ours, theirs in _EXTENDED.items()}
    return {name: text for name, text in texts.items() if text}
