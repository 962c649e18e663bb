import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.stores.uris import (
    canonical_uri,
    entry_path,
    file_name,
    identity_uri,
    is_http,
    join,
    local_path,
    local_uri,
    parent,
    public_uri,
    redact,
    safe_path,
    scheme,
)

PIECES = st.sampled_from(
    [
        "http",
        "HTTPS",
        "file",
        "gs",
        "s3",
        "://",
        "/",
        "//",
        "..",
        ".",
        "%20",
        "%FF",
        "%",
        "?",
        "#",
        "@",
        ":80",
        ":443",
        "[::1]",
        "[",
        "]",
        "Host",
        "é",
        "\\",
        "*",
        "localhost",
        "x.pdf",
        "\x00",
        '"',
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("/a/./b//c.pdf", "/a/b/c.pdf"),
        ("/a/%20.pdf", "/a/%20.pdf"),
        ("file:///a%20b/c%23.pdf", "/a b/c#.pdf"),
        ("FILE://localhost/a", "/a"),
        ("file:///b%FF", "file:///b%FF"),
        ("HTTP://User@ExAmple.COM:80/A?b=C#frag", "http://User@example.com/A?b=C"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://[bad/x", "http://[bad/x"),
        ("GS://Bucket/Key?#x", "gs://Bucket/Key?#x"),
        ("s3://b//k", "s3://b//k"),
    ],
)
def test_canonical_spellings(text, canonical):
    assert canonical_uri(text) == canonical


def test_relative_paths_start_at_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert canonical_uri("x/a.pdf") == str(tmp_path / "x" / "a.pdf")


def test_parents_behind_links_are_followed(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    assert canonical_uri(f"{tmp_path}/link/../x") == os.path.realpath(tmp_path / "real" / "x")


@given(TEXTS)
def test_canonical_is_idempotent_text(text):
    once = canonical_uri(text)
    assert canonical_uri(once) == once
    if all(not 0xD800 <= ord(character) < 0xE000 for character in text):
        once.encode("utf-8")


@given(st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name))
def test_every_file_name_survives(name):
    path = os.path.abspath(b"/" + name.replace(b"/", b"_"))
    assert os.fsencode(local_path(local_uri(os.fsdecode(path)))) == path


@given(TEXTS)
def test_paths_are_safe(text):
    for path in (safe_path(text), entry_path(text)):
        parts = path.split("/")
        assert path and ".." not in parts and "." not in parts and "" not in parts
        assert "\0" not in path and "\\" not in path
        path.encode("utf-8")
        assert safe_path(path) == path


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/data/a.pdf", "data/a.pdf"),
        ("sub/a.pdf", "sub/a.pdf"),
        ("gs://bucket/a/b.pdf", "bucket/a/b.pdf"),
        ("file:///a%20b.pdf", "a b.pdf"),
        ("https://user:pw@Host.org:8080/a%2F..%2Fb.pdf?sig=1#x", "host.org/a/b.pdf"),
        ("http://[bad/x?sig=1", "[bad/x?sig=***"),
        ("..", "unnamed"),
    ],
)
def test_entry_paths(entry, path):
    assert entry_path(entry) == path


@pytest.mark.parametrize(
    ("base", "entry", "joined"),
    [
        ("/lists", "a.pdf", "/lists/a.pdf"),
        ("/lists", "/b.pdf", "/b.pdf"),
        ("/lists", "https://H/x", "https://h/x"),
        ("gs://bucket/lists", "../a.pdf", "gs://bucket/a.pdf"),
        ("gs://bucket/lists", "../../../a.pdf", "gs://bucket/a.pdf"),
        ("gs://bucket", "sub/a.pdf", "gs://bucket/sub/a.pdf"),
    ],
)
def test_join(base, entry, joined):
    assert join(base, entry) == joined


def test_parents_and_names():
    assert parent("/a/b.csv") == "/a"
    assert parent("gs://b/x/m.csv") == "gs://b/x"
    assert file_name("https://h/a%20b.pdf?x=/y") == "a b.pdf"
    assert file_name("https://h") == file_name("http://[bad/x") == ""
    assert file_name("s3://b/k/x.pdf") == file_name("/k/x.pdf") == "x.pdf"
    assert (scheme("C+x.1://y"), scheme("/a"), is_http("HTTPS://x")) == ("c+x.1", "", True)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://u:p@h/a?X-Amz-Signature=s&token#frag", "https://h/a?X-Amz-Signature=***&***"),
        ("https://h/a", "https://h/a"),
        ("s3://KEY:SECRET@bucket/a@b", "s3://bucket/a@b"),
        ("/a/b?c=d@e", "/a/b?c=d@e"),
    ],
)
def test_redact(uri, shown):
    assert redact(uri) == shown


@given(
    st.from_regex(r"[A-Za-z0-9]{6,}", fullmatch=True).map(lambda text: f"Q{text}Q"), st.sampled_from(["http", "https"])
)
def test_secrets_never_show(secret, kind):
    uri = f"{kind}://user:{secret}@host/path?sig={secret}&{secret}=1#{secret}".replace(f"&{secret}=1", f"&{secret}")
    assert secret not in redact(uri)


SIGNED = "X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA&X-Amz-Date=2026&X-Amz-Expires=60&X-Amz-Signature={}"


@pytest.mark.parametrize(
    ("uri", "identity"),
    [
        ("https://u:p@h/a.pdf?" + SIGNED.format("one"), "https://h/a.pdf"),
        ("https://h/a.pdf?version=2&" + SIGNED.format("two"), "https://h/a.pdf?version=2"),
        ("https://h/a.pdf?Expires=9&Signature=s&Key-Pair-Id=k&Policy=p", "https://h/a.pdf"),
        ("https://h/a.pdf?sv=2024&se=2026&sr=b&sp=r&sig=abc%3D", "https://h/a.pdf"),
        ("https://h/list?st=1&expires=never", "https://h/list?st=1&expires=never"),
        ("https://h/get?key=a.pdf", "https://h/get?key=a.pdf"),
        ("s3://KEY:SECRET@bucket/a?sig=1", "s3://bucket/a?sig=1"),
        ("/a/u:p@h?sig=1", "/a/u:p@h?sig=1"),
    ],
)
def test_identity_survives_signing_again(uri, identity):
    assert identity_uri(uri) == identity
    assert identity_uri(identity) == identity


def test_public_uris_mask_what_may_be_secret_and_keep_the_rest():
    uri = "https://u:p@h/get?doc=7&access_token=t0p&api-key=k&key=a.pdf"
    assert public_uri(uri) == "https://h/get?doc=7&access_token=***&api-key=***&key=***"
    assert public_uri("gs://bucket/a?token=x") == "gs://bucket/a?token=x"
