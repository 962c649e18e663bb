import re

import msgspec
import pytest
from lxml import html as lxml_html

from schemas.content import BlockType, Cell
from schemas.document import Chunk, PageBox, Reference, ReferenceKind
from schemas.geometry import Box
from transforms.render.html import document_html
from transforms.render.places import element_boxes

EVIL = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)><a href="javascript:1">'


def render(document, image=lambda _page: "", **how) -> str:
    return "".join(document_html(document, image, **how))


@pytest.mark.parametrize("kind", list(BlockType))
def test_hostile_text_never_becomes_markup(make, kind):
    cells = (Cell(0, 0, EVIL), Cell(0, 1, EVIL, header=True)) if kind is BlockType.TABLE else ()
    item = make.element(kind, EVIL, marker=EVIL, section_path=(EVIL,), cells=cells)
    text = render(make.document(item, text=EVIL))
    tree = lxml_html.fromstring(text)
    assert tree.xpath("//script | //img | //*[@onerror]") == []
    assert set(tree.xpath("//a/@href")) <= {"#e0"}
    assert EVIL in tree.xpath("string(//ol)")
    assert EVIL in tree.xpath("string(//title)")
    assert EVIL in tree.xpath("string(//p[@class='failure'])")
    assert tree.xpath("//a[contains(@class, 'box')]/@title") == [f"0 {kind}: {EVIL}"]


def test_nothing_is_loaded_or_run(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "a")), lambda page: f'x"{page.page}.png')
    assert "default-src 'none'" in text
    assert re.findall(r'src="([^"]{0,20})', text) == ["x&quot;1.png"]
    assert 'loading="lazy"' in text


def test_chunks_are_drawn_on_request(make):
    document = make.document(make.element(BlockType.PARAGRAPH, "words"))
    chunk = Chunk(
        chunk_id="c",
        index=3,
        text=EVIL,
        tokens=1,
        page_start=1,
        page_end=2,
        section_path=(EVIL,),
        element_types=(BlockType.PARAGRAPH,),
        boxes=(PageBox(1, Box(10, 20, 110, 40)), PageBox(2, Box(0, 0, 20, 40))),
        sources=(),
        content_hash="h",
    )
    text = render(msgspec.structs.replace(document, chunks=[chunk]))
    tree = lxml_html.fromstring(text)
    (box,) = tree.xpath("//a[contains(@class, 'chunk')]")
    assert box.get("style") == "left:5.00%;top:5.00%;width:50.00%;height:5.00%"
    assert EVIL in tree.xpath("string(//li[@id='c3'])") and tree.xpath("//img | //script") == []
    assert tree.xpath("//input[@id='chunks']/@checked") == []
    shown = lxml_html.fromstring(render(msgspec.structs.replace(document, chunks=[chunk]), chunks=True))
    assert len(shown.xpath("//input[@id='chunks']/@checked")) == 1


def test_boxes_stand_at_their_share_of_the_page(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "a", index=7)))
    assert 'class="box paragraph" style="left:5.00%;top:5.00%;width:50.00%;height:5.00%"' in text
    assert "<b>7<i> paragraph</i></b>" in text
    assert "aspect-ratio:200.0/400.0" in text


def test_an_element_on_two_pages_is_on_both(make):
    boxes = element_boxes(make.spanning("words"))
    assert boxes == {1: [Box(10, 20, 110, 40)], 2: [Box(5, 5, 30, 15)]}
    assert render(make.document(make.spanning("words"))).count("<li ") == 2


def test_an_element_without_box_is_listed_only(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "flow", box=None)))
    assert 'class="box' not in text
    assert "flow</li>" in text


def test_mentions_and_captions_are_links(make):
    words = make.element(
        BlockType.PARAGRAPH,
        "See Table 1 <b>.",
        references=(
            Reference(4, 11, ReferenceKind.TABLE, f"{1:032x}"),
            Reference(16, 16, ReferenceKind.FOOTNOTE, f"{3:032x}"),
            Reference(12, 15, ReferenceKind.FIGURE, "gone"),
        ),
    )
    table = make.table(("a",), ("b",), index=1, caption_id=f"{2:032x}")
    caption = make.element(BlockType.CAPTION, "Table 1", index=2, caption_of=f"{1:032x}")
    note = make.element(BlockType.FOOTNOTE, "Note.", index=3, marker="<9>")
    tree = lxml_html.fromstring(render(make.document(words, table, caption, note)))
    links = {
        (a.getparent().getparent().get("id") or a.getparent().get("id"), a.text_content(), a.get("href"))
        for a in tree.xpath("//li//a")
    }
    assert ("e0", "Table 1", "#e1") in links
    assert ("e0", "<9>", "#e3") in links
    assert ("e1", "2 caption", "#e2") in links
    assert ("e2", "1 table", "#e1") in links
    assert "See Table 1 <b>.<9>" in tree.xpath("string(//li[@id='e0'])")


def test_the_reading_order_passes_by_running_heads(make):
    boxes = [Box(0, 0, 20, 20), Box(0, 100, 20, 120), Box(0, 200, 20, 220)]
    kinds = [BlockType.PAGE_HEADER, BlockType.HEADING, BlockType.PARAGRAPH]
    parts = [make.element(kind, "x", index=i, box=box) for i, (kind, box) in enumerate(zip(kinds, boxes, strict=True))]
    assert 'points="10.0,110.0 10.0,210.0"' in render(make.document(*parts))


def test_a_table_that_goes_on_is_told_once_and_drawn_on_both_pages(make):
    document = make.document(
        make.element(
            BlockType.TABLE,
            "x",
            cells=(Cell(0, 0, "first", box=Box(10, 20, 20, 30)), Cell(1, 0, "second", box=Box(10, 0, 20, 9), page=2)),
        )
    )
    document.pages[1] = msgspec.structs.replace(document.pages[0], page=2)
    tree = lxml_html.fromstring(render(document))
    assert len(tree.xpath("//a[contains(@class, 'box')]")) == 2
    assert len(tree.xpath("//div[contains(@class, 'cell')]")) == 2
    assert render(document).count("<td>second</td>") == 1
    assert tree.xpath("//li[contains(., 'goes on')]//@href") == ["#e0"]


def test_the_sections_stand_above_the_pages(make):
    outer = make.element(BlockType.HEADING, "Outer <i>", level=1)
    inner = make.element(BlockType.HEADING, "Inner", index=1, level=2, parent_id=outer.element_id)
    tree = lxml_html.fromstring(render(make.document(outer, inner)))
    assert tree.xpath("//details/ul/li/a/text()") == ["Outer <i>"]
    assert tree.xpath("//details/ul/li/ul/li/a/@href") == ["#e1"]
