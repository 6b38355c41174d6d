"""Kills the pipeline at random points, over and over, and compares what is left with a clean run's.

A sandbox lives in this process and changes between rounds; the pipeline runs in a process of its own, which
is sent SIGKILL somewhere between its start and its end. After each kill every month of the tables must be the
one from before or the one that this round was to make. At the end one run goes through: its tables must be
those of a pipeline that was never killed, and of one that starts from nothing. No file may be left behind.
"""

import argparse
import hashlib
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from default_tables import TABLES, site_of
from upath import UPath

from jira_assets.jira.auth import Credential
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fetch import fetch_month
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.slas import SlaSource
from jira_assets.raw.log import RawLog
from jira_assets.raw.site import write_fields
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload
from jira_assets.timestamps import month_of
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months, publish_views
from jira_assets.warehouse.refresh import Refresh

# When something was asked for differs between any two runs.
_MOMENTS = {"_synced_at", "fetched_at", "observed_at"}
_DAGSTER = "a run of Dagster"
_DONE = "nothing any more"
_DAGSTER_EVERY = 10  # rounds
_DAGSTER_SECONDS = 3.0  # what Dagster adds to a run
Work = Callable[["Place", Callable[[str], None]], None]
States = dict[tuple[str, str], str]
"""A digest of the rows by (table, month)."""


@dataclass(frozen=True)
class Place:
    """Where a pipeline finds its site, and keeps its data."""

    url: str
    email: str
    token: str
    folder: Path
    months: tuple[str, ...]

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "JIRA_BASE_URL": self.url,
            "JIRA_EMAIL": self.email,
            "JIRA_API_TOKEN": self.token,
            "JIRA_DATA_DIR": str(self.folder),
        }


@dataclass
class Outcome:
    """What a soak came to; `problems` is empty if all is well."""

    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def main() -> int:
    arguments = _arguments()
    os.environ["PYTHONWARNINGS"] = "ignore"  # Dagster's, about what is beta
    seed = random.randrange(1_000_000) if arguments.seed is None else arguments.seed
    print(f"seed {seed}, {arguments.rounds} rounds, {arguments.issues} issues")
    began = time.monotonic()
    outcome = soak(arguments.rounds, seed, arguments.issues, lambda line: print(line, flush=True))
    print(f"{outcome.kills.total()} kills in {time.monotonic() - began:.0f} s, during {dict(outcome.kills)}")
    print("\n".join(outcome.problems) or "the tables are those of a clean run, and nothing was left behind")
    return 1 if outcome.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100, help="how many kills (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeat the choices of an earlier soak")
    parser.add_argument("--issues", type=int, default=150, help="size of the site (%(default)s)")
    return parser.parse_args()


def soak(rounds: int, seed: int, issues: int, report: Callable[[str], None]) -> Outcome:
    """Runs and kills the pipeline so many times. A seed gives the same changes and the same delays again."""
    rng = random.Random(seed)
    outcome = Outcome()
    site = generated_site(issues, seed)
    months = tuple(sorted({month_of(datetime.fromtimestamp(issue.created / 1000, UTC)) for issue in site}))
    base = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        with serve(site) as sandbox:
            account = sandbox.account

            def place(name: str) -> Place:
                return Place(sandbox.url, account.email, account.token, base / name, months)

            killed, spared = place("killed"), place("spared")
            for number in itertools.count():
                if outcome.kills.total() == rounds:
                    break
                if number:
                    _mutate(site, rng)
                seconds = _spare(spared)
                before, after = states(killed.database), states(spared.database)
                if number % _DAGSTER_EVERY == _DAGSTER_EVERY - 1:
                    longest = sum(seconds.values()) + _DAGSTER_SECONDS
                    stage = _kill(killed, work_through_dagster, _DAGSTER, rng.uniform(0, longest))
                else:
                    aim = rng.choice(list(seconds))
                    stage = _kill(killed, work, aim, rng.uniform(0, seconds[aim]))
                left = states(killed.database)
                outcome.problems += _torn(number, stage, before, left, after)
                if stage != _DONE:  # it was quicker than the kill
                    outcome.kills[stage] += 1
                    if outcome.kills.total() % 10 == 0:
                        report(f"{outcome.kills.total()} kills, during {dict(outcome.kills)}")
            _finish(killed, spared, place("fresh"), outcome)
    finally:
        shutil.rmtree(base)
    return outcome


def work(place: Place, stage: Callable[[str], None]) -> None:
    """One run of the pipeline, without Dagster: fetch, append, write, publish."""
    settings = Settings(place.variables)
    root = UPath(place.folder / "raw")
    raw = RawLog(root)
    stage("fetching and appending")
    with JiraClient(place.url, Credential.basic(place.email, place.token)) as client:
        catalogue = fetch_fields(client)
        write_fields(root, catalogue.payload)
        for month in place.months:
            for records in fetch_month(client, month, slas=SlaSource(lambda: catalogue.slas)):
                raw.append(month, records)
            AttachmentDownload(settings, client, raw, month, lambda _line: None).keep()
            raw.compact(month)
    stage("writing")
    fields = site_of(root)
    Refresh(raw, place.database, TABLES, fields).run(place.months)
    stage("publishing")
    with connect(place.database, read_only=True) as connection:
        publish_months(connection, TABLES, place.months, UPath(place.folder / "published"))
    publish_views(UPath(place.folder / "published"), TABLES, fields)
    stage(_DONE)


def work_through_dagster(place: Place, stage: Callable[[str], None]) -> None:
    """The same as a run of Dagster, which is the process that is killed then."""
    os.environ |= place.variables
    from dagster import DagsterInstance

    from jira_assets.definitions import defs

    job = defs.resolve_job_def("sync_months")
    span = {"start": place.months[0], "end": place.months[-1]}
    tags = {f"dagster/asset_partition_range_{end}": month for end, month in span.items()}
    stage(_DAGSTER)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with DagsterInstance.ephemeral() as instance:
        job.execute_in_process(instance=instance, tags=tags, run_config=quiet)
    stage(_DONE)


def states(database: Path) -> States:
    """What the tables hold, month by month, without the moments at which it was asked for."""
    found: States = {}
    if not database.exists():
        return found
    with duckdb.connect(
        str(database)
    ) as connection:  # writable, as the next run opens it: this replays the log
        existing = {
            name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        for table in TABLES:
            if table.name not in existing:
                continue
            columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in _MOMENTS)
            rows = connection.execute(f"SELECT {columns} FROM jira.{table.name} ORDER BY ALL").fetchall()
            by_month: dict[str, hashlib._Hash] = {}
            for row in rows:
                by_month.setdefault(row[0], hashlib.sha256()).update(repr(row).encode())
            found |= {(table.name, month): digest.hexdigest() for month, digest in by_month.items()}
    return found


def _torn(number: int, stage: str, before: States, left: States, after: States) -> list[str]:
    """Months that are neither what they were nor what they were to become, as a whole."""
    problems = []
    for month in sorted({month for _, month in (*before, *left, *after)}):
        old, now, new = (
            {name: digest for (name, of), digest in state.items() if of == month}
            for state in (before, left, after)
        )
        if now not in (old, new):
            problems.append(f"round {number}: killed during {stage}, {month} is neither old nor new")
    return problems


def _spare(place: Place) -> dict[str, float]:
    """A run that goes through; gives the seconds that each of its stages took."""
    began: dict[str, float] = {}
    work(place, lambda stage: began.update({stage: time.monotonic()}))
    return {
        stage: end - start
        for (stage, start), end in zip(began.items(), list(began.values())[1:], strict=False)
    }


# A process with threads, as this one, cannot be forked; a server that has only imported things can.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["jira_assets.definitions"])


def _kill(place: Place, target: Work, aim: str, delay: float) -> str:
    """Start a run, kill it so many seconds after it has reached a stage, and tell what it was doing."""
    here, there = _processes.Pipe(duplex=False)
    process = _processes.Process(target=target, args=(place, there.send))
    process.start()
    there.close()
    stage = ""
    while stage != aim:
        stage = here.recv()
    process.join(delay)
    if process.pid is not None and process.is_alive():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    process.join()
    with suppress(EOFError):
        while True:
            stage = here.recv()
    return stage


def _mutate(site: Site, rng: random.Random) -> None:
    """A few issues change, and some of them lose or get children."""
    numbers = [issue.id for issue in site]
    for issue_id in rng.sample(numbers, 8):
        issue = site.get(issue_id)
        fields = issue["fields"]
        fields |= {"summary": f"changed {rng.random()}", "updated": iso(site.clock())}
        comments = (fields.get("comment") or {}).get("comments") or []
        if comments and rng.random() < 0.5:
            comments.pop(rng.randrange(len(comments)))
        if rng.random() < 0.3:
            issue["remotelinks"] = []
        site.put(issue)


def _finish(killed: Place, spared: Place, fresh: Place, outcome: Outcome) -> None:
    """Let a last run through, and compare."""
    leftovers = _leftovers(killed.folder)
    for path in leftovers:
        os.utime(path, (0, 0))  # as if the kill had been long ago
    for place in (killed, spared, fresh):
        _spare(place)
    expected = states(fresh.database)
    for place in (killed, spared):
        found = states(place.database)
        different = sorted(
            key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
        )
        outcome.problems += [f"{place.folder.name}: {name} of {month} is wrong" for name, month in different]
    outcome.problems += [f"left behind: {path}" for path in _leftovers(killed.folder)]


def _leftovers(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob(".*.tmp*") if path.is_file()]


if __name__ == "__main__":
    sys.exit(main())
