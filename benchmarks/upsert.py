"""How long one changed issue takes: from appending its records to the raw log to committed in all tables.

A database of all issues is made first, and then another that is several times as large (`--scale`), in which
the time should be the same. Each measurement takes another issue, and opens and closes the database as a run
does. With many (`--upserts 3000 --scale 1`) it shows what they do to the database and to the time.
"""

import argparse
import json
import os
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from children import make_raw_log, measured_in_a_child, spread


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=Path, help="full issues, one per line, plain or gzipped")
    parser.add_argument(
        "--generate", type=int, default=5000, help="without a file: how many issues (%(default)s)"
    )
    parser.add_argument("--upserts", type=int, default=50, help="how often to measure (%(default)s)")
    parser.add_argument(
        "--scale", type=int, default=10, help="how much larger the second is; 1: none (%(default)s)"
    )
    arguments = parser.parse_args()
    for scale in sorted({1, arguments.scale}):
        with tempfile.TemporaryDirectory(prefix="upsert-") as folder:
            raw, database = Path(folder) / "raw", Path(folder) / "warehouse.duckdb"
            print(make_raw_log(raw, arguments.issues, arguments.generate, scale))
            measured = measured_in_a_child(__file__, raw, database, arguments.upserts)
        print(
            f"  database of {measured['database']:,.1f} MB, {measured['largest']:,.1f} at most, "
            f"{measured['rebuilt']:,.1f} if it is made anew"
        )
        for name in ("upsert", "append", "refresh"):
            print(f"  {name:8} {spread(measured[name])} ms")
        share = max(1, arguments.upserts // 10)
        print(f"  the first {share} upserts {spread(measured['busy'][:share])} ms of CPU")
        print(f"  the last {share} upserts  {spread(measured['busy'][-share:])} ms of CPU")


def _measure(raw_folder: str, database: Path, upserts: int) -> dict[str, Any]:
    from default_tables import TABLES
    from upath import UPath

    from jira_assets.raw.latest import LatestIssue
    from jira_assets.raw.log import RawLog
    from jira_assets.raw.record import Part, Record, Source
    from jira_assets.tables.issue import Site
    from jira_assets.warehouse.refresh import Refresh

    log = RawLog(UPath(raw_folder))
    Refresh(log, database, TABLES, Site()).run(log.months())
    largest = 0
    chosen = random.Random(1)
    milliseconds: dict[str, list[float]] = {"upsert": [], "append": [], "refresh": [], "busy": []}

    def records(issue: LatestIssue) -> list[Record]:
        now = datetime.now(UTC)
        parts = [part for part in Part if part in issue.payloads]
        return [
            Record(issue.issue_id, part, now, now, Source.WEBHOOK, issue.payloads[part]) for part in parts
        ]

    for _ in range(upserts):
        month = chosen.choice(log.months())
        issue_id = chosen.choice(sorted(log.issue_ids(month)))
        fetched = records(next(log.latest(month, [issue_id])))
        busy, started = time.process_time(), time.perf_counter()
        log.append(month, fetched)
        appended = time.perf_counter()
        done = Refresh(log, database, TABLES, Site()).run([month])
        finished = time.perf_counter()
        milliseconds["busy"].append((time.process_time() - busy) * 1000)
        if done.issues != 1:
            raise SystemExit(f"{done.issues} issues were written instead of one")
        milliseconds["append"].append((appended - started) * 1000)
        milliseconds["refresh"].append((finished - appended) * 1000)
        milliseconds["upsert"].append((finished - started) * 1000)
        log.compact(month)  # as a run does, after it has answered
        largest = max(largest, _bytes(database))
    rebuilt = database.with_name("rebuilt.duckdb")
    Refresh(log, rebuilt, TABLES, Site()).run(log.months())
    sizes = {"database": _bytes(database), "largest": largest, "rebuilt": _bytes(rebuilt)}
    return milliseconds | {name: size / 1e6 for name, size in sizes.items()}


def _bytes(database: Path) -> int:
    """Of the file and of the log beside it."""
    files = (database, database.with_name(f"{database.name}.wal"))
    return sum(path.stat().st_size for path in files if path.exists())


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        raw_folder, database, upserts = json.loads(child)
        print(json.dumps(_measure(raw_folder, Path(database), upserts)))
    else:
        main()
