"""What is news in repeated listings, and what messages name."""

import json
import os
import time

import pytest

from schemas.options import SourceOptions
from schemas.source import SourceRef
from schemas.stamps import stamp
from transforms.sources.notifications import refs_of
from transforms.sources.streams import SWEEP_SECONDS, Seen, is_due, listed_now, news
from transforms.stores.local import LocalStore

START = 1_000_000.0


def ref(name: str, version: str = "1") -> SourceRef:
    return SourceRef(uri=f"gs://b/{name}", path=name, stamp=version)


def names(refs: list[SourceRef]) -> list[str]:
    return [item.path for item in refs]


def test_only_new_and_changed_documents_are_news():
    fresh, seen = news([ref("a"), ref("b")], Seen(), START)
    assert names(fresh) == ["a", "b"]
    fresh, seen = news([ref("a"), ref("b", "2"), ref("c")], seen, START + 5)
    assert names(fresh) == ["b", "c"]
    assert news([ref("a"), ref("b", "2"), ref("c")], seen, START + 10)[0] == []


def test_a_document_that_comes_back_is_news_again():
    _, seen = news([ref("a")], Seen(), START)
    _, seen = news([], seen, START + 5)
    assert names(news([ref("a")], seen, START + 10)[0]) == ["a"]


def test_everything_is_named_again_after_a_while():
    _, seen = news([ref("a")], Seen(), START)
    assert not news([ref("a")], seen, START + SWEEP_SECONDS - 1)[0]
    fresh, seen = news([ref("a")], seen, START + SWEEP_SECONDS)
    assert names(fresh) == ["a"]
    assert not news([ref("a")], seen, START + SWEEP_SECONDS + 5)[0]


def test_ticks_that_a_later_listing_covers_are_skipped():
    _, seen = news([], Seen(), START)
    assert is_due(Seen(), START - 100)
    assert not is_due(seen, START - 1)
    assert not is_due(seen, START)
    assert is_due(seen, START + 1)


def test_memory_is_eight_bytes_a_document():
    assert len(news([ref(str(number)) for number in range(100)], Seen(), START)[1].marks) == 800


def test_nothing_there_is_no_error_and_files_being_written_come_later(tmp_path):
    options = SourceOptions()
    assert not list(listed_now(f"{tmp_path}/*.txt", LocalStore(), options))
    old, young = tmp_path / "old.txt", tmp_path / "young.txt"
    for path in (old, young):
        path.write_text("text")
    past = time.time() - 60
    os.utime(old, (past, past))
    os.utime(young, (past + 3600, past + 3600))
    assert names(listed_now(str(tmp_path), LocalStore(), options)) == ["old.txt"]
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    assert names(listed_now(str(tmp_path), LocalStore(), options)) == ["loop.txt", "old.txt"]


OBJECT = {"bucket": "in", "name": "a/b c.pdf", "size": "42", "updated": "2026-11-21T08:00:00.125Z", "etag": "x"}


def test_a_notification_names_the_object_with_the_stamp_of_a_listing():
    (found,) = refs_of(json.dumps(OBJECT).encode(), {"eventType": "OBJECT_FINALIZE"})
    assert (found.uri, found.path, found.size) == ("gs://in/a/b c.pdf", "a/b c.pdf", 42)
    assert found.stamp == stamp(42, 1795248000.125)


def test_a_notification_without_payload_names_it_too():
    (found,) = refs_of(b"", {"eventType": "OBJECT_FINALIZE", "bucketId": "in", "objectId": "a.pdf"})
    assert (found.uri, found.stamp) == ("gs://in/a.pdf", "")


@pytest.mark.parametrize("event", ["OBJECT_DELETE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"])
def test_other_events_name_nothing(event):
    assert not list(refs_of(json.dumps(OBJECT).encode(), {"eventType": event}))


def test_plain_uris_stand_one_to_a_line():
    lines = b"gs://in/a.pdf\n\n s3://in/b.pdf \nHTTPS://Example.com/c.pdf\n/etc/passwd\nnonsense\n"
    assert [found.uri for found in refs_of(lines, {})] == [
        "gs://in/a.pdf",
        "s3://in/b.pdf",
        "https://example.com/c.pdf",
    ]


@pytest.mark.parametrize(
    "data",
    [b"{", b"{}", b'{"bucket": 1, "name": "x"}', b'{"bucket": "b", "name": "n", "updated": "soon"}', b"\xff\xfe", b""],
)
def test_damaged_messages_name_nothing(data):
    assert not list(refs_of(data, {}))


def test_folders_of_the_console_are_no_documents():
    assert not list(refs_of(json.dumps({**OBJECT, "name": "folder/"}).encode(), {"eventType": "OBJECT_FINALIZE"}))
