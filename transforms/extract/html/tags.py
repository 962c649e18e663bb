"""How tags take part in the flow of text."""

from __future__ import annotations

#: Never shown, or shown as something other than text.
DROPPED = {"script", "style", "template", "noscript", "title", "meta", "link", "head", "object", "embed", "iframe"}
DROPPED |= {"audio", "video", "canvas", "datalist", "desc", "metadata", "defs", "map", "frameset", "param", "source"}
DROPPED |= {"track"}

HEADING_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
LISTS = {"ul", "ol", "menu", "dir"}
VERBATIM = {"pre", "listing", "xmp", "plaintext"}

#: Blocks that end the text of a list item; paragraphs and divisions inside an item only break its line.
BREAKERS = HEADING_TAGS | LISTS | VERBATIM | {"li", "dl", "dt", "dd", "figure", "figcaption", "hr", "table"}
BREAKERS |= {"tr", "td", "th"}

BLOCKS = BREAKERS | {"address", "article", "aside", "blockquote", "body", "caption", "center", "details", "dialog"}
BLOCKS |= {"div", "fieldset", "footer", "form", "header", "hgroup", "legend", "main", "nav", "optgroup", "p"}
BLOCKS |= {"search", "section", "summary", "tbody", "textarea", "tfoot", "thead"}

#: Inline boxes that stand apart from the text around them.
SPACED = {"button", "option", "select"}
#: Types of inputs whose value a reader sees as text.
TYPED_INPUTS = {"", "text", "search", "email", "tel", "url", "number", "date", "time", "month", "week"}
