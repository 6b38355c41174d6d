"""A real `dagster dev`: its daemon, code server and runs are killed one by one, and it is started again."""

import os
import re
import shutil
import signal
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from jira_assets.defs.jira.jobs import apply_events
from jira_assets.defs.jira.run_requests import MONTH_TAG
from webhook_soak.victims import REPOSITORY, Circumstances, Victim, free_port

_CONFIGURATION = ("dagster.yaml", "workspace.yaml")
# How the processes that `dagster dev` starts are told apart; a run is a child of the code server's.
_PARTS = {
    "daemon": re.compile(r" -m dagster\._daemon run "),
    "code server": re.compile(r" -m dagster api grpc "),
    "run": re.compile(r"spawn_main\("),
}
# Runs come and go, and nothing has to be started again when one is killed.
_SHARES = {"run": 8, "daemon": 1, "code server": 1}
_NEEDED = {"daemon", "code server"}
_FIRST_KILL_AFTER = (10.0, 25.0)  # seconds
_KILL_EVERY = (2.0, 12.0)  # seconds
_LOOK_EVERY_SECONDS = 1.0
# `dagster dev` ends when its daemon does, but not when its code server does: then we start it again.
_STARTS_WITHIN_SECONDS = 60.0
_BEARS_SECONDS = 10.0


class Dagster(Victim):
    """Web server, daemon, code server and runs, with their history in a folder of their own."""

    def __init__(self, circumstances: Circumstances) -> None:
        super().__init__("dagster", circumstances)
        for name in _CONFIGURATION:
            shutil.copy(REPOSITORY / name, self.folder)
        self.environment = {**self.environment, "DAGSTER_HOME": str(self.folder)}

    def unfinished(self) -> set[str]:
        with DagsterInstance.from_config(str(self.folder)) as instance:
            runs = instance.get_runs(RunsFilter(job_name=apply_events.name))
        last = {run.tags[MONTH_TAG]: run.status for run in reversed(runs)}
        return {month for month, status in last.items() if status is not DagsterRunStatus.SUCCESS}

    def live(self) -> None:
        process = self.spawn(["dagster", "dev", "--port", str(free_port())], self.folder / "dagster.log")
        try:
            self._attend(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _attend(self, process: "subprocess.Popen[bytes]") -> None:
        """Kills its parts now and then, until it has ended, or lacks one for too long."""
        began = monotonic()
        give_up_at = began + _STARTS_WITHIN_SECONDS
        kill_at = began + self.rng.uniform(*_FIRST_KILL_AFTER)
        while process.poll() is None and not self.time.over.wait(_LOOK_EVERY_SECONDS):
            now, parts = monotonic(), _parts(process.pid)
            if parts.keys() >= _NEEDED:
                give_up_at = now + _BEARS_SECONDS
            elif now > give_up_at:
                return
            if now >= kill_at and not self.time.calm.is_set() and self._kill(parts):
                kill_at = now + self.rng.uniform(*_KILL_EVERY)

    def _kill(self, parts: Mapping[str, list[int]]) -> bool:
        """Kills one of its processes, or fills its disk. False if there is none of the kind aimed at."""
        (aim,) = self.rng.choices(list(_SHARES), list(_SHARES.values()))
        if aim not in parts:
            return False
        process = self.rng.choice(parts[aim])
        if aim == "run" and self.suffer(process):
            return True
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            self.ledger.killed(aim)
        return True


def _parts(group: int) -> dict[str, list[int]]:
    """The processes of a process group, by what they are."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,args="],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[int]] = defaultdict(list)
    for line in listed.stdout.splitlines():
        process, its_group, arguments = line.split(maxsplit=2)
        for part, pattern in _PARTS.items():
            if int(its_group) == group and pattern.search(arguments):
                found[part].append(int(process))
    return found
