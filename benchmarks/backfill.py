"""A historical load as people do it: `dagster dev`, a backfill of every month, and then every count compared.

A sandbox in a process of its own serves real issues. Dagster runs with the repository's dagster.yaml in an
empty folder; the backfill is started through the address that the UI's button uses. Printed are the wall time
from that request to the end of the last run, and the most memory that Dagster and its runs held together.
"""

import argparse
import csv
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import requests
from default_tables import BY_NAME

REPOSITORY = Path(__file__).resolve().parents[1]
ASSETS = ("raw_issues", *BY_NAME, "published")
_LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    __typename ... on PartitionBackfill { status error { message } runs { status } } } }"""


def main() -> int:
    arguments = _arguments()
    counts = json.loads((arguments.issues.parent / "expected.json").read_text())
    months = sorted(counts["issues_by_created_month"])
    folder = Path(tempfile.mkdtemp(prefix="backfill-"))
    print(f"{counts['issues']:,} issues in {len(months)} months; working in {folder}")
    try:
        with _sandbox(arguments.issues) as settings, _dagster(folder, settings, months[0]) as (url, process):
            seconds, peak, statuses = _backfill(url, months, process)
        print(
            f"runs: {dict(statuses)}; {seconds:.1f} s; Dagster and its runs held {peak / 1e6:,.0f} MB at most"
        )
        wrong = differences(folder / "data" / "warehouse.duckdb", arguments.issues.parent)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)
    print("\n".join(wrong) or "every count is right")
    return 1 if wrong or set(statuses) != {"SUCCESS"} else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("JIRA_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    arrow = shared / "real" / "arrow" / "arrow_issues.jsonl.gz"
    parser.add_argument("--issues", type=Path, default=arrow, help="full issues, one per line (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the data behind")
    arguments = parser.parse_args()
    if not arguments.issues.exists():
        parser.error(f"{arguments.issues} does not exist")
    return arguments


def differences(database: Path, sample: Path) -> list[str]:
    """Where the tables differ from what was counted in the issues themselves; a line for each difference.

    `sample` holds expected.json and per_issue_counts.csv.gz.
    """
    expected = json.loads((sample / "expected.json").read_text())
    per_issue = counts_per_issue(sample)
    wrong = []
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, query in _QUESTIONS.items():
            rows = connection.execute(query).fetchall()
            found = rows[0][0] if len(rows[0]) == 1 else {row[0]: row[1] for row in rows}
            if found != expected[name]:
                wrong.append(f"{name} is {found}, expected {expected[name]}")
    stored = stored_per_issue(database)
    different = [key for key in per_issue.keys() | stored.keys() if stored.get(key) != per_issue.get(key)]
    return wrong + [f"{key} has {stored.get(key)}, expected {per_issue.get(key)}" for key in different]


def counts_per_issue(sample: Path) -> dict[str, tuple[int, ...]]:
    """Comments, attachments and links by issue key, as counted in the issues themselves."""
    with gzip.open(sample / "per_issue_counts.csv.gz", "rt", newline="") as file:
        return {
            row["key"]: (int(row["comments"]), int(row["attachments"]), int(row["issuelinks"]))
            for row in csv.DictReader(file)
        }


def stored_per_issue(database: Path) -> dict[str, tuple[int, ...]]:
    """Comments, attachments and links by issue key, as the tables have them."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(_PER_ISSUE).fetchall()}


_QUESTIONS = {
    "issues": "SELECT count(*) FROM jira.issues",
    "issues_by_created_month": "SELECT month, count(*) FROM jira.issues GROUP BY ALL",
    "issues_by_status": "SELECT status, count(*) FROM jira.issues GROUP BY ALL",
    "issues_by_type": "SELECT issue_type, count(*) FROM jira.issues GROUP BY ALL",
    "issues_by_resolution": (
        "SELECT coalesce(resolution, '(unresolved)'), count(*) FROM jira.issues GROUP BY ALL"
    ),
    "comments": "SELECT count(*) FROM jira.comments",
    "comments_by_created_month": (
        "SELECT strftime(created_at, '%Y-%m'), count(*) FROM jira.comments GROUP BY ALL"
    ),
    "attachments": "SELECT count(*) FROM jira.attachments",
    "attachment_bytes": "SELECT sum(size_bytes)::BIGINT FROM jira.attachments",
    "issuelink_entries": "SELECT count(*) FROM jira.issuelinks",
    "distinct_link_ids": "SELECT count(DISTINCT link_id) FROM jira.issuelinks",
    "issuelink_entries_by_type_direction": (
        "SELECT link_type || '/' || replace(direction, 'ward', ''), count(*) "
        "FROM jira.issuelinks GROUP BY ALL"
    ),
    "worklogs_returned": "SELECT count(*) FROM jira.worklogs",
}
_PER_ISSUE = """
    SELECT issue_key, coalesce(c.n, 0), coalesce(a.n, 0), coalesce(l.n, 0) FROM jira.issues
    LEFT JOIN (SELECT issue_id, count(*) AS n FROM jira.comments GROUP BY ALL) AS c USING (issue_id)
    LEFT JOIN (SELECT issue_id, count(*) AS n FROM jira.attachments GROUP BY ALL) AS a USING (issue_id)
    LEFT JOIN (SELECT issue_id, count(*) AS n FROM jira.issuelinks GROUP BY ALL) AS l USING (issue_id)
"""


@contextmanager
def _sandbox(issues: Path) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own; gives the settings that lead to it."""
    command = [sys.executable, "-m", "jira_assets.cli", "sandbox", "--port", "0", "--issues", str(issues)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            settings: dict[str, str] = {}
            while "JIRA_API_TOKEN" not in settings and (
                line := process.stdout.readline() if process.stdout else ""
            ):
                if found := re.search(r"export (\w+)=(\S+)", line):
                    settings[found[1]] = found[2]
            yield settings
        finally:
            process.terminate()


@contextmanager
def _dagster(folder: Path, settings: dict[str, str], start: str) -> Iterator[tuple[str, int]]:
    """`dagster dev` in a folder, with our dagster.yaml; gives the address of its API, and its process."""
    shutil.copy(REPOSITORY / "dagster.yaml", folder)
    port = _free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-m", "jira_assets.definitions", "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIRA_")}
    environment |= settings | {
        "JIRA_DATA_DIR": str(folder / "data"),
        "JIRA_START_MONTH": start,
        "JIRA_ATTACHMENTS": "metadata",  # their content has a benchmark of its own
        "DAGSTER_HOME": str(folder),
        "PYTHONPATH": str(REPOSITORY),
    }
    with (folder / "dagster.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/server_info", process)
            yield f"http://127.0.0.1:{port}/graphql", process.pid
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _backfill(url: str, months: list[str], process: int) -> tuple[float, int, Counter[str]]:
    """Seconds, greatest memory in bytes, and how the runs ended."""
    began = time.monotonic()
    parameters = {"assetSelection": [{"path": ["jira", name]} for name in ASSETS], "partitionNames": months}
    launched = _ask(url, _LAUNCH, {"p": parameters})["launchPartitionBackfill"]
    if "backfillId" not in launched:
        raise SystemExit(f"the backfill did not start: {launched}")
    peak = 0
    while True:
        peak = max(peak, _memory(process))
        backfill = _ask(url, _STATUS, {"id": launched["backfillId"]})["partitionBackfillOrError"]
        statuses = Counter(run["status"] for run in backfill["runs"])
        finished = sum(statuses[status] for status in ("SUCCESS", "FAILURE", "CANCELED"))
        seconds = time.monotonic() - began
        if backfill["status"] not in ("REQUESTED", "CANCELING") and finished == statuses.total():
            return seconds, peak, statuses
        print(f"\r{seconds:5.0f} s  {dict(statuses)}   ", end="", flush=True)
        time.sleep(1)


def _ask(url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(url, json={"query": query, "variables": variables}, timeout=60).json()
    if "errors" in answer:
        raise SystemExit(f"Dagster answered {answer['errors']}")
    data: dict[str, Any] = answer["data"]
    return data


def _memory(root: int) -> int:
    """Memory, in bytes, of a process and all below it; what several share is counted once."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    total, below = 0, [root]
    while below:
        process = below.pop()
        below += children.get(process, [])
        with suppress(OSError):
            found = re.search(
                r"^Pss: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE
            )
            total += int(found[1]) * 1024 if found else 0
    return total


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            if process.poll() is not None:
                raise SystemExit("dagster dev did not start") from None
            time.sleep(0.5)
    raise SystemExit("dagster dev did not start in two minutes")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
