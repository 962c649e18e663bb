import msgspec

from schemas.content import BlockType, Cell
from schemas.document import Element
from schemas.geometry import Box
from transforms.assemble.relations.captions import bind_captions

FIGURE, TABLE, CAPTION, CODE = BlockType.FIGURE, BlockType.TABLE, BlockType.CAPTION, BlockType.CODE
PARAGRAPH = BlockType.PARAGRAPH


def flow(*parts: tuple[BlockType, str]) -> list[Element]:
    return [
        Element(element_id=f"e{index}", index=index, type=kind, text=text, page=1)
        for index, (kind, text) in enumerate(parts)
    ]


def placed(*parts: tuple[BlockType, str, Box]) -> list[Element]:
    elements = flow(*(part[:2] for part in parts))
    return [msgspec.structs.replace(e, box=part[2]) for e, part in zip(elements, parts, strict=True)]


def bonds(elements: list[Element]) -> dict[int, int]:
    """Index of the object by index of the caption; both sides must agree."""
    bound = bind_captions(elements)
    ids = {element.element_id: element.index for element in bound}
    found = {e.index: ids[e.caption_of] for e in bound if e.caption_of}
    assert {ids[e.caption_id]: e.index for e in bound if e.caption_id}.items() <= found.items()
    return found


def test_neighbours_in_the_reading_order_are_bound_by_their_label() -> None:
    parts = flow(
        (CAPTION, "Table 1: Sizes"), (TABLE, "t"), (PARAGRAPH, "p"), (FIGURE, ""), (CAPTION, "Abb. 2 Ein Haus"),
        (CODE, "x = 1"), (CAPTION, "Listing 3"),
    )  # fmt: skip
    assert bonds(parts) == {0: 1, 4: 3, 6: 5}


def test_a_label_keeps_to_its_kind() -> None:
    assert bonds(flow((FIGURE, ""), (CAPTION, "Table 1"), (PARAGRAPH, "p"))) == {}
    assert bonds(flow((TABLE, "t"), (CAPTION, "Figure 1"), (FIGURE, ""))) == {1: 2}


def test_captions_without_number_take_what_is_beside_them() -> None:
    assert bonds(flow((FIGURE, ""), (CAPTION, "The house in spring"))) == {1: 0}
    assert bonds(flow((FIGURE, ""), (PARAGRAPH, "p"), (CAPTION, "The house in spring"))) == {}


def test_running_heads_do_not_part() -> None:
    parts = flow((CAPTION, "Table 1"), (BlockType.PAGE_FOOTER, "1"), (BlockType.PAGE_HEADER, "h"), (TABLE, "t"))
    assert bonds(parts) == {0: 3}


def test_captions_stand_where_most_of_the_document_s_stand() -> None:
    above = [(CAPTION, "Table 1"), (TABLE, "t")] * 3
    assert bonds(flow(*above)) == {0: 1, 2: 3, 4: 5}
    below = [(TABLE, "t"), (CAPTION, "Table 1")] * 3
    assert bonds(flow(*below)) == {1: 0, 3: 2, 5: 4}
    figures = [(FIGURE, ""), (CAPTION, "Figure 1")] * 3
    assert bonds(flow(*figures)) == {1: 0, 3: 2, 5: 4}


def test_the_nearest_on_the_page_is_bound_whatever_the_order() -> None:
    left, right = Box(50, 100, 250, 200), Box(300, 100, 500, 200)
    parts = placed(
        (CAPTION, "Figure 2", Box(300, 205, 500, 215)),
        (FIGURE, "", left),
        (FIGURE, "", right),
        (CAPTION, "Figure 1", Box(50, 205, 250, 215)),
    )
    assert bonds(parts) == {0: 2, 3: 1}


def test_captions_beside_an_object_and_too_far_from_it() -> None:
    figure = (FIGURE, "", Box(50, 100, 250, 200))
    assert bonds(placed(figure, (CAPTION, "Figure 1", Box(260, 110, 400, 190)))) == {1: 0}
    far = (PARAGRAPH, "p", Box(50, 400, 250, 500))
    assert bonds(placed(figure, far, (CAPTION, "Figure 1", Box(50, 300, 250, 310)))) == {}
    assert bonds(placed(figure, far, (CAPTION, "Figure 1", Box(300, 210, 400, 220)))) == {}


def test_a_column_may_end_between_caption_and_object() -> None:
    foot, top = Box(50, 700, 250, 710), Box(300, 60, 500, 200)
    assert bonds(placed((CAPTION, "Table 1", foot), (TABLE, "t", top))) == {0: 1}
    assert bonds(placed((FIGURE, "", foot), (CAPTION, "Figure 1", top))) == {1: 0}
    # Not on the unusual side.
    assert bonds(placed((TABLE, "t", foot), (CAPTION, "Table 1", top))) == {}


def test_text_between_parts() -> None:
    figure, caption = (FIGURE, "", Box(50, 100, 250, 200)), (CAPTION, "Figure 1", Box(50, 240, 250, 250))
    assert bonds(placed(figure, caption)) == {1: 0}
    assert bonds(placed(figure, (PARAGRAPH, "p", Box(50, 200, 250, 240)), caption)) == {}
    assert bonds(placed(figure, (PARAGRAPH, "p", Box(300, 200, 400, 240)), caption)) == {2: 0}


def test_titles_and_units_may_stand_between() -> None:
    parts = placed(
        (CAPTION, "Table 1.", Box(50, 100, 90, 110)),
        (BlockType.HEADING, "Sizes of houses", Box(50, 112, 250, 122)),
        (PARAGRAPH, "(in metres)", Box(50, 124, 250, 132)),
        (TABLE, "t", Box(50, 136, 450, 300)),
    )
    assert bonds(parts) == {0: 3}


def test_an_exhibit_may_be_a_table() -> None:
    assert bonds(flow((CAPTION, "Exhibit 9 Sizes"), (TABLE, "t"))) == {0: 1}


def test_a_table_in_two_columns_is_measured_from_its_cells() -> None:
    cells = (Cell(0, 0, "a", box=Box(50, 700, 250, 715)), Cell(1, 0, "b", box=Box(300, 60, 500, 75)))
    table, caption = placed((TABLE, "t", Box(50, 60, 500, 715)), (CAPTION, "Table 1: Sizes", Box(50, 680, 250, 690)))
    above = placed((CAPTION, "Table 2: Others", Box(50, 300, 250, 310)))[0]
    above = msgspec.structs.replace(above, index=2, element_id="e2")
    assert bonds([msgspec.structs.replace(table, cells=cells), caption, above]) == {1: 0}


def test_paragraphs_of_flow_formats_are_captions_by_their_words_and_place() -> None:
    parts = flow((PARAGRAPH, "Table 1: Sizes"), (TABLE, "t"), (PARAGRAPH, "Table 1 tells."), (PARAGRAPH, "Table 2: x"))
    bound = bind_captions(parts)
    assert [element.type for element in bound] == [CAPTION, TABLE, PARAGRAPH, PARAGRAPH]
    assert bound[0].caption_of == "e1"
    boxed = placed((PARAGRAPH, "Table 1: Sizes", Box(50, 100, 90, 110)), (TABLE, "t", Box(50, 112, 450, 300)))
    assert bind_captions(boxed) == boxed


def test_the_document_s_habit_decides_between_two_tables() -> None:
    rows = []
    for number in range(3):
        top = 100 * number
        rows += [(TABLE, "t", Box(50, top, 250, top + 70)), (CAPTION, "Table 1", Box(50, top + 80, 250, top + 90))]
    assert bonds(placed(*rows)) == {1: 0, 3: 2, 5: 4}


def test_a_second_caption_that_continues_names_the_same_table() -> None:
    parts = flow((CAPTION, "Table 1: Sizes"), (TABLE, "t"), (PARAGRAPH, "p"), (CAPTION, "Table 1 (continued)"))
    bound = bind_captions(parts)
    assert (bound[0].caption_of, bound[3].caption_of, bound[1].caption_id) == ("e1", "e1", "e0")
