"""What it costs to build and publish one changed issue, beside how many months the site has.

Copies of sites of 5, 60 and 240 months are made, each month of the same size. Then one issue after the other
changes, and a run of its month builds the tables and publishes them, through Dagster, as a run that applies
events does. The cost of an event should be the same whatever the site's age: `last/first` says how far it
is. The sites take turns, so that the moods of the machine are everybody's. With `--code` another clone is
measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from children import REPOSITORY

_STEPS = ("jira_tables", "jira__published")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--months", type=int, nargs="+", default=[5, 60, 240], help="of the sites (5 60 240)")
    parser.add_argument("--issues", type=int, default=20, help="of each month (%(default)s)")
    parser.add_argument("--events", type=int, default=15, help="how often to measure (%(default)s)")
    parser.add_argument("--code", type=Path, default=REPOSITORY, help="the clone to measure (this one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="publish-") as folder:
        copies = [
            _Copy(arguments.code, Path(folder) / f"{months}", months, arguments.issues)
            for months in arguments.months
        ]
        measured = [[copy.event() for copy in copies] for _ in range(arguments.events)]
        for copy in copies:
            copy.end()
    _print(arguments.months, measured)


def _print(sizes: Sequence[int], measured: Sequence[Sequence[dict[str, float]]]) -> None:
    heads = [*(f"{size} months" for size in sizes), "last/first"]
    print(f"{'median of an event':32}{''.join(f'{head:>14}' for head in heads)}")
    for name in measured[0][0]:
        values = [
            statistics.median(each[name] for each in of_copy) for of_copy in zip(*measured, strict=True)
        ]
        print(f"{name:32}{''.join(f'{value:14.1f}' for value in values)}{values[-1] / values[0]:14.2f}")


class _Copy:
    """A process with a copy of a site of so many months, which applies a change when it is asked to."""

    def __init__(self, code: Path, folder: Path, months: int, issues: int) -> None:
        folder.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JIRA_")} | {
            "PYTHONPATH": str(code),
            "BENCHMARK_CHILD": json.dumps([str(folder), months, issues]),
            "JIRA_BASE_URL": "https://example.atlassian.net",
            "JIRA_DATA_DIR": str(folder),
            "JIRA_START_MONTH": _month(0),
        }
        process = subprocess.Popen(
            [sys.executable, __file__],
            env=environment,
            cwd=folder,  # where nobody has an .env
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if process.stdin is None or process.stdout is None:
            raise SystemExit("a process that measures has no pipes")
        self._process, self._asking, self._answering = process, process.stdin, process.stdout
        self._answer()

    def event(self) -> dict[str, float]:
        """What the next event takes, by name."""
        self._asking.write("\n")
        self._asking.flush()
        return self._answer()

    def end(self) -> None:
        self._process.communicate()

    def _answer(self) -> dict[str, float]:
        line = self._answering.readline()
        if not line:
            raise SystemExit("a process that measures has failed")
        found: dict[str, float] = json.loads(line)
        return found


def _month(number: int) -> str:
    return f"{2004 + number // 12}-{number % 12 + 1:02}"


def _measure(folder: Path, months: int, issues: int) -> None:
    from dagster import DagsterInstance, execute_job
    from dagster._core.definitions.reconstruct import ReconstructableRepository
    from dagster._core.storage.tags import (
        ASSET_PARTITION_RANGE_END_TAG,
        ASSET_PARTITION_RANGE_START_TAG,
        PARTITION_NAME_TAG,
    )
    from upath import UPath

    from jira_assets.defs.keys import asset_key
    from jira_assets.raw.log import RawLog
    from jira_assets.sync.configuration import catalogue

    log = RawLog(UPath(folder) / "raw")
    for number in range(months):
        log.append(_month(number), list(_records(number, range(issues), "old")))
    job = ReconstructableRepository.for_module("jira_assets.definitions", "defs").get_reconstructable_job(
        "apply_events"
    )
    selected = [asset_key(name) for name in (*(table.name for table in catalogue().tables), "published")]
    config: Any = {
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "execution": {"config": {"retries": {"disabled": {}}}},
    }

    def run(tags: dict[str, str]) -> str:
        result = execute_job(job, instance, run_config=config, tags=tags, asset_selection=selected)
        if not result.success:
            raise SystemExit("a run failed")
        return result.run_id

    def event(number: int) -> dict[str, float]:
        month = number % months
        log.append(_month(month), list(_records(month, [0], f"new {number}")))
        before, cpu, wall = _files(folder), time.process_time(), time.perf_counter()
        run_id = run({PARTITION_NAME_TAG: _month(month)})
        found = {
            "wall, ms": (time.perf_counter() - wall) * 1000,
            "CPU, ms": (time.process_time() - cpu) * 1000,
        }
        for step in instance.get_run_step_stats(run_id):
            if step.step_key in _STEPS and step.start_time and step.end_time:
                found[f"wall of {step.step_key}, ms"] = (step.end_time - step.start_time) * 1000
        return found | {"files replaced": float(len(_files(folder) - before))}

    with DagsterInstance.ephemeral() as instance:
        run({ASSET_PARTITION_RANGE_START_TAG: _month(0), ASSET_PARTITION_RANGE_END_TAG: _month(months - 1)})
        event(0)  # what is imported and made once in a process
        print("{}", flush=True)
        for number, _ in enumerate(sys.stdin, start=1):
            print(json.dumps(event(number)), flush=True)


def _files(folder: Path) -> set[tuple[int, int]]:
    """The identities of the published files of months."""
    statuses = [path.stat() for path in (folder / "published").glob("*/*.parquet")]
    return {(status.st_ino, status.st_mtime_ns) for status in statuses}


def _records(month: int, numbers: Iterator[int] | Sequence[int], summary: str) -> Iterator[Any]:
    """Issues of a month, each with two comments and a change."""
    import msgspec

    from jira_assets.raw.record import Part, Record, Source

    created, now = f"{_month(month)}-05T10:00:00.000+0000", datetime.now(UTC)
    for number in numbers:
        issue_id = f"{100_000 + month * 1000 + number}"
        comments = [{"id": f"{issue_id}{each}", "created": created, "body": "a text"} for each in range(2)]
        item = {"field": "summary", "fromString": "before", "toString": summary}
        fields = {"summary": summary, "created": created, "updated": created, "comment": {"total": 2}}
        payloads: dict[Part, object] = {
            Part.ISSUE: {"id": issue_id, "key": f"SUP-{issue_id}", "fields": fields},
            Part.COMMENTS: comments,
            Part.CHANGELOG: [{"id": issue_id, "created": created, "items": [item]}],
            Part.WORKLOGS: [],
            Part.REMOTE_LINKS: [],
        }
        for part, payload in payloads.items():
            updated = now - timedelta(minutes=1)
            yield Record(issue_id, part, updated, now, Source.WEBHOOK, msgspec.json.encode(payload))


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        chosen, count, per_month = json.loads(child)
        _measure(Path(chosen), count, per_month)
    else:
        main()
