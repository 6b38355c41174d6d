"""How much memory a month takes that holds very many issues: its tables, checks, publication and compaction.

The raw log is made first, in segments as a load appends them. Each step is measured in a process of its own;
what it takes beyond what the process needs anyway should not grow with the month.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from children import measured_in_a_child
from default_tables import TABLES
from raw_log import records_of
from upath import UPath

from jira_assets.checks.evaluate import Evaluation
from jira_assets.checks.rules import rules
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Record
from jira_assets.sandbox.generate import generate
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.refresh import Refresh

MONTH = "2024-01"
_ISSUES_PER_SEGMENT = 2_000
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_STEPS = ("load", "refresh", "refresh again", "check", "publish", "changed issue", "compact")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=int, nargs="+", default=[5_000, 50_000], help="%(default)s")
    arguments = parser.parse_args()
    for issues in arguments.issues:
        with tempfile.TemporaryDirectory(prefix="big-month-") as folder:
            print(f"{issues:,} issues in one month")
            for step in _STEPS:
                measured = measured_in_a_child(__file__, step, folder, issues)
                print(
                    f"  {step:14} {measured['seconds']:7.1f} s   {measured['peak']:6.0f} MB at most, "
                    f"{measured['before']:4.0f} MB before   {measured['told']}",
                    flush=True,
                )


def _measure(step: str, folder: Path, issues: int) -> dict[str, Any]:
    raw, database = RawLog(UPath(folder / "raw")), folder / "warehouse.duckdb"

    def refresh(rebuild: bool = False) -> str:
        done = Refresh(raw, database, TABLES, Site()).run([MONTH], rebuild=rebuild)
        return f"{done.issues:,} issues, {database.stat().st_size / 1e6:,.0f} MB"

    def check() -> str:
        with connect(database, read_only=True) as connection:
            found = Evaluation.ask(connection, list(rules(TABLES)), [MONTH])
        return f"{len(found.by_month[MONTH].failed)} rules are broken"

    def publish() -> str:
        with connect(database, read_only=True) as connection:
            written = publish_months(connection, TABLES, [MONTH], UPath(folder / "published"))
        return f"{written / 1e6:,.0f} MB"

    def changed_issue() -> str:
        raw.append(MONTH, next(_segments(1, datetime.now(UTC))))
        return refresh()

    def load() -> str:
        for records in _segments(issues, _AT):
            raw.append(MONTH, records)
        return f"{raw.extent(MONTH)[1] / 1e6:,.0f} MB of segments"

    steps: dict[str, Callable[[], str]] = {
        "load": load,
        "refresh": refresh,
        "refresh again": lambda: refresh(rebuild=True),
        "check": check,
        "publish": publish,
        "changed issue": changed_issue,
        "compact": lambda: f"{raw.compact(MONTH) is not None}",
    }
    before, started = _peak(), time.perf_counter()
    told = steps[step]()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "before": before, "peak": _peak(), "told": told}


def _segments(issues: int, fetched_at: datetime) -> Iterator[list[Record]]:
    """Records of made-up issues, all of one month, as many at once as a segment has."""
    made = generate(issues)
    while some := list(islice(made, _ISSUES_PER_SEGMENT)):
        for issue in some:
            issue["fields"]["created"] = f"{MONTH}-15T10:00:00.000+0000"
        fetched = (record for issue in some for record in records_of(msgspec.json.encode(issue))[1])
        yield [replace(record, fetched_at=fetched_at) for record in fetched]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        step, folder, issues = json.loads(child)
        print(json.dumps(_measure(step, Path(folder), issues)))
    else:
        main()
