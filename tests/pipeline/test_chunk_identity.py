"""What did not change keeps its id: chunks by their text, elements by type and text, within their document."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nightly import ingest, options, write
from typer.testing import CliRunner

from beam_pipeline import extract_document
from beam_pipeline.cli.app import app
from beam_pipeline.jobs.local_run import run
from schemas.addresses import addressed
from schemas.content import BlockType
from schemas.document import Document, Element
from schemas.options import ChunkOptions, LayoutOptions, OcrOptions, Options
from transforms.lake.snapshot import read_runs

WORDS = [
    "river",
    "stone",
    "market",
    "engine",
    "winter",
    "garden",
    "letter",
    "bridge",
    "copper",
    "signal",
    "harbour",
    "meadow",
]


def section(number: int, words: int = 120) -> str:
    chance = random.Random(number)
    sentences = [" ".join(chance.choices(WORDS, k=12)).capitalize() + "." for _ in range(words // 12)]
    return f"## Section {number}\n\n" + "\n\n".join(sentences) + "\n\n"


def book(numbers) -> str:
    return "# The book\n\n" + "".join(map(section, numbers))


def chunked(path: Path, text: str, **chunk) -> Document:
    path.write_text(text)
    plain = Options(ocr=OcrOptions(mode="never"), layout=LayoutOptions(mode="never"), chunk=ChunkOptions(**chunk))
    return extract_document(path, plain)


def share_kept(old: Document, new: Document) -> float:
    ids = {chunk.chunk_id for chunk in new.chunks}
    return sum(chunk.chunk_id in ids for chunk in old.chunks) / len(old.chunks)


@pytest.mark.parametrize("strategy", ["structure", "markdown", "recursive", "fixed"])
def test_an_appended_section_leaves_the_ids_of_all_others(tmp_path, strategy):
    before = chunked(tmp_path / "book.md", book(range(140)), max_tokens=200, strategy=strategy)
    assert len(before.chunks) >= 100
    after = chunked(tmp_path / "book.md", book(range(141)), max_tokens=200, strategy=strategy)
    assert share_kept(before, after) >= 0.95
    assert len({chunk.chunk_id for chunk in after.chunks}) == len(after.chunks)


@pytest.mark.parametrize("place", [0, 50])
@pytest.mark.parametrize("strategy", ["structure", "markdown"])
def test_a_section_at_the_front_or_in_the_middle_leaves_them_too(tmp_path, strategy, place):
    before = chunked(tmp_path / "book.md", book(range(100)), max_tokens=200, strategy=strategy)
    numbers = [*range(place), 1000, *range(place, 100)]
    after = chunked(tmp_path / "book.md", book(numbers), max_tokens=200, strategy=strategy)
    assert share_kept(before, after) >= 0.95
    ids = {element.element_id for element in after.elements}
    assert {element.element_id for element in before.elements} <= ids
    # Links follow.
    order = ["", *(chunk.chunk_id for chunk in after.chunks), ""]
    neighbours = [(chunk.prev_chunk_id, chunk.next_chunk_id) for chunk in after.chunks]
    assert neighbours == list(zip(order, order[2:], strict=False))


def test_another_token_limit_leaves_the_ids_of_equal_texts(tmp_path):
    """Sections of many lengths: the short ones are cut alike."""
    text = "# The book\n\n" + "".join(section(number, 36 + 24 * (number % 12)) for number in range(100))
    before = chunked(tmp_path / "book.md", text, max_tokens=200)
    after = chunked(tmp_path / "book.md", text, max_tokens=160)
    ids = [{chunk.text: chunk.chunk_id for chunk in document.chunks} for document in (before, after)]
    equal = ids[0].keys() & ids[1].keys()
    assert len(equal) >= 30 and ids[0].keys() != ids[1].keys()
    assert all(ids[0][words] == ids[1][words] for words in equal)
    assert {*ids[0].values()} & {*ids[1].values()} == {ids[0][words] for words in equal}


def test_other_lines_and_options_that_leave_the_words_leave_the_ids(tmp_path):
    text = book(range(5))
    before = chunked(tmp_path / "book.md", text)
    narrow = "\n".join(line.replace(" ", "\n", 3) if line[:1].isupper() else line for line in text.split("\n"))
    assert narrow != text
    assert share_kept(before, chunked(tmp_path / "book.md", narrow)) == 1.0
    same = chunked(tmp_path / "book.md", text, include_types=("footnote",))
    assert same.info.fingerprint != before.info.fingerprint
    assert [chunk.chunk_id for chunk in same.chunks] == [chunk.chunk_id for chunk in before.chunks]
    (tmp_path / "other").mkdir()
    assert share_kept(before, chunked(tmp_path / "other" / "book.md", text)) == 0.0


TEXTS = st.lists(st.tuples(st.sampled_from([BlockType.PARAGRAPH, BlockType.HEADING]), st.sampled_from("abc")))


@given(TEXTS, TEXTS)
def test_equal_paragraphs_have_ids_of_their_own(first, second):
    def made(parts):
        plain = [
            Element(element_id=f"{at}", index=at, type=kind, text=text, page=1) for at, (kind, text) in enumerate(parts)
        ]
        return addressed("d", [replace(e, parent_id=plain[e.index - 1].element_id if e.index else "") for e in plain])

    before, after = made(first), made([*first, *second])
    ids = [element.element_id for element in after]
    assert len({*ids}) == len(ids)
    assert ids[: len(first)] == [element.element_id for element in before]
    assert [element.parent_id for element in after] == ["", *ids][: len(ids)]
    # As documents of another source, and back: what caches do.
    assert addressed("d", addressed("other", after)) == after
    assert not {*ids} & {element.element_id for element in addressed("other", after)}


def feed(output: Path, old: str, new: str = "") -> list[dict]:
    result = CliRunner().invoke(app, ["diff", str(output), old, *([new] if new else []), "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_feed_tells_what_is_to_be_embedded_again(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    write(folder / "book.md", book(range(30)))
    write(folder / "other.md", book([500]))
    limits = {"chunk": ChunkOptions(max_tokens=200)}
    run(replace(options([folder], output), **limits))
    write(folder / "book.md", book([*range(10), 1000, *range(10, 30)]), age=-60)
    run(replace(options([folder], output), **limits))
    runs = [record.run_id for record in read_runs(str(output)) if record.kind == "ingest"]
    found = [change for change in feed(output, *runs) if change["kind"] == "chunk"]
    embed = [change for change in found if change["change"] in ("added", "changed")]
    assert 1 <= len(embed) <= 2 and all(change["content_hash"] and change["text"] for change in embed)
    assert any("Section 1000" in change["text"] for change in embed)
    assert len(found) > 15 and {change["change"] for change in found} <= {"added", "changed", "moved"}
    moved = [change for change in found if change["change"] == "moved"]
    assert all(change["content_hash"] and "text" not in change for change in moved)

    # Forced work changes nothing of what downstream knows.
    ingest([folder], tmp_path / "again")
    run(replace(options([folder], output, force=True), **limits))
    assert [change for change in feed(output, runs[-1]) if change["kind"] == "chunk"] == []

    run(replace(options([folder], output), chunk=ChunkOptions(max_tokens=120)))
    newest = read_runs(str(output))[-2].run_id
    changed = Counter(change["change"] for change in feed(output, newest) if change["kind"] == "chunk")
    assert changed["added"] + changed["changed"] > 20
