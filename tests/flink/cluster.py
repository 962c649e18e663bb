"""A standalone Flink cluster of this machine: JobManager, one TaskManager, one Beam worker pool."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from processes import Processes, free_port, wait_for

#: What Flink opens by itself when it is started by its scripts, which the Python distribution lacks (Java 17).
OPENS = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in (
        *("java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time"),
        *("java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks"),
    )
]
SETTINGS = """
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: localhost
jobmanager.memory.process.size: 1024m
taskmanager.bind-host: localhost
taskmanager.host: localhost
taskmanager.numberOfTaskSlots: {slots}
taskmanager.memory.process.size: 2200m
taskmanager.memory.network.min: 500m
taskmanager.memory.network.max: 500m
rest.address: localhost
rest.port: {rest}
rest.bind-address: localhost
heartbeat.timeout: 15000
heartbeat.interval: 3000
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 2 s
io.tmp.dirs: {folder}
"""
LOGGING = """
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = F
appender.file.name = F
appender.file.type = FILE
appender.file.fileName = ${sys:log.file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c{1} - %m%n
"""


class FlinkCluster:
    """Started when made; `processes` ends it."""

    def __init__(self, tools: Path, folder: Path, processes: Processes, slots: int = 2) -> None:
        self.tools, self.folder, self.processes, self.slots = tools, folder, processes, slots
        self.rest, self.pool = free_port(), free_port()
        self._settings = folder / "conf"
        self._settings.mkdir(parents=True)
        names = {"rpc": free_port(), "rest": self.rest, "slots": slots, "folder": folder / "tmp"}
        (self._settings / "config.yaml").write_text(SETTINGS.format(**names))
        (self._settings / "log4j.properties").write_text(LOGGING)
        self._start("jobmanager", ["-Xmx448m"], "entrypoint.StandaloneSessionClusterEntrypoint")
        self.start_task_manager()
        # The pool starts its workers as `python` from PATH.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        pool = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", f"--service_port={self.pool}"]
        processes.start("pool", pool, {"PATH": path})

    def start_task_manager(self) -> None:
        """The one TaskManager, or its successor; ready when its slots are."""
        memory, settings = self._task_manager_flags()
        self._start("taskmanager", memory, "taskexecutor.TaskManagerRunner", settings)
        wait_for("a TaskManager", lambda: self._overview().get("slots-total") == self.slots)

    def kill_task_manager(self) -> None:
        """`kill -9`."""
        self.processes.kill("taskmanager")

    def jobs(self) -> list[dict]:
        """Jobs with their states, in the order of their start."""
        return sorted(self._ask("/jobs/overview")["jobs"], key=lambda job: job["start-time"])

    def failures(self, job_id: str) -> list[str]:
        """What went wrong during a job, also when it recovered."""
        history = self._ask(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        return [entry["exceptionName"] for entry in history]

    def bytes_sent(self, job_id: str) -> int:
        """Bytes that a job's tasks sent each other."""
        return sum(vertex["metrics"]["write-bytes"] for vertex in self._ask(f"/jobs/{job_id}")["vertices"])

    def flags(self) -> list[str]:
        """What follows `--runner flink --`."""
        return [
            f"--flink_master=localhost:{self.rest}",
            f"--flink_job_server_jar={self.tools / 'job-server.jar'}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{self.pool}",
            # The job server is older than the SDK: see job-server.pom.xml.
            "--experiments=docbeam_version_skew",
        ]

    def _overview(self) -> dict:
        try:
            return self._ask("/overview")
        except OSError:
            return {}

    def _ask(self, path: str) -> dict:
        with urllib.request.urlopen(f"http://localhost:{self.rest}{path}", timeout=10) as answer:
            return json.load(answer)

    def _java(self, flags: list[str]) -> list[object]:
        jars = ":".join(str(jar) for jar in sorted((self.tools / "flink/pyflink/lib").glob("*.jar")))
        return ["java", *OPENS, *flags, "-cp", jars]

    def _start(self, name: str, flags: list[str], entry: str, settings: list[str] | None = None) -> None:
        log = [f"-Dlog.file={self.processes.logs}/{name}.log"]
        log += [f"-Dlog4j.configurationFile=file:{self._settings}/log4j.properties"]
        main = f"org.apache.flink.runtime.{entry}"
        command = [*self._java([*flags, *log]), main, "--configDir", self._settings, *(settings or [])]
        self.processes.start(name, command)

    def _task_manager_flags(self) -> tuple[list[str], list[str]]:
        """Flags for Java and for the TaskManager that the memory settings mean, from Flink's own helper."""
        helper = self.tools / "flink/pyflink/bin/bash-java-utils.jar"
        command = self._java(["-Dlog4j.configurationFile=file:/dev/null"])
        command[-1] = f"{helper}:{command[-1]}"
        command += ["org.apache.flink.runtime.util.bash.BashJavaUtils", "GET_TM_RESOURCE_PARAMS"]
        done = subprocess.run(
            [*map(str, command), "--configDir", str(self._settings)], capture_output=True, text=True, check=True
        )
        mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
        memory, settings = (line[len(mark) :].split() for line in done.stdout.splitlines() if line.startswith(mark))
        return memory, settings
