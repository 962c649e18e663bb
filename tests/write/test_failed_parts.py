"""What becomes of documents that fail after their pages were opened."""

from schemas.content import PageStatus
from schemas.document import DocumentInfo, DocumentStatus
from schemas.failures import Category, Failure
from schemas.part import Part
from schemas.source import SourceRef
from transforms.write.parts import failed_document

INFO = DocumentInfo(doc_id="d", ref=SourceRef(uri="/a.pdf", path="a.pdf"))
FAILURE = Failure(stage="assemble", category=Category.TIMEOUT, message="too slow")


def test_every_opened_page_keeps_its_row() -> None:
    document = failed_document(Part(info=INFO, pages=(2, 3, 7)), FAILURE)
    assert [(page.page, page.status) for page in document.pages] == [(n, PageStatus.FAILED) for n in (2, 3, 7)]
    assert (document.status, document.failures) == (DocumentStatus.FAILED, [FAILURE])


def test_long_parts_get_time_in_proportion() -> None:
    efforts = [Part(info=INFO, pages=tuple(range(count))).effort for count in (0, 100, 250)]
    assert efforts == [1.0, 1.0, 2.5]
