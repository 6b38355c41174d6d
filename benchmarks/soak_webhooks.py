"""Sends signed events of a busy site while everything that handles them is killed, and looks what is lost.

A sandbox lives in this process. People work at it, and it delivers what they do as Jira does: at least once,
in no particular order, again when it was refused. Meanwhile the receiver and those who empty inbox and queue
are sent SIGKILL at random, find their disk full, and get 429, 503 and broken answers from Jira.

Then all that stops. When nothing is left to do, the tables must be those of a backfill that starts from
nothing, every event must be in the archive once, and no file may be left behind.

By default workers do what Dagster's sensor and runs do, which can be killed hundreds of times. With --dagster
it is a real `dagster dev`, and its daemon, its code server and its runs are killed.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webhook_soak import verdict
from webhook_soak.dagster import Dagster
from webhook_soak.ledger import Ledger, Time
from webhook_soak.site import SECRET, BusySite, busy_site
from webhook_soak.victims import (
    CAN_FILL_DISKS,
    REPOSITORY,
    Circumstances,
    Receiver,
    Victim,
    Worker,
    free_port,
)
from webhook_soak.worker import RECEIVING, STAGES

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.queue import Queue
from jira_assets.inbox.receiver.app import WEBHOOK
from jira_assets.sandbox.server import RunningSandbox
from jira_assets.settings import VARIABLES, Settings

_WORKERS = 3
_REPORT_EVERY_SECONDS = 10
_SECONDS_TO_DELIVER = 120
Report = Callable[[str], None]


@dataclass(frozen=True)
class Form:
    """Who applies the events, how many there are of them and how fast, how soon all is done, and in which
    stages somebody has to be killed for the soak to be one.
    """

    appliers: Callable[[Circumstances], list[Victim]]
    events: int
    pace: float  # a second
    rests_within: float  # seconds
    stages: frozenset[str]


def main() -> int:
    arguments = _arguments()
    os.environ["PYTHONWARNINGS"] = "ignore"  # Dagster's, about what is beta
    _end_on_signals()
    seed = random.randrange(1_000_000) if arguments.seed is None else arguments.seed
    if not CAN_FILL_DISKS:
        print("no disk will be full: this system has no prlimit")
    form = DAGSTER if arguments.dagster else WORKERS
    events, pace = arguments.events or form.events, arguments.pace or form.pace
    print(f"seed {seed}, {events:,} events, {arguments.issues} issues")
    outcome = soak(form, events, pace, arguments.issues, seed, lambda line: print(line, flush=True))
    print("\n".join(outcome.problems) or "the tables are those of a backfill, and no event was lost")
    return 1 if outcome.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dagster", action="store_true", help="kill a real Dagster instead of workers without it"
    )
    parser.add_argument("--events", type=int, help="how many to send (10000, with --dagster 1000)")
    parser.add_argument("--pace", type=float, help="how many of them a second (60, with --dagster 8)")
    parser.add_argument("--issues", type=int, default=720, help="size of the site (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeat the choices of an earlier soak")
    return parser.parse_args()


def _workers(circumstances: Circumstances) -> list[Victim]:
    """Those who apply events, without Dagster."""
    return [Worker(number, circumstances) for number in range(1, _WORKERS + 1)]


def _dagster(circumstances: Circumstances) -> list[Victim]:
    """A Dagster that applies events."""
    return [Dagster(circumstances)]


WORKERS = Form(_workers, events=10_000, pace=60, rests_within=60, stages=frozenset({RECEIVING, *STAGES}))
DAGSTER = Form(_dagster, events=1_000, pace=8, rests_within=300, stages=frozenset({RECEIVING, "run"}))


def soak(form: Form, events: int, pace: float, issues: int, seed: int, report: Report) -> Ledger:
    """One storm and what is left after it. A seed gives the same events, and the same intentions to kill."""
    ledger, time = Ledger(), Time()
    base = Path(tempfile.mkdtemp(prefix="soak-"))
    port = free_port()
    try:
        with busy_site(issues, seed, f"http://127.0.0.1:{port}{WEBHOOK}") as busy:
            months = verdict.months_of(busy.site)
            values = _values(busy.sandbox, base / "data", months[0])
            settings = Settings(values)
            verdict.copy_whole(settings, months)
            around = Circumstances(base, settings, _environment(values), seed, ledger, time)
            victims = [Receiver(port, around), *form.appliers(around)]

            def is_enough() -> bool:
                return ledger.kills.keys() >= form.stages

            with busy.storm(events, pace, seed, time, is_enough), _alive(victims, time):
                _wait(busy, settings, victims, ledger, time, form.rests_within, report)
            report(_summary(busy, settings, ledger, time))
            for stage in sorted(form.stages - ledger.kills.keys()):
                ledger.problem(f"nobody was killed while {stage}")
            _judge(busy, settings, months, base, ledger)
    finally:
        shutil.rmtree(base)
    return ledger


def _values(sandbox: RunningSandbox, folder: Path, start: str) -> dict[str, str]:
    return {
        "JIRA_BASE_URL": sandbox.url,
        "JIRA_EMAIL": sandbox.account.email,
        "JIRA_API_TOKEN": sandbox.account.token,
        "JIRA_START_MONTH": start,
        "JIRA_DATA_DIR": str(folder),
        "JIRA_ATTACHMENTS": "metadata",  # a download that failed waits for the next run of its issue
        "JIRA_WEBHOOK_SECRET": SECRET,
    }


def _environment(values: Mapping[str, str]) -> dict[str, str]:
    """Ours, without the settings of whoever runs this."""
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**inherited, **values, "PYTHONPATH": str(REPOSITORY)}


@contextmanager
def _alive(victims: Sequence[Victim], time: Time) -> Iterator[None]:
    for victim in victims:
        victim.start()
    try:
        yield
    finally:
        time.end()
        for victim in victims:
            victim.join()


def _wait(
    busy: BusySite,
    settings: Settings,
    victims: Sequence[Victim],
    ledger: Ledger,
    time: Time,
    rests_within: float,
    report: Report,
) -> None:
    """Until the storm is over and nothing is left to do."""
    while not time.calm.wait(_REPORT_EVERY_SECONDS):
        report(_progress(busy, settings, ledger, time))
    if not busy.deliveries.drain(_SECONDS_TO_DELIVER):
        ledger.problem(f"{busy.deliveries.under_way} events could not be delivered")
    report(f"{_progress(busy, settings, ledger, time)}; it is calm now")

    def unfinished() -> set[str]:
        return {run for victim in victims for run in victim.unfinished()}

    left = verdict.wait_for_rest(settings, busy.site, unfinished, rests_within)
    if left:
        ledger.problem(f"after {rests_within:.0f} quiet seconds are left: {', '.join(left)}")


def _progress(busy: BusySite, settings: Settings, ledger: Ledger, time: Time) -> str:
    counts, queue = busy.deliveries.statistics, Queue(settings.queue_dir)
    queued = sum(len(queue.names(month)) for month in queue.months())
    return (
        f"{time.seconds:5.0f} s  {counts.sent:,} events, {counts.delivered:,} delivered; "
        f"{Inbox(settings.inbox_dir).backlog().count} in the inbox, {queued} in the queue; "
        f"{ledger.kills.total()} kills"
    )


def _summary(busy: BusySite, settings: Settings, ledger: Ledger, time: Time) -> str:
    counts, faults = busy.deliveries.statistics, Counter(busy.sandbox.faults.given)
    events = Inbox(settings.inbox_dir).backlog().count
    delivered = f"{counts.delivered:,} of {counts.sent:,} events delivered"
    return "\n".join(
        [
            f"{time.seconds:.0f} s, {delivered}, {counts.duplicates:,} twice, {counts.retries:,} retries",
            f"{ledger.kills.total()} kills: {_listed(ledger.kills)}",
            f"{ledger.full_disks.total()} full disks: {_listed(ledger.full_disks)}",
            f"{faults.total():,} faults of Jira: {_listed(faults)}",
            f"{ledger.failures.total()} times something had to be done again: {_listed(ledger.failures)}",
            f"{events} events and {verdict.in_vain(settings, busy.site)} items wait for what is gone",
        ]
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


def _judge(busy: BusySite, settings: Settings, months: Sequence[str], base: Path, ledger: Ledger) -> None:
    counts = busy.deliveries.statistics
    if counts.refused or counts.given_up:
        ledger.problem(f"{counts.refused} events were refused, {counts.given_up} given up")
    for problem in verdict.events_lost(settings, busy.site, busy.identifiers):
        ledger.problem(problem)
    fresh = settings.with_values(JIRA_DATA_DIR=str(base / "fresh"))
    verdict.copy_whole(fresh, months)
    for problem in verdict.differences(settings.warehouse_path, fresh.warehouse_path):
        ledger.problem(problem)
    verdict.tidy(settings, months)
    for path in verdict.leftovers(settings.local_dir):
        ledger.problem(f"left behind: {path}")


def _end_on_signals() -> None:
    """Whatever ends us, what we started ends first."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    # Shells start background jobs with Ctrl-C ignored, which those that we start would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
