"""Commands through Typer's runner; the graph itself is replaced where only the command is at stake."""

import logging
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

import beam_pipeline.jobs.local_run
from beam_pipeline.cli.app import app
from beam_pipeline.cli.commands.ingest import set_log_level
from beam_pipeline.cli.flags import split_args
from schemas.failures import ConfigurationError, OutputError
from schemas.report import FailureReason, Progress, RunReport

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "a.md").write_text("# Title\n\nWords.\n")
    (tmp_path / "in" / "sub" / "b.pdf").write_text("<html><body>no PDF</body></html>")


def docbeam(*args: str, **kwargs):
    return RUNNER.invoke(app, list(args), **kwargs)


@pytest.fixture
def runs(monkeypatch):
    """Calls of the graph; `outcome` is what they return or raise."""
    calls: list[tuple[object, ...]] = []

    class Fake:
        outcome: RunReport | BaseException = RunReport(run_id="r", output="/out", format="delta", statuses={"ok": 2})
        seen = calls

    def run(options, pipeline_args=(), observer=None, refs=(), about=None):
        calls.append((options, list(pipeline_args), list(refs)))
        if observer:
            observer.on_progress(Progress(documents=1, elapsed=6.0))
        if isinstance(Fake.outcome, BaseException):
            raise Fake.outcome
        return Fake.outcome

    monkeypatch.setattr(beam_pipeline.jobs.local_run, "run", run)
    return Fake


def test_ingest_passes_options_and_beam_arguments(runs):
    result = docbeam(
        *(
            "ingest",
            "in",
            "in/a.md",
            "-o",
            "out",
            "--memory-limit",
            "512MB",
            "--include-type",
            "hidden",
            "--exclude",
            "*.tmp",
        ),
        *("--workers", "3", "--", "--direct_num_workers", "2"),
    )
    assert result.exit_code == 0, result.output
    ((options, beam, refs),) = runs.seen
    assert options.source.inputs == ("in", "in/a.md")
    assert options.source.exclude == ("*.tmp",)
    assert options.write.output == str(Path.cwd() / "out")
    assert options.extract.memory_limit == 512_000_000
    assert options.extract.workers == 3
    assert options.chunk.include_types == ("hidden",)
    assert beam == ["--direct_num_workers", "2"]
    assert refs == []


def test_documents_listed_on_stdin_reach_the_graph(runs, tmp_path):
    assert docbeam("ingest", "-", "-o", "out", input="in/a.md\n# comment\ngs://b/c.pdf\n").exit_code == 0
    ((_, _, refs),) = runs.seen
    assert [ref.uri for ref in refs] == [str(tmp_path / "in" / "a.md"), "gs://b/c.pdf"]


def test_ingest_tells_the_start_on_stderr_and_the_report_on_stdout(runs):
    result = docbeam("ingest", "in", "-o", "out")
    assert "documents  2: 2 ok" in result.stdout
    assert f"in -> {Path.cwd() / 'out'} (delta)" in result.stderr
    assert "pymupdf" in result.stderr
    assert "1 documents" in result.stderr


def test_json_is_all_there_is_on_stdout_and_quiet_silences_stderr(runs):
    result = docbeam("ingest", "in", "-o", "out", "--json", "--quiet")
    assert msgspec.json.decode(result.stdout)["documents"] == 2
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("failed", "flags", "code"),
    [
        (0, (), 0),
        (5, (), 0),
        (6, (), 1),
        (1, ("--max-failure-ratio", "0"), 1),
        (100, ("--max-failure-ratio", "1"), 0),
    ],
)
def test_share_of_failures_decides_the_exit_code(runs, failed, flags, code):
    reasons = (FailureReason(category="corrupt", count=failed, example_uri="u", hint="replace it"),)
    statuses = {"ok": 100 - failed, "failed": failed}
    runs.outcome = RunReport(run_id="r", output="/o", format="delta", statuses=statuses, failures=reasons)
    result = docbeam("ingest", "in", "-o", "out", *flags)
    assert result.exit_code == code
    assert ("of the documents failed" in result.stderr) == (code == 1)
    assert "replace it" in result.stdout


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigurationError("no bucket"), 2, "docbeam: error: no bucket"),
        (OutputError("disk full"), 3, "docbeam: error: disk full"),
        (KeyboardInterrupt(), 130, "docbeam: interrupted: nothing was committed"),
        (RuntimeError("odd"), 3, "docbeam: internal error: RuntimeError: odd"),
    ],
)
def test_errors_of_the_graph(runs, error, code, message):
    runs.outcome = error
    result = docbeam("ingest", "in", "-o", "out", "--json")
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert "Traceback" in docbeam("ingest", "in", "-o", "out", "--verbose").stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "nothing to ingest"),
        (("nowhere",), "no such file or folder: nowhere"),
        (("in", "nowhere", "--require-inputs"), "no such file or folder: nowhere"),
        (("in", "--max-tokens", "many"), "--max-tokens"),
        (("in", "--strategy", "odd"), "'odd' is not one of structure"),
        (("in", "--no-such-flag"), "--no-such-flag"),
        (("in", "--config", "none.toml"), "none.toml"),
        (("in", "--memory-limit", "2 bananas"), "is not a size"),
    ],
)
def test_wrong_usage(runs, args, message):
    result = docbeam("ingest", *args, "-o", "out")
    assert result.exit_code == 2
    assert message in result.stderr
    assert runs.seen == []


def test_arguments_after_two_dashes():
    assert split_args(["a", "--", "b", "--", "c"]) == (["a"], ["b", "--", "c"])


def test_flags_that_only_some_readers_would_obey_are_refused(runs):
    done = docbeam("ingest", "in", "-o", "out", "--", "--s3_endpoint_url=http://store")
    assert done.exit_code == 2 and "AWS_ENDPOINT_URL" in done.output
    assert not runs.seen
    assert split_args(["a"]) == (["a"], [])


def test_dry_run_lists_and_counts(runs):
    result = docbeam("ingest", "in", "in/a.md", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.rpartition("/")[2] for line in lines[:2]] == ["a.md", "b.pdf"]
    assert lines[2] == "2 documents, 48 bytes"
    assert {line.split()[1] for line in lines[3:]} == {"text/markdown", "application/pdf"}
    assert runs.seen == []


def test_dry_run_as_json_with_filters_and_stdin(tmp_path):
    (tmp_path / "list.txt").write_text("in/a.md\n")
    args = ("ingest", "-", "--manifest", "list.txt", "--exclude", "*.pdf", "--dry-run", "--json")
    result = docbeam(*args, input="in/a.md\nin/sub/b.pdf\nother\n")
    fields = msgspec.json.decode(result.stdout)
    assert fields["documents"] == 2
    assert fields["types"] == {"text/markdown": 1, "unknown": 1}
    assert [item["uri"] for item in fields["sources"]] == [str(tmp_path / "in" / "a.md"), str(tmp_path / "other")]


def test_dry_run_of_nothing_is_wrong_usage():
    result = docbeam("ingest", "nowhere", "--dry-run")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


def test_detect_tells_what_bytes_say():
    result = docbeam("detect", "in/a.md", "in/sub/b.pdf", "none", "--json")
    assert result.exit_code == 1
    markdown, fake, missing = msgspec.json.decode(result.stdout)
    assert (markdown["media_type"], markdown["type_mismatch"]) == ("text/markdown", False)
    assert (fake["media_type"], fake["declared_type"], fake["type_mismatch"]) == ("text/html", "application/pdf", True)
    assert missing["error"] == "No such file or directory"
    text = docbeam("detect", "in/sub/b.pdf")
    assert text.stdout == "in/sub/b.pdf: text/html (the name claims application/pdf)\n"
    assert text.exit_code == 0
    assert "none: cannot read it" in docbeam("detect", "none").stderr


def test_config_show_tells_where_values_come_from(tmp_path):
    (tmp_path / "night.toml").write_text("[extract]\nmemory_limit = '1GiB'\n")
    args = ("config", "show", "--config", "night.toml", "--max-tokens", "99")
    environ = {"DOCBEAM_SOURCE_EXCLUDE": "*.a,*.b"}
    shown = msgspec.json.decode(docbeam(*args, "--json", env=environ).stdout)
    assert shown["extract.memory_limit"] == {"value": 1 << 30, "origin": "night.toml:2"}
    assert shown["chunk.max_tokens"] == {"value": 99, "origin": "--max-tokens"}
    assert shown["source.exclude"] == {"value": ["*.a", "*.b"], "origin": "environment DOCBEAM_SOURCE_EXCLUDE"}
    assert shown["write.format"] == {"value": "delta", "origin": "default"}
    rows = {line.split()[0]: line.split()[1:] for line in docbeam(*args, env=environ).stdout.splitlines()}
    assert rows["extract.memory_limit"] == ["1GiB", "night.toml:2"]
    assert rows["source.exclude"][:2] == ["*.a,", "*.b"]


def test_config_check(tmp_path):
    (tmp_path / "good.toml").write_text("[chunk]\nmax_tokens = 9\n")
    (tmp_path / "bad.toml").write_text("[chunk]\nmax_token = 9\n")
    assert docbeam("config", "check", "good.toml").stdout == "good.toml: no problems\n"
    bad = docbeam("config", "check", "bad.toml")
    assert bad.exit_code == 2
    assert "bad.toml:2: no option chunk.max_token; did you mean chunk.max_tokens?" in bad.stderr


def test_version():
    found = msgspec.json.decode(docbeam("version", "--json").stdout)
    assert {"docbeam", "python", "pymupdf", "apache-beam"} <= set(found)
    assert f"pymupdf          {found['pymupdf']}\n" in docbeam("version").stdout


@pytest.mark.parametrize("name", ["ingest", "inspect", "export", "query", "detect", "version"])
def test_help_has_examples(name):
    result = docbeam(name, "--help", env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert result.stdout.count(f"docbeam {name}") >= 3
    # Flags that take no value show none; --help is Typer's own.
    assert not [line for line in result.stdout.splitlines() if "<bool>" in line and "--help" not in line]


def test_what_beam_tries_again_is_told_on_one_line(caplog):
    logger = logging.getLogger("apache_beam.utils.retry")
    before = list(logger.filters)
    set_log_level(quiet=False, verbose=False)
    try:
        logger.addHandler(caplog.handler)
        text = "trying %s again because of %s \n Traceback for above exception:\n%s"
        logger.warning(text, "list", "no answer", "frames")
        assert caplog.messages == ["trying list again because of no answer"]
    finally:
        logger.removeHandler(caplog.handler)
        logger.filters = before
