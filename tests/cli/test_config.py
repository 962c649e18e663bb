from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.config import as_rows, check_file, flag_name, keys, resolve
from beam_pipeline.units import format_size, parse_size
from schemas.failures import ConfigurationError
from schemas.options import Options, Strategy


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    path = Path("night.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_without_any_source():
    resolved = resolve({}, None, {})
    assert resolved.options.chunk.max_tokens == 512
    assert set(resolved.origins.values()) == {"default"}
    assert list(resolved.origins) == list(keys())


def test_flags_win_over_file_and_file_over_environment():
    file = written("[chunk]\nmax_tokens = 200\noverlap_tokens = 20\n")
    environ = {
        "DOCBEAM_CHUNK_MAX_TOKENS": "100",
        "DOCBEAM_CHUNK_OVERLAP_TOKENS": "10",
        "DOCBEAM_CHUNK_ENCODING": "o200k_base",
    }
    resolved = resolve({"chunk.max_tokens": 300}, file, environ)
    chunk = resolved.options.chunk
    assert (chunk.max_tokens, chunk.overlap_tokens, chunk.encoding) == (300, 20, "o200k_base")
    assert resolved.origins["chunk.max_tokens"] == "--max-tokens"
    assert resolved.origins["chunk.overlap_tokens"] == "night.toml:3"
    assert resolved.origins["chunk.encoding"] == "environment DOCBEAM_CHUNK_ENCODING"


def test_file_in_the_working_directory_is_read_unless_another_is_named():
    Path("docbeam.toml").write_text("[extract]\nworkers = 7\n")
    assert resolve({}, None, {}).options.extract.workers == 7
    assert resolve({}, written("[extract]\npart_pages = 9\n"), {}).options.extract.workers == 0


def test_environment_values_take_the_type_of_their_option():
    environ = {
        "DOCBEAM_EXTRACT_DOCUMENT_TIMEOUT": "7.5",
        "DOCBEAM_EXTRACT_MEMORY_LIMIT": "512MB",
        "DOCBEAM_CHUNK_STRATEGY": "page",
        "DOCBEAM_CHUNK_INCLUDE_TYPES": "hidden, comment",
        "DOCBEAM_SOURCE_EXCLUDE": "",
    }
    options = resolve({}, None, environ).options
    assert options.extract.document_timeout == 7.5
    assert options.extract.memory_limit == 512_000_000
    assert options.chunk.strategy is Strategy.PAGE
    assert options.chunk.include_types == ("hidden", "comment")
    assert options.source.exclude == ()


def test_every_problem_is_told_with_its_place():
    file = written(
        'loose = 1\n[extract]\nmemory_limt = "2GiB"\ndocument_timeout = "5"\nmemory_limit = "two"\n'
        '[chunk]\nmax_tokens = 0\nstrategy = "foo"\ninclude_types = ["hidden", "x"]\n[chnk]\nencoding = "x"\n'
    )
    problems = check_file(file)
    assert "night.toml:1: loose stands outside a section" in problems
    assert "night.toml:3: no option extract.memory_limt; did you mean extract.memory_limit?" in problems
    assert "night.toml:4: extract.document_timeout: '5' is not valid; expected a number" in problems
    assert any(p.startswith("night.toml:5: extract.memory_limit: 'two' is not a size") for p in problems)
    assert "night.toml:7: chunk.max_tokens: 0 is not valid; expected a whole number >= 1" in problems
    assert any(p.startswith("night.toml:8: chunk.strategy: 'foo' is not one of structure,") for p in problems)
    assert any(p.startswith("night.toml:9: chunk.include_types: 'x' is not one of hidden") for p in problems)
    assert "night.toml:11: no option chnk.encoding; did you mean chunk.encoding?" in problems
    assert len(problems) == 8


def test_a_right_file_has_no_problems():
    assert check_file(written('[write]\nformat = "parquet"\n[run]\nmax_failure_ratio = 1\n')) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"chunk.max_tokens": 50, "chunk.overlap_tokens": 50}, "--overlap-tokens 50 must be smaller"),
        ({"extract.page_range": "5-3"}, "--page-range '5-3'"),
        ({"extract.page_range": "a"}, "--page-range 'a'"),
        ({"write.format": "xlsx"}, "--format: write.format: 'xlsx' is not one of delta, parquet, arrow, avro"),
        ({"run.max_failure_ratio": 1.5}, "--max-failure-ratio"),
        ({"run.device": "tpu"}, "'tpu' is not one of auto, cpu"),
        ({"extract.workers": -1}, "expected a whole number >= 0"),
        ({"fetch.cache_dir": "c", "fetch.cache_bytes": "1MB", "fetch.max_bytes": "2MB"}, "--cache-bytes must be"),
    ],
)
def test_wrong_flags(flags, message):
    with pytest.raises(ConfigurationError) as caught:
        resolve(flags, None, {})
    assert message in str(caught.value)


def test_misspelt_environment_variable_is_told():
    with pytest.raises(ConfigurationError, match="did you mean DOCBEAM_CHUNK_MAX_TOKENS"):
        resolve({}, None, {"DOCBEAM_CHUNK_MAX_TOKEN": "5"})
    with pytest.raises(ConfigurationError, match="did you mean DOCBEAM_CHUNK_MAX_TOKENS"):
        resolve({}, None, {"DOCBEAM_CHUNKS_MAX_TOKENS": "5"})
    with pytest.raises(ConfigurationError, match="environment DOCBEAM_STREAM_PORT: no such option"):
        resolve({}, None, {"DOCBEAM_STREAM_PORT": "80"})


@pytest.mark.parametrize("service", ["DOCBEAM", "DOCBEAM_STREAM", "DOCBEAM_RUN", "DOCBEAM_WRITE_OUTPUT"])
def test_what_kubernetes_tells_of_services_is_no_option(service):
    environ = {
        f"{service}_SERVICE_HOST": "10.0.0.11",
        f"{service}_SERVICE_PORT": "80",
        f"{service}_SERVICE_PORT_HTTP_METRICS": "80",
        f"{service}_PORT": "tcp://10.0.0.11:80",
        f"{service}_PORT_80_TCP": "tcp://10.0.0.11:80",
        f"{service}_PORT_80_TCP_PROTO": "tcp",
        f"{service}_PORT_80_TCP_PORT": "80",
        f"{service}_PORT_80_TCP_ADDR": "10.0.0.11",
    }
    assert resolve({}, None, environ | {"DOCBEAM_COLOUR": "5", "DOCBEAM_VERSION": "1"}).options == Options()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[chunk", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        ("[chunk]\n".encode("utf-16"), "not UTF-8"),
        ("[chunk]\n".encode("utf-16-le"), "looks like UTF-16"),
        (None, "cannot read the options file"),
    ],
)
def test_unreadable_files(content, message):
    path = Path("odd.toml")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        resolve({}, path, {})


def test_byte_order_mark_of_a_file(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_bytes("[chunk]\r\nmax_tokens = 100\r\n".encode("utf-8-sig"))
    resolved = resolve({}, path, {})
    assert resolved.options.chunk.max_tokens == 100
    assert resolved.origins["chunk.max_tokens"] == f"{path}:2"


@pytest.mark.parametrize(
    ("text", "count"),
    [("512MB", 512_000_000), ("2GiB", 2 << 30), ("1.5 kib", 1536), ("7", 7), ("3G", 3 * 10**9), ("1TiB", 1 << 40)],
)
def test_sizes(text, count):
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "GiB", "2 iB", "-1MB", "1 MB 2", "1e3"])
def test_no_sizes(text):
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@given(st.integers(0, 1 << 50))
def test_formatted_sizes_parse_to_the_same_number(count):
    assert parse_size(format_size(count)) == count


def test_every_option_has_its_own_flag_and_variable():
    assert len({flag_name(path) for path in keys()}) == len(keys())
    assert len({key.variable for key in keys().values()}) == len(keys())
    assert flag_name("chunk.include_types") == "--include-type"


def test_rows_show_values_of_all_keys():
    rows = {key: (value, origin) for key, value, origin in as_rows(resolve({"write.output": "out"}, None, {}))}
    assert rows["write.output"] == ("out", "--output")
    assert len(rows) == len(keys())
