import re

import pytest
from lxml import html as lxml_html

from schemas.content import BlockType, Cell
from schemas.geometry import Box
from transforms.render.html import document_html, element_boxes

EVIL = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)><a href="javascript:1">'


def render(document, image=lambda _page: None) -> str:
    return "".join(document_html(document, image))


@pytest.mark.parametrize("kind", list(BlockType))
def test_hostile_text_never_becomes_markup(make, kind):
    cells = (Cell(0, 0, EVIL), Cell(0, 1, EVIL, header=True)) if kind is BlockType.TABLE else ()
    item = make.element(kind, EVIL, marker=EVIL, section_path=(EVIL,), cells=cells)
    text = render(make.document(item, text=EVIL))
    tree = lxml_html.fromstring(text)
    assert tree.xpath("//script | //img | //a | //*[@onerror]") == []
    assert EVIL in tree.xpath("string(//ol)")
    assert EVIL in tree.xpath("string(//title)")
    assert EVIL in tree.xpath("string(//p[@class='failure'])")
    assert tree.xpath("//div[contains(@class, 'box')]/@title") == [f"0 {kind}: {EVIL}"]


def test_nothing_is_loaded_or_run(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "a")), lambda _page: b"png")
    assert "default-src 'none'" in text
    assert re.findall(r'src="([^"]{0,20})', text) == ["data:image/png;base6"]


def test_boxes_stand_at_their_share_of_the_page(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "a", index=7)))
    assert 'class="box paragraph" style="left:5.00%;top:5.00%;width:50.00%;height:5.00%"' in text
    assert "<b>7</b>" in text
    assert "aspect-ratio:200.0/400.0" in text


def test_an_element_on_two_pages_is_on_both(make):
    boxes = element_boxes(make.spanning("words"))
    assert boxes == {1: Box(10, 20, 110, 40), 2: Box(5, 5, 30, 15)}
    assert render(make.document(make.spanning("words"))).count("<li ") == 2


def test_an_element_without_box_is_listed_only(make):
    text = render(make.document(make.element(BlockType.PARAGRAPH, "flow", box=None)))
    assert 'class="box' not in text
    assert "flow</li>" in text
