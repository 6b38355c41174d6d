"""How long all tables of a site take from its raw log, and how much memory.

A raw log is made first, of the issues in a file or of generated ones. Then each run fills an empty database
through the code that Dagster runs, in a fresh process: `process` is all of it, with Python's start. Last, the
stages are measured one by one on one thread: what each takes, and so what overlapping them gains.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections import defaultdict
from itertools import islice
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
    parser.add_argument("--runs", type=int, default=5, help="how often to measure (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        raw, database = Path(folder) / "raw", Path(folder) / "warehouse.duckdb"
        print(make_raw_log(raw, arguments.issues, arguments.generate))
        runs = [measured_in_a_child(__file__, "run", raw, database) for _ in range(arguments.runs)]
        stages = measured_in_a_child(__file__, "stages", raw, database)
    print(", ".join(f"{name} {count:,}" for name, count in runs[0]["rows"].items()))
    for name, unit in (("rebuild", "s"), ("process", "s"), ("cpu", "s"), ("peak", "MB"), ("database", "MB")):
        print(f"{name:10} {spread([run[name] for run in runs])} {unit}")
    print(
        "of which, alone, in CPU seconds:",
        ", ".join(f"{name} {cpu:.2f}" for name, cpu in stages["stages"].items()),
    )


def _run(raw_folder: str, database: Path) -> dict[str, Any]:
    started = time.perf_counter()
    from default_tables import TABLES
    from upath import UPath

    from jira_assets.raw.log import RawLog
    from jira_assets.tables.issue import Site
    from jira_assets.warehouse.refresh import Refresh

    database.unlink(missing_ok=True)
    raw = RawLog(UPath(raw_folder))
    done = Refresh(raw, database, TABLES, Site()).run(raw.months())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rebuild": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1024,
        "database": database.stat().st_size / 1e6,
        "rows": dict(done.rows),
    }


def _stages(raw_folder: str, database: Path) -> dict[str, Any]:
    """The CPU seconds of each stage. Issues are decoded twice, to tell frames from decoding."""
    from default_tables import TABLES
    from upath import UPath

    from jira_assets.raw.latest import LatestIssue
    from jira_assets.raw.log import RawLog
    from jira_assets.raw.record import Part
    from jira_assets.tables.envelope import EnvelopeReader
    from jira_assets.tables.frames import Builder
    from jira_assets.tables.issue import Issue, Site
    from jira_assets.warehouse.connection import transaction
    from jira_assets.warehouse.store import MonthChange, begin_changes, finish_changes, insert

    database.unlink(missing_ok=True)
    seconds: dict[str, float] = defaultdict(float)

    def lap(stage: str, since: float) -> float:
        now = time.process_time()
        seconds[stage] += now - since
        return now

    site, reader = Site(), EnvelopeReader()
    log, builder = RawLog(UPath(raw_folder)), Builder(TABLES, site)
    issues = (issue for month in log.months() for issue in log.latest(month))
    changes = [MonthChange(month, None, log.extent(month).position) for month in log.months()]
    with transaction(database) as connection:
        begin_changes(connection, TABLES, changes, {})
        clock = time.process_time()
        while piece := list[LatestIssue](islice(issues, 500)):
            clock = lap("read and decompress", clock)
            for latest in piece:
                issue = Issue(latest, reader, site)
                for table in TABLES:
                    if Part.DELETED not in table.parts:
                        table.elements(issue)
            clock = lap("decode", clock)
            built = builder.build(piece)
            clock = lap("frames", clock)
            for table in TABLES:
                insert(connection, table, built.frames[table.name])
            clock = lap("insert", clock)
        finish_changes(connection, TABLES, changes, "benchmark")
    lap("commit and close", clock)
    seconds["frames"] -= seconds["decode"]
    return {"stages": dict(seconds)}


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        what, raw_folder, database = json.loads(child)
        print(json.dumps({"run": _run, "stages": _stages}[what](raw_folder, Path(database))))
    else:
        main()
