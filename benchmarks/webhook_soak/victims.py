"""The receiver and the workers: processes that are killed and started again until the storm is over."""

import multiprocessing
import random
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from time import monotonic

from jira_assets.inbox.receiver.server import listen
from jira_assets.settings import Settings
from webhook_soak.ledger import Ledger, Time
from webhook_soak.unfinished import Unfinished
from webhook_soak.worker import RECEIVING, STAGES, STARTING, work

REPOSITORY = Path(__file__).resolve().parents[2]
CAN_FILL_DISKS = hasattr(resource, "prlimit")

_RECEIVER_LIVES = (1.5, 6.0)  # seconds
_WORKER_WAITS = (0.2, 2.5)  # seconds until it is killed wherever it is, if the stage aimed at does not come
_FIRST_WITHIN = 20  # seconds; as long as nobody was killed in that stage
_STARTS_WITHIN = 60  # seconds
_FULL_SECONDS = (0.2, 1.0)
_FULL_SHARE = 0.3  # of all lives
# Bytes from which on files cannot be written: as on a full disk, what is there may still be overwritten.
_LIMITS = (0, 100, 4_000, 20_000, 300_000)
_LINES_SHOWN = 10

# A process with threads, as this one, cannot be forked; a server that has only imported things can.
_processes = multiprocessing.get_context("forkserver")
# The definitions are for the other soak: in the test suite they share the server.
_processes.set_forkserver_preload(["webhook_soak.worker", "jira_assets.definitions"])


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with listen("127.0.0.1", 0) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def full_disk(process: int, limit: int) -> Iterator[None]:
    """A process cannot write beyond so many bytes of a file until the block ends."""
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


@dataclass(frozen=True)
class Circumstances:
    """What all victims of a soak share. ``environment`` leads processes to the ``settings``."""

    folder: Path
    settings: Settings
    environment: Mapping[str, str]
    seed: int
    ledger: Ledger
    time: Time


class Victim(Thread):
    """Lives, is killed, and lives again, until it is left alone when it is calm, and ends when it is over."""

    def __init__(self, name: str, circumstances: Circumstances) -> None:
        super().__init__(name=name, daemon=True)
        self.folder = circumstances.folder
        self.settings = circumstances.settings
        self.environment = circumstances.environment
        self.rng = random.Random(f"{circumstances.seed}:{name}")
        self.ledger = circumstances.ledger
        self.time = circumstances.time

    def run(self) -> None:
        while not self.time.over.is_set():
            self.live()

    def live(self) -> None:
        """One life."""
        raise NotImplementedError

    def unfinished(self) -> set[str]:
        """Runs that have begun and not succeeded."""
        return set()

    def suffer(self, process: int) -> bool:
        """Maybe the disk is full for a while, for this process. Whether it was."""
        if not CAN_FILL_DISKS or self.rng.random() > _FULL_SHARE:
            return False
        with suppress(ProcessLookupError), full_disk(process, self.rng.choice(_LIMITS)):
            self.ledger.filled_disk(self.name)
            self.pass_time(self.rng.uniform(*_FULL_SECONDS))
        self.pass_time(self.rng.uniform(*_FULL_SECONDS))
        return True

    def spawn(self, command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
        """A process group in a folder without an `.env`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def pass_time(self, seconds: float) -> None:
        """Less if it becomes calm."""
        self.time.calm.wait(seconds)


class Receiver(Victim):
    """``jira-assets serve`` at a port."""

    def __init__(self, port: int, circumstances: Circumstances) -> None:
        super().__init__("receiver", circumstances)
        self._command = ["jira_assets.cli", "serve", "--port", str(port)]
        self._log = self.folder / "receiver.log"

    def live(self) -> None:
        process = self.spawn(self._command, self._log)
        try:
            self.pass_time(self.rng.uniform(*_RECEIVER_LIVES))
            self.suffer(process.pid)
            if self.time.calm.is_set():
                self.time.over.wait()
            if process.poll() is not None:
                self.ledger.problem(f"the receiver ended with {process.returncode}: {_tail(self._log)}")
            elif not self.time.calm.is_set():
                self.ledger.killed(RECEIVING)
        finally:
            process.kill()
            process.wait()


class Worker(Victim):
    """A process that does what sensor and runs do."""

    def __init__(self, number: int, circumstances: Circumstances) -> None:
        super().__init__(f"worker {number}", circumstances)
        self._unfinished = Unfinished(self.folder / "unfinished")
        self._stage = STARTING
        self._since = 0.0
        self._longest: dict[str, float] = defaultdict(float)

    def unfinished(self) -> set[str]:
        return self._unfinished.runs()

    def live(self) -> None:
        here, there = _processes.Pipe(duplex=False)
        self._stage = STARTING
        seed = str(self.rng.random())
        aim = self.ledger.least_hit(STAGES, self.rng)
        arguments = (self.settings, self._unfinished, seed, aim, there.send)
        process = _processes.Process(target=work, args=arguments, daemon=True)
        process.start()
        there.close()
        ended_by_itself = True
        try:
            self._listen(here, _STARTS_WITHIN, STAGES[0])
            first = not self.ledger.kills[aim]
            self._listen(here, _FIRST_WITHIN if first else self.rng.uniform(*_WORKER_WAITS), aim)
            self._listen(here, self.rng.uniform(0, self._longest[aim]))
            self.suffer(process.pid or 0)
            while self.time.calm.is_set() and not self.time.over.is_set():
                self._listen(here, 0.2)
            ended_by_itself = process.exitcode is not None
        finally:
            process.kill()
            self._listen(here, 60)
            process.join()
            here.close()
        if ended_by_itself:
            self.ledger.problem(f"{self.name} ended with {process.exitcode} during {self._stage}")
        elif not self.time.over.is_set():
            self.ledger.killed(self._stage)

    def _listen(
        self, here: "Connection[None, tuple[str, str]]", seconds: float, aim: str | None = None
    ) -> None:
        """What the process tells for so many seconds, or until it reaches a stage or is dead."""
        if aim is not None and self._stage == aim:
            return
        deadline = monotonic() + seconds
        with suppress(EOFError, OSError):
            while (left := deadline - monotonic()) > 0:
                if here.poll(left):
                    kind, text = here.recv()
                    self._hear(kind, text)
                    if self._stage == aim:
                        return

    def _hear(self, kind: str, text: str) -> None:
        if kind == "failed":
            self.ledger.failed(text)
            return
        now = monotonic()
        if self._stage in STAGES:
            self._longest[self._stage] = max(self._longest[self._stage], min(now - self._since, 1.0))
        self._stage, self._since = text, now


def _tail(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:])
