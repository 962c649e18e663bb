"""What an output may say after whatever was done to it, and what always holds."""

import functools
import json
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant
from pipeline_runs import check_chunks, check_pages, check_sources
from typer.main import get_command
from typer.testing import CliRunner
from world import BAD_ANSWERS, BROKEN, GONE, Site, World, version_in

from beam_pipeline.cli.app import app
from transforms.lake.snapshot import read_runs, snapshot

TABLES = ("documents", "pages", "elements", "chunks", "failures")
#: What the output says of a document: its status, and the version that its chunks are of.
Row = tuple[str, int | None] | None


class Clock:
    """What the product takes for the time."""

    ahead = timedelta()

    @classmethod
    def patched(cls) -> type[datetime]:
        class Shifted(datetime):
            @classmethod
            def now(shifted, tz=None):
                return datetime.now(tz) + cls.ahead

        return Shifted


class Model(RuleBasedStateMachine):
    """A world, an output, and what the output may say."""

    #: One server for all worlds.
    site: Site
    #: Steps that were taken, over all worlds, by name.
    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="nights-"))
        self.output = self.root / "out"
        self.world = World(self.root, self.site)
        self.rows: dict[str, Row] = {}
        #: What a killed run may have finished: the next one takes it over.
        self.pending: dict[str, set[Row]] = {}
        #: What the output said after each run that can be restored.
        self.history: dict[str, dict[str, Row]] = {}
        self.foreign: dict[Path, tuple[bytes, int]] = {}
        self.tables: dict[str, list[dict]] | None = None
        self.tokens, self.format, self.clean = 64, "delta", True
        Clock.ahead = timedelta()

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    # What always holds.

    @invariant()
    def nothing_foreign_was_touched(self) -> None:
        for path, (data, moment) in self.foreign.items():
            assert (path.read_bytes(), path.stat().st_mtime_ns) == (data, moment), path

    @invariant()
    def readers_see_whole_documents(self) -> None:
        if self.clean:
            return
        self.clean = True
        tables = self._tables()
        ids = {row["doc_id"] for row in tables["documents"]}
        uris = [row["uri"] for row in tables["documents"]]
        assert len(set(uris)) == len(uris) == len(ids)
        for document in tables["documents"]:
            own = {name: [row for row in tables[name] if row["doc_id"] == document["doc_id"]] for name in TABLES}
            for name in ("pages", "elements", "chunks", "failures"):
                assert document[name] == len(own[name]), (document["uri"], name)
            assert (document["status"] == "ok") == (not own["failures"]), document["uri"]
            check_pages(own["pages"], document)
            check_chunks(own["chunks"], document)
            check_sources(own["chunks"], own["elements"])
        assert all({row["doc_id"] for row in tables[name]} <= ids for name in TABLES)

    # Means.

    def _change(self, kind: str, name: str, answer: int | str) -> None:
        """One change of a source; nothing happens where it makes no sense."""
        path = self.world.path(name)
        if self.world.is_away and name.startswith("other"):
            return
        if kind in ("vanish", "touch") and not path.exists():
            return
        {
            "write": self.world.write,
            "vanish": self.world.vanish,
            "touch": self.world.touch,
            "break": lambda name: self.world.write(name, broken=True),
            "serve": self.world.serve,
            "answer": lambda name: self.world.answer(name, answer),
        }[kind](name)
        self._count(kind)

    def _options(self) -> tuple[object, ...]:
        tables = ("--layout", "never", "--ocr", "never", "--max-tokens", self.tokens)
        return (*tables, "--workers", 1, "--quiet", "--json")

    def _ingest(self, *more: object) -> tuple[int, dict]:
        return self._run("ingest", *self.world.inputs, "-o", self.output, *self._options(), "--max-removed", 1, *more)

    def _plan(self) -> dict:
        flags = [word for word in self._options() if word != "--quiet"]
        code, plan = self._run("plan", *self.world.inputs, "-o", self.output, *flags, "--max-removed", 1)
        assert code == 0
        return plan

    def _run(self, *args: object) -> tuple[int, dict]:
        result = CliRunner().invoke(app, [*map(str, args)])
        self.clean, self.said, self.tables = False, result.output, None
        text = result.stdout.strip()
        return result.exit_code, json.loads(text) if text.startswith("{") else {}

    def _tables(self) -> dict[str, list[dict]]:
        """What readers see; only commands change it."""
        self.tables = self.tables or self._read()
        return self.tables

    def _read(self) -> dict[str, list[dict]]:
        state = snapshot(str(self.output))
        found = {name: state.open(name).to_table().to_pylist() for name in TABLES}
        for name, key in (("pages", "page"), ("elements", "index"), ("chunks", "index")):
            found[name].sort(key=lambda row, key=key: row[key])
        return found

    def _seen(self) -> dict[str, Row]:
        tables, said = self._tables(), {}
        for row in tables["documents"]:
            text = " ".join(chunk["text"] for chunk in tables["chunks"] if chunk["doc_id"] == row["doc_id"])
            said[row["uri"]] = (row["status"], version_in(text))
        return said

    def _uris(self) -> set[str]:
        here = {*self.world.present(), *map(self.world.url, World.SERVED), str(self.root / "other")}
        return here | self.rows.keys() | self.pending.keys()

    def _may_be(self, uri: str) -> set[Row]:
        return {self.rows.get(uri)} | self.pending.get(uri, set())

    def _may_become(self, uri: str, *, retried: bool = True) -> set[Row]:
        return {self._becomes(uri, row) for row in self._may_be(uri)} if retried else set()

    def _becomes(self, uri: str, row: Row) -> Row:
        """What a run to the end makes of a document."""
        if uri == str(self.root / "other"):
            return ("failed", None) if self.world.is_away else None
        if self.world.is_away and uri.startswith(str(self.root / "other")):
            return row
        says = self.world.says(uri)
        if says is None:
            return None
        if says == GONE:
            return ("failed", None)
        if says == BROKEN or says in BAD_ANSWERS:
            good = row[1] if row and row[0] in ("ok", "stale") else None
            return ("stale", good) if good is not None else ("failed", None)
        return ("ok", says)

    def _complete(self) -> None:
        self._become({uri: self._may_become(uri) for uri in self._uris()})
        self._remember()

    def _died(self) -> None:
        """Readers see what was there, or all of it when it died after its last commit."""
        may = {uri: self._may_become(uri) for uri in self._uris()}
        self._become({uri: {self.rows.get(uri)} | self._may_be(uri) | may[uri] for uri in may}, settled=False)
        self.pending = {uri: self._may_be(uri) | rows for uri, rows in may.items()}

    def _become(self, may: dict[str, set[Row]], *, settled: bool = True) -> None:
        seen = self._seen()
        said = {uri: (seen.get(uri), may.get(uri, {None})) for uri in {*seen, *may}}
        wrong = {uri: told for uri, told in said.items() if told[0] not in told[1]}
        why = [(row["uri"], row["message"]) for row in self._tables()["failures"]] if wrong else []
        assert not wrong, (wrong, why, self.said)
        self.rows = seen
        if settled:
            self.pending = {}

    def _remember(self) -> None:
        if self.format == "delta":
            newest = [record for record in read_runs(str(self.output)) if record.table_versions]
            known = {record.run_id for record in newest} - self.history.keys()
            for run in known if len(known) == 1 else ():
                self.history[run] = dict(self.rows)

    def _count(self, name: str) -> None:
        type(self).steps[name] += 1

    def _foreign(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not docbeam's")
        self.foreign[path] = (path.read_bytes(), path.stat().st_mtime_ns)

    def _check_report(self, code: int, report: dict) -> None:
        held = Counter(row[0] for row in self.rows.values() if row)
        assert {name: count for name, count in report["held"].items() if count} == held
        away = str(self.root / "other") + "/"
        listed = Counter(row[0] for uri, row in self.rows.items() if row and not uri.startswith(away))
        if not self.world.is_away:
            listed = held
        bad = listed["failed"] + listed["stale"]
        assert code == (bad / sum(listed.values()) > 0.05), (code, listed, report)
        told = {name: count for name, count in report["statuses"].items() if name not in ("ok", "unchanged")}
        assert told == {name: count for name, count in listed.items() if name != "ok"}, (listed, report)
        failures = sum(row["failures"] for row in self._tables()["documents"])
        assert sum(reason["count"] for reason in report["failures"]) == failures

    def _check_plan(self, plan: dict, report: dict) -> None:
        (record,) = [record for record in read_runs(str(self.output)) if record.run_id == report["run_id"]]
        planned = {name.removeprefix("planned_"): n for name, n in record.counts.items() if name.startswith("planned_")}
        assert planned == plan["counts"], (planned, plan)
        work = {uri for action, uris in plan["documents"].items() if action != "removed" for uri in uris}
        made = {row["uri"] for row in self._tables()["documents"] if row["run_id"] == report["run_id"]}
        assert made <= work, made - work
        assert not {*plan["documents"]["removed"]} & {uri for uri, row in self.rows.items() if row}


def patches() -> ExitStack:
    """The way without the graph for any night, a clock of ours, and no patience with servers."""
    stack = ExitStack()
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr("beam_pipeline.jobs.threads.SHARE", 1.0)
    # It builds the whole command line anew for every command.
    patch.setattr("typer.testing._get_command", functools.cache(get_command))
    for module in ("beam_pipeline.facts", "transforms.lake.log.ledger", "transforms.write.maintain"):
        patch.setattr(f"{module}.datetime", Clock.patched())
    patch.setenv("DOCBEAM_FETCH_RETRIES", "0")
    return stack
