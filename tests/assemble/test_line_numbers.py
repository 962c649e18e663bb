"""Numbers that count the lines of a transcript are told apart; those of lists and tables stay."""

from schemas.content import BlockType, ExtractedPage, Extraction, Line, Span
from schemas.geometry import Box
from transforms.assemble.geometry.drafts import geometry_drafts
from transforms.assemble.geometry.line_numbers import part_line_numbers

PROSE = (
    "A.  I was at the harbour that morning, and I",
    "saw the boats come in before the storm did.",
    "Q.  Did anybody else see them?",
    "A.  My brother did, who was mending nets on the",
    "quay, and the two men from the customs house.",
)


def line(text: str, x: float, y: float) -> Line:
    box = Box(x, y - 9, x + 5 * len(text), y + 2)
    return Line((Span(text, box, "Courier", 10.0, 0),), box)


def transcript(texts=PROSE, first=1, count=25, left=0.0, skip=()):
    rows = [(number, 60 + 24 * number) for number in range(first, first + count)]
    lines = [line(str(number), left + 60 - 5 * len(str(number)), y) for number, y in rows if number not in skip]
    return lines + [line(texts[number % len(texts)], left + 90, y) for number, y in rows]


def page(lines):
    return ExtractedPage(number=1, width=612, height=792, lines=lines)


def test_they_are_an_element_of_their_own_and_the_text_goes_on():
    drafts = geometry_drafts(Extraction(page_count=1, pages=[page(transcript())]))
    numbers, *text = drafts
    assert numbers.type is BlockType.PAGE_HEADER
    assert [part.span.text for part in numbers.spans] == [str(number) for number in range(1, 26)]
    said = " ".join(part.span.text for draft in text for part in draft.spans)
    assert not any(char.isdigit() for char in said) and said.count("harbour") == 5
    assert numbers.box == Box(50, 75, 60, 662)
    assert said.count("Q.") == 5 and {draft.type for draft in text} == {BlockType.PARAGRAPH}


def test_numbers_that_were_not_read_leave_gaps_and_columns_are_apart():
    lines = transcript(skip={7, 16}) + transcript(left=260)
    rest, columns = part_line_numbers(page(lines))
    assert [len(column) for column in columns] == [23, 25]
    assert len(rest.lines) == 50


def test_lists_tables_and_years_keep_their_numbers():
    articles = ("Lamp oil, barrel  16.99", "Rope and canvas  9.60", "Tar  4.10")
    dates = [line(str(number), 55, 60 + 24 * number) for number in range(40, 60)]
    for lines in (transcript(articles), transcript(count=8), transcript(first=11), dates):
        assert part_line_numbers(page(lines)) == (page(lines), [])
