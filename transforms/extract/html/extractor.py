"""HTML pages: one flow page of blocks."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from schemas.content import DocumentMeta, Extraction, ExtractRequest
from transforms.extract.html.flow import html_flow
from transforms.extract.html.tree import parse_tree
from transforms.extract.text.flow import flow_extraction, flow_page, read_text

_XHTML = "application/xhtml+xml"
_CREATED = ("article:published_time", "dcterms.created", "dc.date", "dc.date.created", "date", "datepublished")
_MODIFIED = ("article:modified_time", "dcterms.modified", "last-modified", "datemodified")
_AUTHOR = ("author", "dcterms.creator", "dc.creator", "article:author")
_KEPT = ("description", "keywords", "generator", "copyright")


class HtmlExtractor:
    """HTML and XHTML files."""

    name = "html"
    media_types = frozenset({"text/html", _XHTML})
    extensions = frozenset({".html", ".htm", ".xhtml", ".xht"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """Blocks in reading order; never fails on wrong markup or a wrong character set."""
        text = read_text(path, request).text
        root = parse_tree(text, xml=request.media_type == _XHTML)
        return html_extraction(root, request, self.name)


def html_extraction(root: etree._Element, request: ExtractRequest, source: str) -> Extraction:
    """The extraction of a parsed document; `source` names the format in its blocks."""
    flow = html_flow(root, source)
    page = flow_page(1, flow.blocks)
    page.images, page.links = flow.images, flow.links
    return flow_extraction([page], request, f"lxml {etree.__version__}", html_meta(root))


def html_meta(root: etree._Element) -> DocumentMeta:
    """Title, author, language and dates from the head."""
    named: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("name") or element.get("property") or element.get("itemprop") or ""
        content = " ".join(element.get("content", "").split())
        if name and content:
            named.setdefault(name.strip().lower(), content)
    title = next((text for e in root.iter("title") if (text := " ".join("".join(e.itertext()).split()))), "")
    return DocumentMeta(
        title=title or named.get("og:title", ""),
        author=_first(named, _AUTHOR),
        language=root.get("lang", "") or _first(named, ("content-language", "dc.language")),
        created=_first(named, _CREATED),
        modified=_first(named, _MODIFIED),
        properties={name: named[name] for name in _KEPT if name in named},
    )


def _first(named: dict[str, str], names: tuple[str, ...]) -> str:
    return next((named[name] for name in names if name in named), "")
