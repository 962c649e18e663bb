"""Tables hold URIs without their secrets: a retry finds these where the documents were named, or asks nobody."""

import pytest

from beam_pipeline.cli.commands.retry import with_secrets
from schemas.failures import ConfigurationError
from schemas.ids import document_id
from schemas.options import SourceOptions
from schemas.source import SourceRef
from transforms.stores.uris import identity_uri, public_uri


def rows(*uris: str, manifest: str = "") -> dict[str, SourceRef]:
    """As the tables hold the documents of these URIs."""
    return {document_id(identity_uri(uri)): SourceRef(uri=public_uri(uri), path=uri, manifest=manifest) for uri in uris}


SECRET, OTHER = "https://host/a.pdf?token=abc&id=7", "https://host/a.pdf?token=xyz&id=7"
SIGNED = "https://host/b.pdf?X-Amz-Signature=now"


def test_what_a_manifest_names_is_asked_for_with_its_secrets(tmp_path):
    manifest = tmp_path / "m.txt"
    manifest.write_text(f"{SECRET}\n{OTHER}\n{SIGNED}\n/in/c.pdf\n")
    found = rows(SECRET, OTHER, "https://host/b.pdf?X-Amz-Signature=then", "/in/c.pdf", manifest=str(manifest))
    assert [ref.uri for ref in with_secrets(found, SourceOptions())] == [SECRET, OTHER, SIGNED, "/in/c.pdf"]


def test_what_the_options_name_is_asked_for_with_its_secrets():
    assert [ref.uri for ref in with_secrets(rows(SECRET), SourceOptions(inputs=(SECRET, "in")))] == [SECRET]


def test_what_is_named_nowhere_is_told_and_left_out(capsys, tmp_path):
    with pytest.raises(ConfigurationError, match=r"give the URIs to `docbeam ingest` again, first .*token=\*\*\*"):
        with_secrets(rows(SECRET, manifest=str(tmp_path / "gone.csv")), SourceOptions())
    assert [ref.uri for ref in with_secrets(rows(SECRET, "/in/c.pdf"), SourceOptions())] == ["/in/c.pdf"]
    assert "1 of the documents have secrets" in capsys.readouterr().err
