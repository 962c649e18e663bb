import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, ExtractedPage, Line, Link, Span, Style
from schemas.document import Element, PageSpan, Reference, ReferenceKind
from schemas.geometry import Box
from transforms.assemble.relations.captions import bind_captions
from transforms.assemble.relations.labels import leading_label, mentions
from transforms.assemble.relations.mentions import resolve_references

CAPTION, HEADING, PARAGRAPH, FOOTNOTE = BlockType.CAPTION, BlockType.HEADING, BlockType.PARAGRAPH, BlockType.FOOTNOTE
FIGURE, TABLE, FORMULA = BlockType.FIGURE, BlockType.TABLE, BlockType.FORMULA

#: One of each kind of target; the paragraph with the mentions comes last.
TARGETS = (
    (HEADING, "1 Introduction"),
    (TABLE, "t"),
    (CAPTION, "Table 2: Sizes"),
    (FIGURE, ""),
    (CAPTION, "Figure 3. A house"),
    (HEADING, "4.1 Results"),
    (FORMULA, "E = m c^2 (7)"),
    (HEADING, "Appendix B: Proofs"),
    (CAPTION, "Figure A.1: Drawn with vectors"),
    (HEADING, "Chapter 5 The end"),
    (CAPTION, "Table 3: Without a table"),
    (FIGURE, ""),
    (CAPTION, "Figure 2–4: A figure with an odd number"),
)


def elements(*parts: tuple[BlockType, str], **fields) -> list[Element]:
    return [
        Element(element_id=f"e{index}", index=index, type=kind, text=text, page=1, **fields)
        for index, (kind, text) in enumerate(parts)
    ]


def resolved(text: str, *parts: tuple[BlockType, str]) -> list[tuple[str, str, int]]:
    """(mention, kind, index of its target) in a paragraph after the targets."""
    found = resolve_references(bind_captions(elements(*(parts or TARGETS), (PARAGRAPH, text))), [])[-1]
    return [(found.text[r.start : r.end], r.kind.value, int(r.element_id[1:])) for r in found.references]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As Figure 3 shows", [("Figure 3", "figure", 3)]),
        ("(Fig. 3)", [("Fig. 3", "figure", 3)]),
        ("(fig. 3b)", [("fig. 3b", "figure", 3)]),
        ("siehe Abb. 3 und Tab. 2", [("Abb. 3", "figure", 3), ("Tab. 2", "table", 1)]),
        ("voir le tableau 2", [("tableau 2", "table", 1)]),
        ("Tables 2 and 3", [("Tables 2", "table", 1), ("3", "table", 10)]),
        ("Tables 2, 3 & 9", [("Tables 2", "table", 1), ("3", "table", 10)]),
        ("Tabellen 2 bis 3", [("Tabellen 2", "table", 1), ("3", "table", 10)]),
        ("Table 2 and 3 more", [("Table 2", "table", 1)]),
        ("Figures 2-4", [("Figures 2-4", "figure", 11)]),
        ("Tables 2-3", [("Tables 2", "table", 1), ("3", "table", 10)]),
        ("in Section 4.1.", [("Section 4.1", "section", 5)]),
        ("in § 4.1", [("§ 4.1", "section", 5)]),
        ("im Abschnitt 4.1", [("Abschnitt 4.1", "section", 5)]),
        ("Chapter 5", [("Chapter 5", "section", 9)]),
        ("Kapitel 1", [("Kapitel 1", "section", 0)]),
        ("see Appendix B", [("Appendix B", "section", 7)]),
        ("by Eq. (7), and equation 7", [("Eq. (7)", "equation", 6), ("equation 7", "equation", 6)]),
        ("Figure A.1", [("Figure A.1", "figure", 8)]),
        ("Figure 99, Table 1, Section 9, Eq. 1", []),
        ("we bought 3 tables, 2 more", []),
        ("a stable 2", []),
        ("table 2nd", []),
    ],
)
def test_mentions_find_their_targets(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert resolved(text) == expected


def test_of_two_with_one_number_the_one_above_is_meant() -> None:
    parts = elements(
        (PARAGRAPH, "Table 1"), (CAPTION, "Table 1: a"), (PARAGRAPH, "Table 1"), (CAPTION, "Table 1: b"),
        (PARAGRAPH, "Table 1"),
    )  # fmt: skip
    found = resolve_references(parts, [])
    assert [found[i].references[0].element_id for i in (0, 2, 4)] == ["e1", "e1", "e3"]


def test_captions_and_headings_do_not_mention_themselves() -> None:
    found = resolve_references(bind_captions(elements(*TARGETS)), [])
    assert [element.index for element in found if element.references] == []
    (mention,) = resolve_references(bind_captions(elements(*TARGETS[1:5], (CAPTION, "Figure 4: as Table 2"))), [])[
        -1
    ].references
    assert mention.element_id == "e0"


def test_code_and_running_heads_mention_nothing() -> None:
    parts = elements(*TARGETS, (BlockType.CODE, "Table 2"), (BlockType.PAGE_HEADER, "Table 2"))
    assert not any(element.references for element in resolve_references(parts, []))


def spans(*texts: str, raised: str = "") -> tuple[PageSpan, ...]:
    return tuple(PageSpan(1, Span(text, style=int(Style.SUPERSCRIPT if text == raised else 0))) for text in texts)


def test_footnote_marks_of_flow_formats() -> None:
    note = Element(element_id="n", index=2, type=FOOTNOTE, text="Note.", page=1, marker="1")
    written, raised = elements((PARAGRAPH, "A word[^1] and [^2]."), (PARAGRAPH, "Since 1901, a word1."))
    raised = msgspec.structs.replace(raised, spans=spans("Since 1901, a word", "1", ".", raised="1"))
    first, second, third = resolve_references([written, raised, note], [])
    assert first.references == (Reference(6, 10, ReferenceKind.FOOTNOTE, "n"),)
    assert second.references == (Reference(18, 19, ReferenceKind.FOOTNOTE, "n"),)
    assert third.references == ()


def test_raised_marks_of_pages_leave_an_empty_reference() -> None:
    words = tuple(
        PageSpan(1, Span(text, Box(x, 100, x + 50, 110))) for text, x in (("First word", 50), ("goes on.", 110))
    )
    text = Element(element_id="t", index=0, type=PARAGRAPH, text="First word goes on.", page=1, spans=words)
    note = Element(element_id="n", index=1, type=FOOTNOTE, text="Note.", page=1, marker="1", box=Box(50, 700, 200, 710))
    marks = [
        Span(mark, Box(x, y, x + 4, y + 6), style=int(Style.SUPERSCRIPT))
        for mark, x, y in (("1", 100, 98), ("1", 51, 701), ("2", 160, 98))
    ]
    page = ExtractedPage(number=1, lines=[Line(tuple(marks), Box(50, 98, 200, 710))])
    first, second = resolve_references([text, note], [page])
    assert first.references == (Reference(10, 10, ReferenceKind.FOOTNOTE, "n"),)
    assert second.references == ()


def test_links_of_a_contents_list_lead_to_headings() -> None:
    entry = Element(
        element_id="c", index=0, type=PARAGRAPH, text="Results and more . . . 2", page=1, box=Box(50, 100, 300, 110)
    )
    heading = Element(element_id="h", index=1, type=HEADING, text="Results and more", page=2)
    page = ExtractedPage(number=1, links=[Link(Box(50, 100, 300, 110), page=2), Link(Box(50, 500, 300, 510), page=2)])
    first, second = resolve_references([entry, heading], [page])
    assert first.references == (Reference(0, 16, ReferenceKind.SECTION, "h"),)
    assert second.references == ()
    elsewhere = ExtractedPage(number=1, links=[Link(Box(50, 100, 300, 110), page=3)])
    assert resolve_references([entry, heading], [elsewhere])[0].references == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Figure 3: A house", ("figure", "3")),
        ("Tab. A-1 Maße", ("table", "a-1")),
        ("TABLE IV", ("table", "iv")),
        ("Listing", ("listing", "")),
        ("The house", ("", "")),
        ("", ("", "")),
    ],
)
def test_labels_at_the_start(text: str, expected: tuple[str, str]) -> None:
    assert leading_label(text) == expected


_WORDS = ["Table", "Tables", "Fig.", "Section", "Eq.", "§", "Appendix", "word", " and ", "ß", "[^1]"]
_PIECES = st.sampled_from([*_WORDS, *" ,–-().\n", " ", " ", "1", "2", "3", "4.1", "A.1", "B", "7"])


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_references_lie_in_the_text_in_order_and_say_what_they_mention(text: str) -> None:
    found = resolve_references(bind_captions(elements(*TARGETS, (PARAGRAPH, text))), [])
    targets = {element.element_id: element for element in found}
    end = 0
    for reference in found[-1].references:
        assert end <= reference.start < reference.end <= len(text)
        end = reference.end
        mention = text[reference.start : reference.end]
        assert any(char.isdigit() or char == "B" for char in mention)
        assert mention == mention.strip()
        assert reference.element_id in targets
        assert reference.element_id != found[-1].element_id


@given(st.text(alphabet="Table Fig.123-–(),and§B", max_size=60))
def test_mentions_never_leave_the_text(text: str) -> None:
    for mention in mentions(text):
        assert 0 <= mention.start < mention.end <= len(text)
        assert mention.number
