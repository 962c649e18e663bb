import msgspec

from schemas.content import BlockType
from schemas.document import Reference, ReferenceKind
from transforms.render.document_json import document_json

LEFT_OUT = (BlockType.PAGE_HEADER, BlockType.PAGE_FOOTER, BlockType.HIDDEN, BlockType.COMMENT)


def test_running_text_in_reading_order_with_provenance(make):
    elements = [make.element(kind, kind.value, index=i) for i, kind in enumerate(BlockType)]
    fields = msgspec.json.decode(document_json(make.document(*elements)))
    assert [e["type"] for e in fields["elements"]] == [kind for kind in BlockType if kind not in LEFT_OUT]
    assert fields["uri"] == "/in/report"
    assert fields["doc_id"] == "d" * 32
    assert fields["status"] == "partial"
    assert fields["failures"][0]["category"] == "corrupt"
    assert fields["elements"][0]["box"] == [10, 20, 110, 40]
    assert fields["elements"][0]["page"] == 1
    assert fields["outline"] == [{"level": 1, "title": "report", "page": 1}]
    assert "cells" not in fields["elements"][0]


def test_every_type_on_request(make):
    elements = [make.element(kind, kind.value, index=i) for i, kind in enumerate(BlockType)]
    fields = msgspec.json.decode(document_json(make.document(*elements), every_type=True))
    assert [e["type"] for e in fields["elements"]] == list(BlockType)


def test_tables_have_their_cells(make):
    fields = msgspec.json.decode(document_json(make.document(make.table(("a", "b"), ("c", "d")))))
    (item,) = fields["elements"]
    assert [(c["row"], c["column"], c["text"], c["header"]) for c in item["cells"]][:3] == [
        (0, 0, "a", True),
        (0, 1, "b", True),
        (1, 0, "c", False),
    ]
    assert {c["page"] for c in item["cells"]} == {1}
    assert item["text"] == "| a | b |\n|---|---|\n| c | d |"


def test_captions_references_and_the_tree_are_told(make):
    heading = make.element(BlockType.HEADING, "H")
    mention = Reference(0, 7, ReferenceKind.TABLE, f"{2:032x}")
    words = make.element(
        BlockType.PARAGRAPH, "Table 1 tells.", index=1, parent_id=heading.element_id, references=(mention,)
    )
    table = make.table(("a",), ("b",), index=2, caption_id="c" * 32)
    fields = msgspec.json.decode(document_json(make.document(heading, words, table)))
    first, second, third = fields["elements"]
    assert second["references"] == [{"start": 0, "end": 7, "kind": "table", "element_id": third["element_id"]}]
    assert third["caption_id"] == "c" * 32
    assert "caption_of" not in third
    assert "references" not in first
    assert fields["tree"]["sections"][0]["elements"] == [second["element_id"]]
    assert fields["tree"]["elements"] == [third["element_id"]]
