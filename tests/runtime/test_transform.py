"""What shuffles carry."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import PageNeed
from schemas.document import DocumentInfo
from schemas.failures import Category, Failure
from schemas.geometry import Box
from schemas.part import Part
from schemas.source import SourceRef
from transforms.steps.transform import squeeze, unsqueeze

#: Names of files may be bytes that are no UTF-8: Python holds them as lone surrogates, which MessagePack refuses.
names = st.text(st.characters(codec=None), max_size=20)


@given(names, st.binary(max_size=200), st.booleans())
def test_a_part_comes_out_of_a_shuffle_as_it_went_in(name, payload, fails):
    info = DocumentInfo(doc_id="d", ref=SourceRef(uri=name, path=name), fingerprint="f")
    failure = Failure(stage="extract", category=Category.CORRUPT, message=name) if fails else None
    needs = (PageNeed(3, "full", name, 0.25, (Box(0, 1, 2, 3),)),)
    part = Part(info=info, payload=payload, needs=needs, pages=(1, 2, 3), failure=failure)
    assert unsqueeze(squeeze(part)) == part


def test_pages_get_smaller():
    page = msgspec.msgpack.encode(
        [{"text": f"line {number}", "box": [72.0, number * 11.5, 540.0]} for number in range(999)]
    )
    info = DocumentInfo(doc_id="d", ref=SourceRef(uri="u", path="p"), fingerprint="f")
    assert len(squeeze(Part(info=info, payload=page))) < len(page) / 3
