"""Markdown."""

from pathlib import Path

import pytest

from schemas.content import Extraction, ExtractRequest, Style
from schemas.failures import Corrupt
from transforms.extract.html.markdown import MarkdownExtractor, front_matter


@pytest.fixture
def extract(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(text: str) -> Extraction:
        path = tmp_path / "t.md"
        path.write_text(text, encoding="utf-8")
        return MarkdownExtractor().extract(path, ExtractRequest())

    return run


def summary(result: Extraction) -> list[tuple[str, int, str, str]]:
    return [(b.type.value, b.level, b.marker, "".join(s.text for s in b.spans)) for b in result.pages[0].blocks]


def test_structure(extract) -> None:  # type: ignore[no-untyped-def]
    text = "# One\n\nText with *stress*\nand ~~less~~.\n\nTwo\n---\n\n- a\n- b\n   1. c\n"
    result = extract(text + "\n```py\nx = 1\n\ny\n```\n\n> said\n")
    assert summary(result) == [
        ("heading", 1, "", "One"),
        ("paragraph", 0, "", "Text with stress and less."),
        ("heading", 2, "", "Two"),
        ("list_item", 0, "-", "a"),
        ("list_item", 0, "-", "b"),
        ("list_item", 1, "1.", "c"),
        ("code", 0, "", "x = 1\n\ny"),
        ("paragraph", 0, "", "said"),
    ]
    assert result.pages[0].blocks[1].spans[1].style == Style.ITALIC
    assert {b.source for b in result.pages[0].blocks} == {"markdown"}


def test_tables_pipe_and_html(extract) -> None:  # type: ignore[no-untyped-def]
    result = extract(
        "| a | b |\n|---|---|\n| 1 | x\\|y |\n\n<table><tr><td colspan=2>w</td></tr><tr><td>1<td>2</table>\n"
    )
    pipe, markup = result.pages[0].blocks
    assert [(c.text, c.header) for c in pipe.cells] == [("a", True), ("b", True), ("1", False), ("x|y", False)]
    assert [(c.text, c.column_span) for c in markup.cells] == [("w", 2), ("1", 1), ("2", 1)]


def test_image_link_formula_and_footnote(extract) -> None:  # type: ignore[no-untyped-def]
    result = extract("![A duck](d.png)\n\nSee [it](http://e.org) for $a<b$ [^n].\n\n$$\nx^2\n$$\n\n[^n]: The note.\n")
    assert summary(result) == [
        ("figure", 0, "", "A duck"),
        ("paragraph", 0, "", "See it for a<b 1."),
        ("formula", 0, "", "x^2"),
        ("footnote", 0, "1", "The note."),
    ]
    assert [link.uri for link in result.pages[0].links] == ["http://e.org"]


def test_prices_are_no_formulas(extract) -> None:  # type: ignore[no-untyped-def]
    assert summary(extract("from $5 to $10"))[0][3] == "from $5 to $10"


def test_front_matter(extract) -> None:  # type: ignore[no-untyped-def]
    result = extract('---\ntitle: "My: Title"\nauthor: Ann\ndate: 2024-01-02\ntags: [a]\nlang: de\n---\n\nBody\n')
    assert summary(result) == [("paragraph", 0, "", "Body")]
    meta = result.meta
    assert (meta.title, meta.author, meta.created, meta.language) == ("My: Title", "Ann", "2024-01-02", "de")
    assert meta.properties == {"tags": "[a]"}


def test_rule_at_the_top_is_no_front_matter(extract) -> None:  # type: ignore[no-untyped-def]
    assert summary(extract("---\nFirst words\n\n---\n\nLast\n")) == [
        ("paragraph", 0, "", "First words"),
        ("paragraph", 0, "", "Last"),
    ]


def test_nested_front_matter_values_are_left_out() -> None:
    assert front_matter("title: T\nauthors:\n  - x: y\n").properties == {}


def test_deep_nesting(extract) -> None:  # type: ignore[no-untyped-def]
    assert "end" in summary(extract("> " * 3000 + "end\n" + "[" * 300))[-1][3]


def test_empty_file_is_corrupt(extract) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Corrupt, match="file is empty"):
        extract("")
