import json

import fastavro
import pyarrow as pa
import pytest

from schemas.part import TableBatch
from schemas.tables import TABLES, avro_schema
from transforms.lake.format.rows import document_from_rows, document_rows, table_batch


def test_a_document_survives_its_rows(document) -> None:
    original = document("a.txt")
    batch = table_batch(original, "run")
    rows = {name: pa.ipc.open_stream(data).read_all().to_pylist() for name, data in batch.tables.items()}
    back = document_from_rows(
        rows["documents"][0],
        pages=rows["pages"],
        elements=rows["elements"],
        failures=rows["failures"],
        chunks=rows["chunks"],
    )
    assert back == original


def test_rows_of_the_first_schema_are_read(document) -> None:
    rows = document_rows(document("a.txt"), "run")
    for row in rows["elements"]:
        for name in ("parent_id", "caption_of", "caption_id", "references"):
            del row[name]
        for cell in row["cells"]:
            del cell["page"]
    back = document_from_rows(rows["documents"][0], rows["pages"], rows["elements"], rows["failures"])
    table = back.elements[1]
    assert (table.parent_id, table.references, table.cells[0].page) == ("", (), 0)


def test_a_batch_counts_what_it_holds(document) -> None:
    batch = table_batch(document("a.txt"), "run")
    assert isinstance(batch, TableBatch)
    assert (batch.status, batch.pages, batch.chunks, batch.failures) == ("partial", 2, 1, 1)


def test_the_documents_row_counts_its_children(document) -> None:
    row = document_rows(document("a.txt"), "run")["documents"][0]
    counted = {
        name: row[name] for name in ("pages", "failed_pages", "elements", "hidden_elements", "chunks", "failures")
    }
    assert counted == {"pages": 2, "failed_pages": 1, "elements": 3, "hidden_elements": 1, "chunks": 1, "failures": 1}


@pytest.mark.parametrize("name", TABLES)
def test_avro_twins_take_every_row(name: str, tmp_path, document) -> None:
    schema = fastavro.parse_schema(json.loads(json.dumps(avro_schema(name))))
    rows = pa.ipc.open_stream(table_batch(document("a.txt"), "run").tables[name]).read_all().to_pylist()
    with (tmp_path / "t.avro").open("wb") as out:
        fastavro.writer(out, schema, rows)
    with (tmp_path / "t.avro").open("rb") as back:
        assert list(fastavro.reader(back)) == rows
