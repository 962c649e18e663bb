from hypothesis import given
from hypothesis import strategies as st

from schemas.content import BlockType, Span
from schemas.document import PageSpan
from transforms.assemble.document import number_elements
from transforms.assemble.draft import Draft
from transforms.render.tree import Section, section_tree, tree_fields, tree_lines


def drafted(*parts: tuple[BlockType, int]) -> list[Draft]:
    return [
        Draft(type=kind, page=1, level=level, spans=(PageSpan(1, Span(f"{kind.value} {number}")),))
        for number, (kind, level) in enumerate(parts)
    ]


def everything(section: Section) -> list[str]:
    own = [section.heading.element_id] if section.heading else []
    own += [element.element_id for element in section.elements]
    return own + [found for inner in section.sections for found in everything(inner)]


@given(st.lists(st.tuples(st.sampled_from(list(BlockType)), st.integers(0, 9)), max_size=30))
def test_the_tree_holds_every_element_once_below_a_heading_before_it(parts) -> None:
    elements = number_elements(drafted(*parts))
    places = {element.element_id: element.index for element in elements}
    assert sorted(everything(section_tree(elements)), key=places.__getitem__) == list(places)
    by_id = {element.element_id: element for element in elements}
    for element in elements:
        above = by_id.get(element.parent_id)
        if above is None:
            assert element.section_path == ()
        else:
            assert above.index < element.index
            assert element.section_path == (*above.section_path, above.text)


def test_the_path_is_the_headings_up_the_tree() -> None:
    kinds = [(BlockType.TITLE, 0), (BlockType.HEADING, 1), (BlockType.HEADING, 2), (BlockType.PARAGRAPH, 0)]
    title, outer, inner, words = number_elements(drafted(*kinds))
    assert (title.parent_id, outer.parent_id) == ("", title.element_id)
    assert (inner.parent_id, words.parent_id) == (outer.element_id, inner.element_id)


def test_running_heads_stand_at_the_top() -> None:
    elements = number_elements(drafted((BlockType.HEADING, 1), (BlockType.PAGE_FOOTER, 0)))
    assert elements[1].parent_id == ""


def test_lines_nest_and_count(make) -> None:
    outer = make.element(BlockType.HEADING, "Outer\nline", index=1)
    below = {"parent_id": outer.element_id}
    inner = make.element(BlockType.HEADING, "Inner", index=2, page=2, **below)
    words = [make.element(BlockType.PARAGRAPH, "p", index=i, **below) for i in (3, 4)]
    tree = section_tree([make.element(BlockType.PAGE_HEADER, "h"), outer, *words, inner])
    assert list(tree_lines(tree)) == [
        "(no section: 1 page_header)",
        "Outer line  (page 1: 2 paragraph)",
        "  Inner  (page 2)",
    ]
    assert tree_fields(tree)["sections"] == [
        {
            "element_id": outer.element_id,
            "text": "Outer\nline",
            "page": 1,
            "elements": [word.element_id for word in words],
            "sections": [{"element_id": inner.element_id, "text": "Inner", "page": 2, "elements": [], "sections": []}],
        }
    ]
