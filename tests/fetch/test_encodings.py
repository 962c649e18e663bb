import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.fetch.encodings import BodyCut, ForeignEncoding, decoded

TEXT = b"Lakes and rivers of the north. " * 300


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "Deflate": bare}


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.binary(max_size=3000), st.integers(1, 700), st.sampled_from(sorted(PACKERS)))
def test_bodies_come_back_whatever_pieces_they_come_in(data, size, name):
    assert b"".join(decoded(pieces(PACKERS[name](data), size), name)) == data


@given(st.data(), st.integers(1, 50), st.sampled_from(sorted(PACKERS)))
def test_a_body_that_is_cut_anywhere_is_told(drawn, size, name):
    packed = PACKERS[name](TEXT)
    cut = drawn.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(BodyCut):
        list(decoded(pieces(packed[:cut], size), name))


def test_members_follow_each_other_and_padding_is_nothing():
    assert b"".join(decoded([gzip.compress(b"a") + gzip.compress(b"b"), b"\0" * 9], "gzip")) == b"ab"
    with pytest.raises(BodyCut):
        list(decoded([gzip.compress(b"a") + gzip.compress(TEXT)[:-9]], "gzip"))


def test_several_encodings_are_undone_in_their_order():
    assert b"".join(decoded([gzip.compress(zlib.compress(TEXT))], "deflate, gzip")) == TEXT
    with pytest.raises(BodyCut):
        list(decoded([gzip.compress(zlib.compress(TEXT)[:-5])], "deflate, gzip"))


@pytest.mark.parametrize("header", ["", "identity", "utf-8", "aws-chunked"])
def test_words_that_are_no_compression_change_nothing(header):
    assert list(decoded([b"a", b"b"], header)) == [b"a", b"b"]


def test_what_was_not_asked_for_and_what_is_none_of_it_are_told():
    with pytest.raises(ForeignEncoding):
        list(decoded([b"a"], "br"))
    with pytest.raises(zlib.error):
        list(decoded([b"no such thing"], "gzip"))


def test_no_bytes_unpack_to_no_bytes():
    assert list(decoded([], "gzip")) == []


def test_a_body_that_explodes_comes_in_pieces():
    sizes = [len(piece) for piece in decoded([gzip.compress(b"\0" * (50 << 20))], "gzip")]
    assert sum(sizes) == 50 << 20
    assert max(sizes) <= 1 << 20
