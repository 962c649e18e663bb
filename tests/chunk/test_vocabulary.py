import time

import pytest

from schemas.failures import ConfigurationError
from schemas.options import ChunkOptions
from transforms.chunk import vocabulary
from transforms.chunk.chunks import chunk_document
from transforms.chunk.vocabulary import encoding, grapheme_floor, tokenizer


@pytest.mark.parametrize(("name", "size"), [("cl100k_base", 100277), ("o200k_base", 200019)])
def test_encodings_are_built_from_package_data_without_network(name, size, monkeypatch):
    monkeypatch.setattr("socket.socket", None)
    assert encoding.__wrapped__(name).n_vocab == size


def test_a_damaged_vocabulary_is_refused():
    with pytest.raises(ConfigurationError, match="hash"):
        vocabulary._read_ranks("x/cl100k_base.tiktoken", "0" * 64)


def test_known_token_ids():
    assert encoding("cl100k_base").encode_ordinary("hello world") == [15339, 1917]
    assert encoding("o200k_base").encode_ordinary("hello world") == [24912, 2375]


def test_special_tokens_are_ordinary_text():
    assert tokenizer("cl100k_base").count("<|endoftext|>") > 1


def test_prefix_is_the_longest_that_keeps_the_limit():
    t, text = tokenizer("cl100k_base"), "one two three four five six " * 50
    cut, tokens = t.prefix(text, 0, len(text), 20)
    assert (tokens, text[:cut].count(" ")) == (20, 19)
    assert t.prefix(text, 0, 10, 20) == (10, t.count(text[:10]))
    assert t.prefix(text, 0, len(text), 20, reach=1) == (cut, tokens)


@pytest.mark.parametrize("blank", [" ", "\n", "\t"])
def test_millions_of_blanks_have_tokens_too(blank):
    from chunk_documents import document, element

    text = "before" + blank * 2_000_000 + "after"
    assert tokenizer("cl100k_base").count(text) > 2
    for kind in ("code", "paragraph"):
        found = chunk_document(document(element(kind, text)), ChunkOptions())
        assert "".join("".join(c.text for c in found).split()) == "beforeafter"


def test_cuts_stand_between_graphemes():
    family = "👨‍👩‍👧‍👦"
    assert grapheme_floor(family * 3, 0, len(family) + 2) == len(family)
    assert grapheme_floor("e\u0301e\u0301", 0, 3) == 2
    assert grapheme_floor("plain", 0, 3) == 3
    # A cluster without end is cut somewhere rather than nowhere.
    assert grapheme_floor("e" + "\u0301" * 500, 0, 300) == 300


@pytest.mark.parametrize("text", ["a" * 300_000, "漢" * 100_000, ". " * 150_000, "\u0301" * 100_000, "«" * 300_000])
def test_hostile_texts_take_linear_time(text):
    from chunk_documents import document, element

    started = time.process_time()
    found = chunk_document(document(element("paragraph", text)), ChunkOptions())
    assert "".join("".join(c.text for c in found).split()) == "".join(text.split())
    assert time.process_time() - started < 5
