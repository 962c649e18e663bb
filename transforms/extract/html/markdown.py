"""Markdown: CommonMark with tables, strikethrough, footnotes, formulas and front matter.

Markdown is defined by the HTML it stands for, and may contain HTML. So it is rendered, and read as HTML.
"""

from __future__ import annotations

import html
import re
from importlib.metadata import version
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from schemas.content import DocumentMeta, Extraction, ExtractRequest
from transforms.extract.html.extractor import html_extraction
from transforms.extract.html.tree import parse_tree
from transforms.extract.text.flow import read_text

#: Levels of blocks inside blocks; the parser drops what lies deeper, so deeper markers are taken away before.
_MAX_NESTING = 200
_CONTAINER = r"[ \t]*(?:>|[*+-](?=[ \t]))"
_DEEP = re.compile(rf"^((?:{_CONTAINER}){{50}})(?:{_CONTAINER})+", re.M)
#: A rule at the top of a text also looks like '---', but no key follows it.
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:[ \t]*(?:#.*)?\r?\n)*[A-Za-z][\w-]*[ \t]*:")
_KEY = re.compile(r"([A-Za-z][\w-]*)\s*:[ \t]*(.*)")


class MarkdownExtractor:
    """Markdown files."""

    name = "markdown"
    media_types = frozenset({"text/markdown", "text/x-markdown"})
    extensions = frozenset({".md", ".markdown", ".mkd", ".mdown"})

    def extract(self, path: Path, request: ExtractRequest) -> Extraction:
        """Blocks in reading order; the front matter becomes metadata."""
        text = _DEEP.sub(r"\1", read_text(path, request).text)
        parser = _parser()
        if _FRONT_MATTER.match(text):
            parser.use(front_matter_plugin)
        environment: dict[str, object] = {}
        tokens = parser.parse(text, environment)
        markup = str(parser.renderer.render(tokens, parser.options, environment))
        extraction = html_extraction(parse_tree(f"<body>{markup}</body>"), request, self.name)
        extraction.meta = front_matter(next((t.content for t in tokens if t.type == "front_matter"), ""))
        extraction.engine = f"markdown-it-py {version('markdown-it-py')}"
        return extraction


def front_matter(text: str) -> DocumentMeta:
    """Metadata of plain `key: value` lines; nested values are kept out."""
    found = {
        m.group(1).lower(): m.group(2).strip().strip("\"'") for line in text.split("\n") if (m := _KEY.match(line))
    }
    known = {name: found.pop(name, "") for name in ("title", "author")}
    created, modified = found.pop("date", ""), found.pop("updated", "") or found.pop("lastmod", "")
    language = found.pop("lang", "") or found.pop("language", "")
    return DocumentMeta(
        title=known["title"],
        author=known["author"],
        language=language,
        created=created,
        modified=modified,
        properties={name: value for name, value in found.items() if value},
    )


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, renderer=_formula)
    parser.add_render_rule("footnote_anchor", _nothing)
    parser.add_render_rule("footnote_ref", _reference)
    return parser


def _formula(content: str, options: dict[str, bool]) -> str:
    mode = ' display="block"' if options["display_mode"] else ""
    return f'<math{mode} alttext="{html.escape(content.strip())}"></math>'


def _nothing(*_: object) -> str:
    """The arrow back to the text is no content."""
    return ""


def _reference(_renderer: object, tokens: list[Token], index: int, *_: object) -> str:
    return f"<sup>{int(tokens[index].meta['id']) + 1}</sup>"
