import pytest
from docx.opc.rel import Relationships
from lxml import etree

from schemas.content import BlockType, Link, Style
from transforms.extract.docx.inline import Registers
from transforms.extract.docx.numbering import Numbering
from transforms.extract.docx.story import StoryReader
from transforms.extract.docx.styles import StyleSheet

NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())

STYLES = """
<w:docDefaults><w:rPrDefault><w:rPr>
  <w:rFonts w:ascii="Carlito"/><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Section"><w:name w:val="Own section"/>
  <w:basedOn w:val="berschrift2"/></w:style>
<w:style w:type="paragraph" w:styleId="Chapter"><w:name w:val="Kapitel"/>
  <w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="TOCHeading"><w:name w:val="TOC Heading"/><w:basedOn w:val="berschrift2"/>
  <w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/></w:style>
<w:style w:type="paragraph" w:styleId="Code"><w:name w:val="Source Code"/></w:style>
<w:style w:type="paragraph" w:styleId="ListBullet"><w:name w:val="List Bullet"/></w:style>
<w:style w:type="paragraph" w:styleId="ListBullet3"><w:name w:val="List Bullet 3"/>
  <w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="ListNumber"><w:name w:val="List Number"/>
  <w:pPr><w:numPr><w:numId w:val="9"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/><w:rPr><w:b/></w:rPr></w:style>
"""
NUMBERING = """
<w:abstractNum w:abstractNumId="0">
  <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
  <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="1">
  <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
"""


def parse(tag, inner):
    return etree.fromstring(f"<w:{tag} {DECLARED}>{inner}</w:{tag}>")


def read_all(body, relationships=None, comments=None, backed=False):
    styles = StyleSheet(parse("styles", STYLES))
    registers = Registers(styles, Numbering(parse("numbering", NUMBERING), styles))
    images = []
    reader = StoryReader(registers, relationships or {}, images, comments, backed)
    return reader.blocks(parse("body", body)), registers, images


def read(body, **keywords):
    return read_all(body, **keywords)[0]


def p(inner="", style="", more=""):
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{more}</w:pPr>{inner}</w:p>"


def r(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def text(block):
    return "".join(span.text for span in block.spans)


def outline(blocks):
    return [(block.type.value, block.level, block.marker, text(block)) for block in blocks]


def number(num_id, depth=0):
    return f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{num_id}"/></w:numPr>'


@pytest.mark.parametrize(
    ("style", "kind", "level"),
    [
        ("Titel", "title", 0),
        ("berschrift2", "heading", 2),
        ("Section", "heading", 2),
        ("Chapter", "heading", 1),
        ("TOCHeading", "paragraph", 0),
        ("Caption", "caption", 0),
        ("Code", "code", 0),
        ("Unknown", "paragraph", 0),
        ("Loop", "paragraph", 0),
    ],
)
def test_styles_decide_types(style, kind, level):
    assert outline(read(p(r("x"), style))) == [(kind, level, "", "x")]


def test_direct_outline_level_makes_and_unmakes_headings():
    long = "word " * 100
    blocks = read(
        p(r("a"), more='<w:outlineLvl w:val="2"/>')
        + p(r("b"), "Chapter", '<w:outlineLvl w:val="9"/>')
        + p(r(long), more='<w:outlineLvl w:val="0"/>')
    )
    assert [(block.type.value, block.level) for block in blocks] == [("heading", 3), ("paragraph", 0), ("paragraph", 0)]


def test_lists_have_levels_and_markers_beside_the_text():
    blocks = read(
        p(r("one"), more=number(1))
        + p(r("sub"), more=number(1, 1))
        + p(r("two"), more=number(1))
        + p(r("dot"), more=number(2))
        + p(r("deep"), "ListBullet3")
        + p(r("undefined"), "ListNumber")
        + p(r("off"), "ListBullet3", number(0))
    )
    assert outline(blocks) == [
        ("list_item", 0, "1.", "one"),
        ("list_item", 1, "a)", "sub"),
        ("list_item", 0, "2.", "two"),
        ("list_item", 0, "-", "dot"),
        ("list_item", 2, "-", "deep"),
        ("list_item", 0, "", "undefined"),
        ("paragraph", 0, "", "off"),
    ]


def test_empty_numbered_paragraph_counts_but_makes_no_block():
    assert outline(read(p("", more=number(1)) + p(r("x"), more=number(1)))) == [("list_item", 0, "2.", "x")]


def test_numbered_heading_keeps_its_number_as_marker():
    blocks = read(p(r("Scope"), "berschrift2", number(1)) + p(r("Dotted"), "berschrift2", number(2)))
    assert outline(blocks) == [("heading", 2, "1.", "Scope"), ("heading", 2, "", "Dotted")]


def test_runs_of_one_look_are_one_span_and_keep_their_look():
    look = '<w:rFonts w:ascii="Consolas"/><w:b/><w:i w:val="0"/><w:sz w:val="30"/><w:color w:val="FF0000"/>'
    (block,) = read(p(r("a") + r("b") + r("c", look) + r("d", '<w:rStyle w:val="Strong"/>') + r("e", "<w:i/>")))
    assert [span.text for span in block.spans] == ["ab", "c", "d", "e"]
    plain, code, strong, italic = block.spans
    assert (plain.font, plain.size, plain.style, plain.color) == ("Carlito", 11.0, 0, 0)
    assert (code.font, code.size, code.color) == ("Consolas", 15.0, 0xFF0000)
    assert (code.style, strong.style, italic.style) == (Style.BOLD | Style.MONO, Style.BOLD, Style.ITALIC)


def test_super_and_subscript_and_bad_values():
    high, low = ('<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>')
    (block,) = read(p(r("a", high) + r("b", low) + r("c", '<w:color w:val="auto"/><w:sz w:val="x"/>')))
    assert [span.style for span in block.spans] == [Style.SUPERSCRIPT, Style.SUBSCRIPT, 0]
    assert block.spans[2].size == 11.0


def test_special_characters():
    inner = (
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:softHyphen/><w:cr/>"
        '<w:sym w:font="Wingdings" w:char="F0FC"/><w:sym w:font="Symbol" w:char="61"/>'
        '<w:sym w:font="Other" w:char="F041"/><w:sym w:font="Other" w:char="zz"/></w:r>'
    )
    assert text(read(p(inner))[0]) == "a\tb\nc\u2011\u00ad\n✓α\uf041"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("<w:vanish/>", "vanish"),
        ('<w:color w:val="FFFFFF"/>', "white on white"),
        ('<w:sz w:val="2"/>', "tiny"),
    ],
)
def test_hidden_text_becomes_a_block_of_its_own(properties, reason):
    blocks = read(p(r("seen ") + r("secret", properties) + r("also")))
    assert [(block.type.value, text(block)) for block in blocks] == [("paragraph", "seen also"), ("hidden", "secret")]
    assert [span.hidden for span in blocks[1].spans] == [reason]


@pytest.mark.parametrize(
    "body",
    [
        p(r("x", '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="000000"/>')),
        p(r("x", '<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>')),
        p(r("x", '<w:color w:val="FFFFFF"/>'), more='<w:shd w:val="clear" w:fill="112233"/>'),
    ],
)
def test_white_text_on_a_colour_is_visible(body):
    assert [block.type for block in read(body)] == [BlockType.PARAGRAPH]


@pytest.mark.parametrize(
    ("shading", "kind"),
    [
        ('<w:shd w:val="clear" w:fill="auto"/><w:highlight w:val="none"/>', BlockType.PARAGRAPH),
        ('<w:shd w:val="clear" w:fill="FFFFFF"/>', BlockType.HIDDEN),
        ('<w:highlight w:val="white"/>', BlockType.HIDDEN),
    ],
)
def test_transparent_shading_keeps_what_lies_behind_and_white_covers_it(shading, kind):
    coloured = '<w:shd w:val="pct20" w:fill="auto"/>'
    (block,) = read(p(r("x", f'<w:color w:val="FFFFFF"/>{shading}'), more=coloured))
    assert block.type is kind


def test_white_text_is_visible_on_a_coloured_page_and_in_styled_tables():
    white = p(r("x", '<w:color w:val="FFFFFF"/>'))
    assert [block.type for block in read(white, backed=True)] == [BlockType.PARAGRAPH]
    row = f"<w:tr><w:tc>{white}</w:tc></w:tr>"
    (table,) = read(f'<w:tbl><w:tblPr><w:tblStyle w:val="Dark"/></w:tblPr>{row}</w:tbl>')
    assert [cell.text for cell in table.cells] == ["x"]
    beside = read(f"<w:tbl>{row}</w:tbl>")
    assert [(block.type.value, text(block)) for block in beside] == [("hidden", "x")]


def test_revisions_keep_insertions_and_drop_deletions():
    inner = f"{r('a')}<w:ins>{r('b')}</w:ins><w:del><w:r><w:delText>c</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom>{r('d')}</w:moveFrom><w:moveTo>{r('e')}</w:moveTo>"
    assert text(read(p(inner + moved))[0]) == "abe"


def test_deleted_paragraph_mark_joins_with_the_next_paragraph():
    gone = "<w:rPr><w:del/></w:rPr>"
    assert [text(block) for block in read(p(r("a"), more=gone) + p(r("b")))] == ["ab"]
    assert [text(block) for block in read(p(r("a"), more=gone))] == ["a"]


def test_content_controls_and_transparent_wrappers():
    inline = f"<w:smartTag>{r('tag')}</w:smartTag><w:sdt><w:sdtContent>{r('box')}</w:sdtContent></w:sdt>"
    body = (
        f"<w:sdt><w:sdtPr/><w:sdtContent>{p(r('cover'))}</w:sdtContent></w:sdt><w:customXml>{p(inline)}</w:customXml>"
    )
    assert [text(block) for block in read(body)] == ["cover", "tagbox"]


def mark(kind, inner=""):
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'


def instruction(words):
    return f"<w:r><w:instrText>{words}</w:instrText></w:r>"


def test_fields_show_their_result_only():
    nested = mark("begin") + instruction("IF ") + mark("begin") + instruction("PAGE") + mark("separate") + r("7")
    nested += mark("end") + r("hidden condition") + mark("separate") + r("shown") + mark("end")
    assert text(read(p(nested + r(" after")))[0]) == "shown after"


def test_field_result_over_several_paragraphs_and_a_field_that_never_ends():
    body = p(mark("begin") + instruction("TOC") + mark("separate") + r("one")) + p(r("two") + mark("end"))
    assert [text(block) for block in read(body)] == ["one", "two"]
    assert [text(block) for block in read(p(mark("begin") + r("lost")) + p(r("kept")))] == ["kept"]


def test_links_from_relationships_and_fields():
    relationships = Relationships("/word")
    relationships.add_relationship("hyperlink", "https://example.org/a", "rId1", is_external=True)
    relationships.add_relationship("hyperlink", "word/x.xml", "rId2")
    body = p(
        f'<w:hyperlink r:id="rId1" w:anchor="part">{r("a")}</w:hyperlink>'
        f'<w:hyperlink r:id="rId2">{r("b")}</w:hyperlink>'
        f"<w:fldSimple w:instr='HYPERLINK \"https://example.org/c\"'>{r('c')}</w:fldSimple>"
        + mark("begin")
        + instruction('HYPERLINK "https://example.org/d" \\o "tip"')
        + mark("separate")
        + r("d")
        + mark("end")
    )
    blocks, registers, _ = read_all(body, relationships)
    assert text(blocks[0]) == "abcd"
    assert registers.links == [Link(None, f"https://example.org/{name}") for name in ("a#part", "c", "d")]


def test_form_check_boxes_show_their_state():
    def box(inner):
        return mark("begin", f"<w:ffData><w:checkBox>{inner}</w:checkBox></w:ffData>") + mark("end")

    body = box("<w:checked/>") + box('<w:default w:val="1"/>') + box('<w:default w:val="1"/><w:checked w:val="0"/>')
    assert text(read(p(body))[0]) == "☒☒☐"


def test_note_references_are_numbered_in_order():
    def reference(kind, note_id, more=""):
        return f'<w:r><w:{kind}Reference w:id="{note_id}"{more}/></w:r>'

    inner = r("a") + reference("footnote", 5) + reference("footnote", 2) + reference("endnote", 1)
    inner += '<w:r><w:footnoteReference w:id="9" w:customMarkFollows="1"/><w:t>*</w:t></w:r>' + reference("footnote", 5)
    blocks, registers, _ = read_all(p(inner))
    assert text(blocks[0]) == "a[^1][^2][^i]*[^1]"
    assert blocks[0].spans[1].style == Style.SUPERSCRIPT
    assert registers.footnotes.markers == {"5": "1", "2": "2", "9": "*"}


def drawing(inner, alt="A duck"):
    return (
        f'<w:r><w:drawing><wp:inline><wp:extent cx="952500" cy="190500"/><wp:docPr id="1" name="x" descr="{alt}"/>'
        f"<a:graphic><a:graphicData>{inner}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


PICTURE = '<pic:pic><pic:blipFill><a:blip r:embed="rId4"/></pic:blipFill></pic:pic>'


def test_pictures_are_figures_before_or_after_the_text():
    blocks, _, images = read_all(p(drawing(PICTURE) + r("text")) + p(r("text") + drawing(PICTURE, "") + r(" goes on")))
    assert outline(blocks) == [
        ("figure", 0, "", "A duck"),
        ("paragraph", 0, "", "text"),
        ("paragraph", 0, "", "text goes on"),
        ("figure", 0, "", ""),
    ]
    assert [(image.width, image.height, image.alt) for image in images] == [(100, 20, "A duck"), (100, 20, "")]


def test_pictures_of_a_group_have_their_own_descriptions():
    named = (
        '<pic:pic><pic:nvPicPr><pic:cNvPr descr="left"/></pic:nvPicPr><pic:blipFill><a:blip/></pic:blipFill></pic:pic>'
    )
    _, _, images = read_all(p(drawing(named + PICTURE)))
    assert [image.alt for image in images] == ["left", "A duck"]


def test_charts_are_figures():
    assert outline(read(p(drawing('<c:chart r:id="rId9"/>', "Sales")))) == [("figure", 0, "", "Sales")]


def test_vml_picture_and_word_art():
    body = (
        '<w:r><w:pict><v:shape style="width:72pt;height:1in" alt="old"><v:imagedata r:id="rId1"/></v:shape>'
        '<v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'
    )
    blocks, _, images = read_all(p(body))
    assert [(image.width, image.height, image.alt) for image in images] == [(96, 96, "old")]
    assert [(block.type.value, text(block)) for block in blocks] == [("figure", "old"), ("paragraph", "DRAFT")]


def test_text_box_is_read_once_after_its_anchor():
    white = '<w:color w:val="FFFFFF"/>'
    content = f"<w:txbxContent>{p(r('boxed', white))}</w:txbxContent>"
    inner = (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wps:txbx>{content}</wps:txbx>'
        f"</wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{content}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert [text(block) for block in read(p(inner + r("anchor")))] == ["anchor", "boxed"]


def test_fallback_without_choice_and_block_alternatives():
    body = f"<mc:AlternateContent><mc:Fallback>{p(r('x'))}</mc:Fallback></mc:AlternateContent><mc:AlternateContent/>"
    assert [text(block) for block in read(body)] == ["x"]


def math(words):
    return f"<m:oMath><m:r><m:t>{words}</m:t></m:r></m:oMath>"


def test_formulas_inline_alone_and_displayed_in_between():
    shown = f"<m:oMathPara>{math('a=b')}</m:oMathPara>"
    body = p(r("is ") + math("x^2") + r(".")) + p(math("c") + math("d")) + shown
    assert outline(read(body)) == [
        ("paragraph", 0, "", "is x^2."),
        ("formula", 0, "", "c"),
        ("formula", 0, "", "d"),
        ("formula", 0, "", "a=b"),
    ]
    split = read(p(r("before") + shown + r("after"), more=number(1)))
    assert outline(split) == [
        ("list_item", 0, "1.", "before"),
        ("formula", 0, "", "a=b"),
        ("paragraph", 0, "", "after"),
    ]


def test_ruby_stands_in_parentheses():
    ruby = f"<w:r><w:ruby><w:rt>{r('kan')}</w:rt><w:rubyBase>{r('漢')}</w:rubyBase></w:ruby></w:r>"
    assert text(read(p(ruby))[0]) == "(kan)漢"


def test_comment_follows_the_paragraph_it_is_anchored_in():
    spans = read(p(r("why?")))[0].spans
    mark_ = '<w:r><w:commentReference w:id="3"/></w:r><w:r><w:commentReference w:id="4"/></w:r>'
    blocks = read(p(r("claim") + mark_) + p(r("next")), comments={"3": spans})
    assert [(block.type.value, text(block)) for block in blocks] == [
        ("paragraph", "claim"),
        ("comment", "why?"),
        ("paragraph", "next"),
    ]


def test_typewriter_paragraph_is_guessed_code():
    (block,) = read(p(r("x = 1", '<w:rFonts w:hAnsi="Courier New"/>')))
    assert (block.type, block.confidence < 1) == (BlockType.CODE, True)


def test_cell_text_has_a_line_per_block_and_nested_tables_a_line_per_row():
    inner = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>"
    nested = inner.format(p(r("n1")), p(r("n2")), p(r("n3")))
    cell = p(r("first"), more=number(1)) + p(r("dot"), more=number(2)) + nested + p(drawing(PICTURE))
    (table,) = read(f"<w:tbl><w:tr><w:tc>{cell}</w:tc></w:tr></w:tbl>")
    assert table.cells[0].text == "1. first\ndot\nn1\tn2\nn3"


def test_table_of_pictures_is_figures():
    row = f"<w:tr><w:tc>{p(drawing(PICTURE))}</w:tc></w:tr>"
    assert outline(read(f"<w:tbl>{row}{row}</w:tbl>")) == [("figure", 0, "", "A duck")] * 2


def test_table_with_a_hopeless_grid_becomes_paragraphs(monkeypatch):
    monkeypatch.setattr("transforms.extract.docx.table.FREE_AREA", 50)
    wide = f'<w:tr><w:tc><w:tcPr><w:gridSpan w:val="64"/></w:tcPr>{p(r("wide"))}</w:tc></w:tr>'
    assert [text(block) for block in read(f"<w:tbl>{wide}</w:tbl>")] == ["wide"]
