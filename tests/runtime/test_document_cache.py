"""The bounded folder of extracted documents."""

from transforms.plan.document_cache import DocumentCache


def test_what_was_used_least_recently_goes_and_nothing_of_others(tmp_path):
    theirs = [tmp_path / name for name in ("thesis.docx", "ab/notes.md", f"cd/{'0' * 32}", "deep/er/a.md")]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 5000)
    cache = DocumentCache(str(tmp_path), 300)
    for number in range(40):
        cache.put(f"{number:032x}", bytes(range(number, number + 50)))
    assert all(path.exists() for path in theirs)
    kept = [number for number in range(40) if cache.get(f"{number:032x}") is not None]
    assert 0 < len(kept) < 10 and 39 in kept
