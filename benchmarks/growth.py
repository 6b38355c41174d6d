"""Whether what is kept stays within its budget, however many events come.

A sandbox's site is copied, and then its issues change over and over: events are delivered, drained and
applied, tables written and published, days go by. At the end every folder is compared with what it may take;
`BUDGETS` says how much that is. A part of the events is applied by runs of Dagster, in a history of its own.
"""

import argparse
import os
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterInstance
from default_tables import TABLES
from upath import UPath

from jira_assets.defs.instance.storage import databases, size
from jira_assets.files import bytes_below
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site as JiraSite
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months, publish_views
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy, months_of

_KB = 1000
_SEGMENT = 5 * _KB  # the answer about one issue or two
_SEGMENTS = 16  # so many of a month are joined
_AT_ONCE = 2  # events
_PUBLISH_EVERY = 10
_ANYTHING_ELSE = "anything else"
_RUNS_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Grown:
    """What the folders of a copy take, and what those of one that was made from nothing would."""

    events: int
    months: int
    runs: int
    bytes: Mapping[str, int]
    fresh: Mapping[str, int]


BUDGETS: Mapping[str, Callable[[Grown], int]] = {
    # What a later answer supersedes is dropped when segments are joined.
    "raw": lambda grown: 2 * grown.fresh["raw"] + grown.months * _SEGMENTS * _SEGMENT,
    # With the log beside it. Of a small one, a few blocks of 256 KiB are free.
    "warehouse": lambda grown: max(3 * grown.fresh["warehouse"], 2_500 * _KB),
    "inbox": lambda _: 0,
    "queue": lambda _: 0,
    "unreadable": lambda _: 0,
    "events": lambda grown: grown.events * 2 * _KB,  # for JIRA_EVENT_RETENTION_DAYS
    "published": lambda grown: 2 * grown.fresh["published"],
    "attachments": lambda grown: grown.fresh["attachments"],
    _ANYTHING_ELSE: lambda _: 100 * _KB,
    # Of three days, and the last of each month; 250 to 400 KB each, and what SQLite keeps to itself.
    "history": lambda grown: (min(grown.runs, 3 * _RUNS_A_DAY) + 2 * grown.months) * 500 * _KB + 4_000 * _KB,
}
"""The bytes that each folder may take."""
_PLACES = BUDGETS.keys() - {"history"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=3_000, help="%(default)s")
    parser.add_argument("--issues", type=int, default=300, help="%(default)s")
    parser.add_argument("--runs", type=int, default=60, help="of Dagster (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        site = generated_site(arguments.issues)
        grown = grow(Path(folder), site, arguments.events, arguments.runs)
    for name, budget in BUDGETS.items():
        took = grown.bytes.get(name, 0)
        print(f"{name:22} {took / _KB:10,.0f} KB of {budget(grown) / _KB:10,.0f}")
    print("\n".join(over_budget(grown)) or "all is within its budget")
    return 1 if over_budget(grown) else 0


def over_budget(grown: Grown) -> list[str]:
    """What takes more than it may, in words."""
    return [
        f"{name} takes {took:,} bytes of {budget(grown):,}"
        for name, budget in BUDGETS.items()
        if (took := grown.bytes.get(name, 0)) > budget(grown)
    ]


def grow(folder: Path, site: JiraSite, events: int, runs: int = 0) -> Grown:
    """A copy of a site after so many events, two at once, and so many runs of Dagster."""
    rng = random.Random(1)
    with serve(site) as sandbox:
        copy, fresh = Copy(sandbox, folder / "copy"), Copy(sandbox, folder / "fresh")
        months = months_of(sandbox)
        _load(copy, months)
        ids = [issue.id for issue in sandbox.site]
        for number in range(0, events, _AT_ONCE):
            for issue_id in rng.sample(ids, _AT_ONCE):
                copy.deliver(change(sandbox.site, issue_id, summary=f"{number} {rng.random()}"))
            copy.drain()
            for month in copy.queue.months():
                copy.apply(month)
                copy.raw.compact(month)
                copy.build()
                if number % _PUBLISH_EVERY == 0:
                    _publish(copy, [month])
        copy.catch_up()
        copy.archive.tidy(datetime.now(UTC) + timedelta(hours=1), retention_days=30)
        _load(fresh, months)
        taken = _bytes(copy.database.parent)
        if runs:
            taken["history"] = _history(copy, folder / "history", months, runs)
        return Grown(events, len(months), runs, taken, _bytes(fresh.database.parent))


def _load(copy: Copy, months: list[str]) -> None:
    copy.backfill(months)
    copy.refresh_lookups()
    copy.build()
    _publish(copy, months)


def _publish(copy: Copy, months: list[str]) -> None:
    published = UPath(copy.database.parent / "published")
    with connect(copy.database, read_only=True) as connection:
        publish_months(connection, TABLES, months, published)
    publish_views(published, TABLES, Site())


def _bytes(folder: Path) -> dict[str, int]:
    """Of each place, and of all the rest."""
    taken: Counter[str] = Counter(dict.fromkeys(_PLACES, 0))
    for path in folder.iterdir():
        name = path.name.split(".")[0]  # warehouse.duckdb and warehouse.duckdb.wal
        taken[name if name in _PLACES else _ANYTHING_ELSE] += (
            path.stat().st_size if path.is_file() else bytes_below(path)
        )
    return taken


def _history(copy: Copy, home: Path, months: list[str], runs: int) -> int:
    """The bytes of Dagster's history after so many runs, some a day."""
    os.environ |= copy.variables
    from jira_assets.definitions import defs

    home.mkdir()
    events, retention = (defs.resolve_job_def(name) for name in ("apply_events", "retain_history"))
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with DagsterInstance.local_temp(str(home)) as instance:
        for number in range(runs):
            events.execute_in_process(
                instance=instance, partition_key=months[number % len(months)], run_config=quiet
            )
            if number % _RUNS_A_DAY == 0:
                _age(instance, days=1)
                retention.execute_in_process(instance=instance, run_config=quiet)
        return size(instance) or 0


def _age(instance: DagsterInstance, days: int) -> None:
    """Let so many days go by since all that was run."""
    with closing(sqlite3.connect(databases(instance)[0])) as connection:
        connection.execute("UPDATE runs SET end_time = end_time - ?", [days * 86_400])
        connection.commit()


if __name__ == "__main__":
    sys.exit(main())
