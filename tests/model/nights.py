"""Random nights over a world, and whatever else is done to an output."""

import signal
from datetime import timedelta

from faults import killed_at_commit, stopped_at_document
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from model import Clock, Model
from world import BAD_ANSWERS, GONE, World

LOCAL, SERVED = st.sampled_from(World.LOCAL), st.sampled_from(World.SERVED)
NO_ANSWER = st.just(0)
#: (what happens, to which source, what a server answers from now on)
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["write", "write", "vanish", "touch"]), LOCAL, NO_ANSWER),
    st.tuples(st.just("break"), st.just("in/d.pdf"), NO_ANSWER),
    st.tuples(st.just("serve"), SERVED, NO_ANSWER),
    st.tuples(st.just("answer"), SERVED, st.sampled_from(BAD_ANSWERS)),
    st.tuples(st.just("answer"), SERVED, st.sampled_from([GONE, 200, 200])),
)


class Nights(Model):
    """What happens."""

    @initialize(kind=st.sampled_from(["delta", "delta", "delta", "parquet"]))
    def first_night(self, kind: str) -> None:
        self.format = kind
        code, _ = self._ingest("--format", kind)
        assert code in (0, 1)
        self._complete()

    # The world changes.

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=4))
    def sources_change(self, changes: list[tuple[str, str, int | str]]) -> None:
        for kind, name, answer in changes:
            self._change(kind, name, answer)

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=4), hours=st.sampled_from([-30, -1, 1, 30]))
    def sources_and_the_clock_change(self, changes: list[tuple[str, str, int | str]], hours: int) -> None:
        self.sources_change(changes)
        Clock.ahead += timedelta(hours=hours)
        self._count("clock")

    @rule(away=st.booleans())
    def a_disk_goes_or_comes_back(self, away: bool) -> None:
        if away != self.world.is_away:
            self.world.leave() if away else self.world.come_back()
            self._count("disk")

    @rule(tokens=st.sampled_from([16, 64]))
    def an_option_changes(self, tokens: int) -> None:
        self.tokens = tokens
        self._count("option")

    @rule(name=st.sampled_from(["mine.txt", "part-1.parquet", "notes/part-2.parquet", "documents.md"]))
    def somebody_puts_a_file_into_the_output(self, name: str) -> None:
        self._foreign(self.output / name)
        self._count("foreign")

    # Something is done to the output.

    @rule()
    def a_night(self) -> None:
        plan = self._plan() if not self.pending else None
        code, report = self._ingest()
        self._complete()
        self._check_report(code, report)
        if plan:
            self._check_plan(plan, report)
        self._count("night")

    @rule(changes=st.lists(CHANGES, max_size=3))
    def a_night_after_changes(self, changes: list[tuple[str, str, int | str]]) -> None:
        for kind, name, answer in changes:
            self._change(kind, name, answer)
        self.a_night()

    @rule(count=st.integers(0, 6), number=st.sampled_from([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
    def a_night_is_stopped(self, count: int, number: int) -> None:
        with stopped_at_document(count, number) as fault:
            code, _ = self._ingest()
        if not fault.came:
            self._complete()
        elif number == signal.SIGKILL:
            self._died()
        else:
            assert code == 128 + number, code
            self._become({uri: self._may_be(uri) | self._may_become(uri) for uri in self._uris()})
            self._remember()
        self._count("stop")

    @precondition(lambda self: self.format == "delta")
    @rule(step=st.integers(0, 8))
    def a_night_dies_at_its_commit(self, step: int) -> None:
        with killed_at_commit(step) as fault:
            self._ingest()
        self._died() if fault.came else self._complete()
        self._count("die")

    @rule()
    def failures_are_retried(self) -> None:
        failed = {uri for uri, row in self.rows.items() if row and row[0] != "ok"}
        code, _ = self._run("retry", "-o", self.output, *self._options())
        assert code in (0, 1), code
        may = {uri: self._may_be(uri) | self._may_become(uri, retried=uri in failed) for uri in self._uris()}
        # Where nothing failed there was no run.
        self._become(may, settled=bool(failed))
        for uri in failed & self.rows.keys() - {str(self.root / "other")}:
            says = self.world.says(uri)
            if isinstance(says, int) and says not in (*BAD_ANSWERS, GONE):
                assert self.rows[uri] == ("ok", says), uri
        self._remember()
        self._count("retry")

    @rule(days=st.sampled_from([0, 7]), command=st.sampled_from(["vacuum", "compact"]))
    def files_are_tidied(self, days: int, command: str) -> None:
        code, _ = self._run(command, self.output, *(("--keep-days", days) if command == "vacuum" else ()))
        assert code == (0 if self.format == "delta" else 2), code
        if code == 0:
            self._become({uri: self._may_be(uri) for uri in self._uris()})
            if command == "vacuum":
                self.history = {}
            self._remember()
        self._count(command)

    @rule(name=st.sampled_from(["in/sub", "other", "in/a.md", "p.md"]))
    def documents_are_forgotten(self, name: str) -> None:
        prefix = self.world.url(name) if name in World.SERVED else str(self.world.path(name))
        code, _ = self._run("forget", self.output, prefix)
        assert code == 0, self.said
        gone = {uri for uri in self._uris() if uri == prefix or uri.startswith(prefix + "/")}
        self._become({uri: {None} if uri in gone else self._may_be(uri) for uri in self._uris()})
        self._remember()
        self._count("forget")

    @precondition(lambda self: self.history)
    @rule(choice=st.integers(0, 99))
    def an_earlier_run_is_restored(self, choice: int) -> None:
        run = sorted(self.history)[choice % len(self.history)]
        code, _ = self._run("restore", self.output, run)
        assert code == 0, code
        self._become({uri: {self.history[run].get(uri)} for uri in {*self._uris(), *self.history[run]}})
        self._remember()
        self._count("restore")

    @rule(other=st.sampled_from(["delta", "parquet", "arrow", "avro"]))
    def another_format_is_asked_for(self, other: str) -> None:
        if other != self.format:
            code, _ = self._ingest("--format", other)
            assert code == 2, code
            self._become({uri: {self.rows.get(uri)} for uri in self._uris()}, settled=False)
            self._count("format")

    @rule(name=st.sampled_from(["documents/mine.parquet", "chunks/notes.txt", "runs/sub/mine.parquet"]))
    def a_file_lies_among_the_tables_for_a_night(self, name: str) -> None:
        path = self.output / name
        self._foreign(path)
        code, _ = self._ingest()
        vacuumed, _ = self._run("vacuum", self.output, "--keep-days", 0)
        self.nothing_foreign_was_touched()
        path.unlink()
        if path.parent.parent != self.output:
            path.parent.rmdir()
        del self.foreign[path]
        assert code == 2, code
        if vacuumed == 0:
            self.history = {}
            self._become({uri: self._may_be(uri) for uri in self._uris()})
            self._remember()
        self._count("among")
