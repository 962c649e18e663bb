"""HTML: flow, lists, tables, hidden content, furniture, hostile input."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Block, BlockType, Extraction, ExtractRequest, Style
from schemas.failures import Corrupt
from transforms.extract.html.extractor import HtmlExtractor
from transforms.extract.html.flow import html_flow
from transforms.extract.html.inline import InlineText
from transforms.extract.html.lists import ordinal
from transforms.extract.html.style import parse_colour
from transforms.extract.html.tree import parse_tree


def flow(markup: str) -> list[Block]:
    return html_flow(parse_tree(markup)).blocks


def text_of(block: Block) -> str:
    return "".join(span.text for span in block.spans)


def brief(markup: str) -> list[tuple[str, str]]:
    return [(b.type.value, text_of(b)) for b in flow(markup)]


def grid(block: Block) -> list[tuple[int, int, int, int, str]]:
    return [(c.row, c.column, c.row_span, c.column_span, c.text) for c in block.cells]


def extract(tmp_path: Path, data: bytes, **request: str) -> Extraction:
    path = tmp_path / "page.html"
    path.write_bytes(data)
    return HtmlExtractor().extract(path, ExtractRequest(**request))  # type: ignore[arg-type]


class TestFlow:
    def test_headings_and_paragraphs(self) -> None:
        blocks = flow("<h1>A <b>b</b></h1>loose<p>one\n two<p>three<div>four<h3>C</h3>five</div><h4> </h4>")
        assert [(b.type.value, b.level, text_of(b)) for b in blocks] == [
            ("heading", 1, "A b"),
            ("paragraph", 0, "loose"),
            ("paragraph", 0, "one two"),
            ("paragraph", 0, "three"),
            ("paragraph", 0, "four"),
            ("heading", 3, "C"),
            ("paragraph", 0, "five"),
        ]

    def test_role_heading(self) -> None:
        blocks = flow(
            "<div role=heading aria-level=3>T</div><div role=heading aria-level=x>U</div><h1 role=none>V</h1>"
        )
        assert [(b.type.value, b.level) for b in blocks] == [("heading", 3), ("heading", 2), ("paragraph", 0)]

    def test_white_space_collapses_across_inline_elements(self) -> None:
        assert brief("<p>a <b> b</b>\n<i>c</i> , d<!-- x -->e  </p>") == [("paragraph", "a b c , de")]

    def test_no_break_space_survives(self) -> None:
        assert brief("<p>a&nbsp; b</p>") == [("paragraph", "a\xa0 b")]

    def test_styles(self) -> None:
        (block,) = flow("<p>x<b>y<i>z</i></b><code>c</code>H<sub>2</sub></p>")
        assert [(s.text, s.style) for s in block.spans] == [
            ("x", 0),
            ("y", Style.BOLD),
            ("z", Style.BOLD | Style.ITALIC),
            ("c", Style.MONO),
            ("H", 0),
            ("2", Style.SUBSCRIPT),
        ]

    def test_line_breaks(self) -> None:
        assert brief("<p>a<br> b<br><br>c</p>") == [("paragraph", "a\nb"), ("paragraph", "c")]

    def test_display_block_parts_inline_elements(self) -> None:
        assert brief('a<span style="display:block">b</span>c') == [("paragraph", t) for t in "abc"]

    def test_pre_keeps_lines(self) -> None:
        assert brief("<pre><code>\n  x = 1\n\n  y\n</code></pre>") == [("code", "  x = 1\n\n  y")]

    def test_figure_caption_and_images(self) -> None:
        result = html_flow(
            parse_tree(
                "<figure><img src=a.png width=20 height=10px><figcaption>Fig <b>1</b></figcaption></figure>"
                "<p>see <img alt='a  duck'> here</p><img src=spacer.gif width=1 height=1 alt=x><img src=b.png>"
            )
        )
        assert [(b.type.value, text_of(b)) for b in result.blocks] == [
            ("figure", ""),
            ("caption", "Fig 1"),
            ("paragraph", "see here"),
            ("figure", "a duck"),
        ]
        assert [(i.width, i.height, i.alt) for i in result.images] == [(20, 10, ""), (0, 0, "a duck"), (0, 0, "")]

    def test_links(self) -> None:
        page = '<base href="http://e.org/d/"><a href="x.html">x</a><a href="#f">f</a><a href="javascript:y()">y</a>'
        links = html_flow(parse_tree(page + '<a href="http://[">z</a><a href="mailto:a@b.c">m</a>')).links
        assert [link.uri for link in links] == ["http://e.org/d/x.html", "mailto:a@b.c"]

    def test_dropped_elements_keep_what_follows(self) -> None:
        assert brief("<p>a<script>s</script>b<style>t</style>c<template>u</template>d<noscript>v</noscript>e") == [
            ("paragraph", "abcde")
        ]

    def test_definition_list_details_and_quote(self) -> None:
        page = "<dl><dt>T<dd>D</dl><details><summary>S</summary>x</details><blockquote><p>Q</p></blockquote>a<hr>b"
        assert [t for _, t in brief(page)] == ["T", "D", "S", "x", "Q", "a", "b"]

    def test_form_values_are_text(self) -> None:
        page = "<p>Name: <input value=Ann><input type=hidden value=secret></p><select><option>A<option>B</select>"
        assert [t for _, t in brief(page)] == ["Name: Ann", "A B"]

    def test_formulas(self) -> None:
        tex = '<annotation encoding="application/x-tex">y^2</annotation>'
        page = (
            '<p>if <math alttext="x"><mi>q</mi></math> then</p>'
            f'<math display="block"><semantics><mi>y</mi>{tex}</semantics></math>'
            "<p><math><mi>a</mi><mo>+</mo></math></p>"
        )
        assert brief(page) == [("paragraph", "if x then"), ("formula", "y^2"), ("paragraph", "a +")]

    def test_formula_drawn_a_second_time_is_dropped(self) -> None:
        page = '<p><span><span><math alttext="x^2"></math></span><span aria-hidden="true">x2</span></span> holds</p>'
        assert brief(page) == [("paragraph", "x^2 holds")]

    def test_formula_hidden_behind_its_picture_is_text(self) -> None:
        page = '<p>so <span style="display:none"><math alttext="k"></math></span><img aria-hidden="true" alt="k"> .</p>'
        assert brief(page) == [("paragraph", "so k .")]


class TestLists:
    def test_nested_lists(self) -> None:
        blocks = flow("<ul><li>a<ol type=a start=3><li>b<li value=9>c</ol>tail<li><p>d</p><p>e</p><ul><li>f</ul></ul>")
        assert [(b.type.value, b.level, b.marker, text_of(b)) for b in blocks] == [
            ("list_item", 0, "-", "a"),
            ("list_item", 1, "c.", "b"),
            ("list_item", 1, "i.", "c"),
            ("paragraph", 0, "", "tail"),
            ("list_item", 0, "-", "d\ne"),
            ("list_item", 1, "-", "f"),
        ]

    def test_list_directly_in_a_list(self) -> None:
        assert [b.level for b in flow("<ul><li>a</li><ul><li>b</li></ul></ul><li>stray")] == [0, 1, 0]

    def test_reversed(self) -> None:
        assert [b.marker for b in flow("<ol reversed><li>a<li>b<li>c</ol><ol start=x><li>d</ol>")] == [
            "3.",
            "2.",
            "1.",
            "1.",
        ]

    def test_heading_inside_an_item(self) -> None:
        assert [b.type.value for b in flow("<ul><li><h3>H</h3>text</ul>")] == ["heading", "list_item"]

    @pytest.mark.parametrize(
        ("number", "kind", "expected"),
        [(28, "a", "ab"), (1, "A", "A"), (1994, "i", "mcmxciv"), (4, "I", "IV"), (0, "i", "0"), (-2, "a", "-2")],
    )
    def test_ordinals(self, number: int, kind: str, expected: str) -> None:
        assert ordinal(number, kind) == expected

    def test_footnotes(self) -> None:
        page = '<section class="footnotes"><ol><li><p>Note <a role="doc-backlink" href="#r">back</a></p></ol></section>'
        assert [(b.type.value, b.marker, text_of(b)) for b in flow(page)] == [("footnote", "1", "Note")]


class TestTables:
    def test_spans_and_headers(self) -> None:
        page = (
            "<table><caption>Cap</caption><thead><tr><td rowspan=2>R<td colspan=2>S</tr><tr><td>x<td>y</thead>"
            "<tr><th>h<td>1<td rowspan=0>2</tr><tr><td>p<br>q<td><p>u</p><p>v</p></table>"
        )
        caption, table = flow(page)
        assert (caption.type, text_of(caption)) == (BlockType.CAPTION, "Cap")
        assert grid(table) == [
            (0, 0, 2, 1, "R"),
            (0, 1, 1, 2, "S"),
            (1, 1, 1, 1, "x"),
            (1, 2, 1, 1, "y"),
            (2, 0, 1, 1, "h"),
            (2, 1, 1, 1, "1"),
            (2, 2, 2, 1, "2"),
            (3, 0, 1, 1, "p\nq"),
            (3, 1, 1, 1, "u\nv"),
        ]
        assert [c.header for c in table.cells] == [True] * 5 + [False] * 4

    def test_layout_tables_become_flow(self) -> None:
        nested = "<table><tr><td>left<td><table><tr><td>a<td>b</table>right</table>"
        assert [(b.type.value, text_of(b) or len(b.cells)) for b in flow(nested)] == [
            ("paragraph", "left"),
            ("table", 2),
            ("paragraph", "right"),
        ]
        related = "<div role=navigation><table><tr><th>a<td>b</table></div>"
        landmark = f"<table><tr><th>see<tr><td>{related}</table>"
        assert [t for t, _ in brief(f"<main>{landmark}</main>")] == ["paragraph", "table"]
        assert [t for t, _ in brief("<table role=presentation><tr><td>a<td>b</table>")] == ["paragraph"] * 2
        assert [t for t, _ in brief("<table><tr><td><h2>H</h2><p>a<p>b<p>c</table>")] == ["heading"] + ["paragraph"] * 3

    def test_structure_inside_cells_is_their_text(self) -> None:
        (table,) = flow("<table><tr><td><h2>A</h2><ul><li>x<li>y</ul><td><img alt=yes><td>z<img alt=no></table>")
        assert [c.text for c in table.cells] == ["A\nx\ny", "yes", "z"]

    def test_text_around_a_table_keeps_its_place(self) -> None:
        page = "<p>a<table><tr><td>1<td>2</table>b<table><tr><td> <td></table>"
        assert [(b.type.value, text_of(b)) for b in flow(page)] == [
            ("paragraph", "a"),
            ("table", ""),
            ("paragraph", "b"),
        ]

    def test_spans_are_bounded(self) -> None:
        row = "<tr><td colspan=999999 rowspan=999999>x<td>y</tr>"
        cells = [c for b in flow(f"<table>{row * 500}</table>") for c in b.cells]
        assert [c.text for c in cells if c.text] == ["x", "y"] * 500
        assert max(c.column_span for c in cells) == 1

    def test_cell_without_a_row_and_bad_spans(self) -> None:
        (table,) = flow("<table><td colspan=-3>a<td rowspan=x>b</table>")
        assert grid(table) == [(0, 0, 1, 1, "a"), (0, 1, 1, 1, "b")]

    @given(
        st.lists(
            st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=1, max_size=5), min_size=1, max_size=6
        )
    )
    def test_cells_never_overlap(self, rows: list[list[tuple[int, int]]]) -> None:
        body = "".join("<tr>" + "".join(f"<td rowspan={r} colspan={c}>t" for r, c in row) for row in rows)
        cells = [c for b in flow(f"<table>{body}</table>") for c in b.cells]
        taken = [
            (r, c)
            for cell in cells
            for r in range(cell.row, cell.row + cell.row_span)
            for c in range(cell.column, cell.column + cell.column_span)
        ]
        assert len(taken) == len(set(taken))
        assert len(cells) == sum(map(len, rows))
        assert max(r for r, _ in taken) < len(rows)


class TestHidden:
    @pytest.mark.parametrize(
        ("attributes", "reason"),
        [
            ('style="display:none"', "display: none"),
            ('style="visibility: hidden"', "visibility: hidden"),
            ('style="opacity:0"', "opacity 0"),
            ('style="font-size:0px"', "font size 0"),
            ('style="position:absolute; left:-9999px"', "off screen"),
            ('style="text-indent:-999em"', "off screen"),
            ('style="overflow:hidden;height:0"', "box of size 0"),
            ('style="color:#fff;background:rgb(255,255,255)"', "color of its background"),
            ('style="color:white"', "color of its background"),
            ("hidden", "hidden attribute"),
        ],
    )
    def test_reasons(self, attributes: str, reason: str) -> None:
        blocks = flow(f"<p>seen <span {attributes}>secret <b>text</b></span> again</p>")
        assert [(b.type.value, text_of(b)) for b in blocks] == [("paragraph", "seen again"), ("hidden", "secret text")]
        assert {span.hidden for span in blocks[1].spans} == {reason}

    def test_visible_descendant_of_an_invisible_element(self) -> None:
        page = '<div style="visibility:hidden">no<b style="visibility:visible">yes</b></div>'
        assert ("paragraph", "yes") in brief(page) and ("hidden", "no") in brief(page)

    def test_nothing_visible_inside_display_none(self) -> None:
        page = '<div style="display:none">a<p style="display:block">b</p><table><tr><td>c<td>d</table></div>e'
        assert brief(page) == [("hidden", "a\nb\nc\nd"), ("paragraph", "e")]

    def test_white_text_on_an_unknown_background_is_visible(self) -> None:
        page = "<style>.dark{background:#000}</style><div class=dark><span style='color:white'>seen</span></div>"
        assert brief(page) == [("paragraph", "seen")]

    def test_font_colour_on_bgcolor(self) -> None:
        page = "<table bgcolor=#000000><tr><td><font color=black>a</font><font color=red>b</font><td>c</table>"
        table, hidden = flow(page)
        assert [c.text for c in table.cells] == ["b", "c"] and text_of(hidden) == "a"

    def test_closed_dialog_and_aria_hidden(self) -> None:
        assert brief("<dialog>x</dialog><p aria-hidden=true>shown</p>") == [("hidden", "x"), ("paragraph", "shown")]

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("#FFF", "ffffff"),
            ("rgb(1, 2,300)", "0102ff"),
            ("rgba(0,0,0,0.1)", ""),
            ("rgba(0 0 0 / 1)", "000000"),
            ("x", ""),
        ],
    )
    def test_colours(self, value: str, expected: str) -> None:
        assert parse_colour(value) == expected


class TestFurniture:
    def test_site_frame(self) -> None:
        page = (
            "<header><nav><ul><li>Home</ul></nav>Site</header><div role=dialog>Cookies</div><main><h1>T</h1>"
            "<header>By Ann</header><nav>1 2 3</nav><footer>End note</footer></main><footer>(c)</footer>"
            "<div id=cookie-banner>Consent</div>"
        )
        assert brief(page) == [
            ("page_header", "Home"),
            ("page_header", "Site"),
            ("page_footer", "Cookies"),
            ("heading", "T"),
            ("paragraph", "By Ann"),
            ("page_header", "1 2 3"),
            ("paragraph", "End note"),
            ("page_footer", "(c)"),
            ("page_footer", "Consent"),
        ]

    def test_roles(self) -> None:
        assert [
            k for k, _ in brief("<div role=banner>a</div><div role=contentinfo>b</div><div role=navigation>c</div>")
        ] == [
            "page_header",
            "page_footer",
            "page_header",
        ]

    def test_header_with_the_only_title_is_content(self) -> None:
        assert brief("<header><h1>T</h1><p>by A</p></header><p>x") == [
            ("heading", "T"),
            ("paragraph", "by A"),
            ("paragraph", "x"),
        ]

    def test_navigation_that_holds_content(self) -> None:
        page = "<main><nav><h2>See also</h2>a</nav><div role=navigation><table><tr><th>h<td>d</table></div></main>"
        assert [k for k, _ in brief(page)] == ["heading", "paragraph", "table"]


class TestFiles:
    def test_metadata(self, tmp_path: Path) -> None:
        head = (
            "<html lang=de><head><title> T\n t </title><meta name=Author content='Ann B'><meta name=keywords content=k>"
            "<meta property=article:published_time content=2024-01-02><meta name=empty></head><p>x"
        )
        result = extract(tmp_path, head.encode())
        meta = result.meta
        assert (meta.title, meta.author, meta.language, meta.created) == ("T t", "Ann B", "de", "2024-01-02")
        assert meta.properties == {"keywords": "k"}
        assert result.page_count == 1 and result.engine.startswith("lxml")

    def test_utf16_and_wrong_charset(self, tmp_path: Path) -> None:
        assert text_of(extract(tmp_path, "<p>Größe".encode("utf-16")).pages[0].blocks[0]) == "Größe"
        latin = "<meta charset=utf-8><p>Größe".encode("latin-1")
        assert text_of(extract(tmp_path, latin, charset="utf-8").pages[0].blocks[0]) == "Größe"

    def test_empty_and_markup_only(self, tmp_path: Path) -> None:
        with pytest.raises(Corrupt, match="file is empty"):
            extract(tmp_path, b"")
        with pytest.raises(Corrupt):
            extract(tmp_path, b"  \n")
        assert extract(tmp_path, b"<html></html>").pages[0].status == "empty"

    def test_xhtml_empty_script_swallows_nothing(self, tmp_path: Path) -> None:
        page = b'<html><head><title/><script src="a"/></head><body><p>x</p></body></html>'
        declared = b'<?xml version="1.0" encoding="utf-8"?>' + page
        assert text_of(extract(tmp_path, declared).pages[0].blocks[0]) == "x"
        assert text_of(extract(tmp_path, page, media_type="application/xhtml+xml").pages[0].blocks[0]) == "x"

    def test_nul_bytes(self, tmp_path: Path) -> None:
        page = b"<html><body><p>alpha\x00 beta</p></body></html>"
        assert text_of(extract(tmp_path, page).pages[0].blocks[0]) == "alpha beta"


class TestHostile:
    def test_deep_nesting_keeps_the_text(self) -> None:
        page = "top" + "<div>" * 20_000 + "bottom<h2>head</h2>" + "</div>" * 20_000 + "<script>no</script>"
        assert brief(page) == [("paragraph", "top"), ("paragraph", "bottom"), ("heading", "head")]

    def test_unclosed_nested_tables(self) -> None:
        page = "".join(f"<table><tr><td><b><p>cell {i}" for i in range(3000))
        assert " ".join(text_of(b) for b in flow(page)).split()[-1] == "2999"

    def test_many_nested_headers(self) -> None:
        assert "x" in str(flow("<header><nav>" * 900 + "x"))

    @given(st.text(st.sampled_from("<>/ abptdulirhe=\"'&;!-\n"), max_size=200))
    def test_any_markup_is_read_or_corrupt(self, markup: str) -> None:
        try:
            blocks = flow(markup)
        except Corrupt:
            return
        assert all(b.cells or b.spans or b.type is BlockType.FIGURE for b in blocks)


@given(st.lists(st.tuples(st.text("ab \n\t", max_size=6), st.integers(0, 2)), max_size=8))
def test_inline_text_equals_collapsed_join(runs: list[tuple[str, int]]) -> None:
    inline = InlineText()
    for text, style in runs:
        inline.add(text, style)
    assert "".join(s.text for s in inline.take()) == " ".join("".join(text for text, _ in runs).split())


@pytest.mark.parametrize("tag", ["header", "footer", "nav"])
def test_an_article_inside_of_a_landmark_is_text(tag: str) -> None:
    prose = "".join(
        f"<p>{'The tenant keeps the rooms in the state in which they were let. ' * 3}{n}</p>" for n in range(3)
    )
    for inside in ("<article><p>Short.</p></article>", prose):
        blocks = flow(f"<html><body><h1>Lease</h1><{tag}>{inside}</{tag}></body></html>")
        assert all(block.type not in (BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER) for block in blocks)


def test_a_body_that_says_consent_in_its_class_is_text() -> None:
    blocks = flow(
        '<html><body class="cookie-notice"><p>The text.</p><div id="cookie-banner">Accept</div></body></html>'
    )
    assert [block.type for block in blocks] == [BlockType.PARAGRAPH, BlockType.PAGE_FOOTER]
