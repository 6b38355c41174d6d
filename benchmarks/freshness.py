"""How old the copy is: from the POST of an event to the row that shows it, with everything running.

A sandbox, `dagster dev` (web UI, daemon and code server, with the repository's dagster.yaml) and the receiver
run on this machine. After a backfill of all months, single edits are made at random moments, one at a time,
each with its signed event; then come the events of a burst of edits over twelve months at once. A row is
readable when the published copy shows it. What happened on the way is told by Dagster's history.
"""

import argparse
import hashlib
import hmac
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import requests

from jira_assets.commands.demo.folder import demo_folder
from jira_assets.commands.demo.processes import dagster_dev, environment_for, free_port, receiver
from jira_assets.commands.demo.ui import Ui
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.timestamps import month_of

_LONGEST_WAIT = 120.0
_RUNS = """query($month: String!) { runsOrError(limit: 5, filter: {pipelineName: "apply_events",
    tags: [{key: "dagster/partition", value: $month}]}) {
    ... on Runs { results { creationTime startTime stepStats { stepKey endTime } } } } }"""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of an issue, and what says that it has arrived."""

    issue_id: str
    month: str
    summary: str
    body: bytes


class Journey:
    """The program under measurement: everything that runs, and the issues that can be edited."""

    def __init__(self, sandbox: RunningSandbox, webhook: str, secret: str, ui: Ui, published: Path) -> None:
        self.sandbox = sandbox
        self.ui = ui
        self._webhook = webhook
        self._secret = secret.encode()
        self._published = published
        self._session = requests.Session()
        self._session.trust_env = False
        self._ids: dict[str, list[str]] = {}
        for issue in sandbox.site:
            month = month_of(datetime.fromtimestamp(issue.created / 1000, UTC))
            self._ids.setdefault(month, []).append(issue.id)

    def edit(self, rng: random.Random, months: Sequence[str]) -> Edit:
        """Change an issue of one of the months at the site."""
        month = rng.choice(months)
        issue_id = rng.choice(self._ids[month])
        site = self.sandbox.site
        with site.changing():
            issue = site.get(issue_id)
            moment = site.next_moment()
            summary = f"edited {uuid.UUID(int=rng.getrandbits(128))}"
            issue["fields"] |= {"summary": summary, "updated": iso(moment)}
            site.put(issue)
        event = {
            "timestamp": moment,
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": "issue_updated",
            "issue": {"id": issue_id, "key": issue["key"], "fields": {"updated": iso(moment)}},
        }
        return Edit(issue_id, month, summary, json.dumps(event).encode())

    def busiest(self, count: int) -> list[str]:
        """The months with most issues."""
        return sorted(self._ids, key=lambda month: -len(self._ids[month]))[:count]

    def post(self, edit: Edit) -> None:
        """Deliver the event of an edit."""
        signature = hmac.new(self._secret, edit.body, hashlib.sha256).hexdigest()
        headers = {
            "X-Hub-Signature": f"sha256={signature}",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),
            "Content-Type": "application/json",
        }
        self._session.post(self._webhook, data=edit.body, headers=headers, timeout=30).raise_for_status()

    def unreadable(self, edits: Sequence[Edit]) -> list[Edit]:
        """Those of the edits that the published copy does not show yet."""
        left = []
        for month in sorted({edit.month for edit in edits}):
            wanted = [edit for edit in edits if edit.month == month]
            path = self._published / "issues" / f"{month}.parquet"
            rows = duckdb.execute(f"SELECT issue_id, summary FROM read_parquet('{path}')").fetchall()
            shown = dict(rows)
            left += [edit for edit in wanted if shown.get(edit.issue_id) != edit.summary]
        return left

    def wait_for(self, edits: Sequence[Edit]) -> None:
        """Returns when the published copy shows all of the edits."""
        deadline = time.monotonic() + _LONGEST_WAIT
        while edits := self.unreadable(edits):
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(edits)} edits are still not readable after {_LONGEST_WAIT:.0f} s")
            time.sleep(0.02 if len(edits) == 1 else 0.2)

    def run_that_applied(self, edit: Edit, posted_at: float) -> Mapping[str, Any]:
        """The first run of the edit's month that fetched after its event was posted, as Dagster tells it."""
        found: list[dict[str, Any]] = self.ui.ask(_RUNS, month=edit.month)["runsOrError"]["results"]
        later = [run for run in found if _ends(run).get("raw_issues", 0.0) > posted_at]
        return min(later, key=lambda run: _ends(run)["raw_issues"])


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="freshness-") as base:
        site = Site.from_lines(arguments.file) if arguments.file else _generated(arguments.issues)
        with demo_folder(Path(base) / "copy") as folder, serve(site) as sandbox:
            environment = environment_for(sandbox, folder)
            with (
                receiver(folder, environment) as received,
                dagster_dev(folder, free_port(), environment) as dagster,
            ):
                ui = Ui(dagster.url, dagster.check)
                _backfill(ui, len(site))
                webhook = f"{received.url}/webhooks/jira"
                secret = environment["JIRA_WEBHOOK_SECRET"]
                journey = Journey(sandbox, webhook, secret, ui, folder / "published")
                rng = random.Random(arguments.seed)
                _singles(journey, rng, arguments.singles, arguments.gap)
                _burst(journey, rng, arguments.burst)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=int, default=2000, help="how many issues to make up (%(default)s)")
    parser.add_argument(
        "--file", type=Path, help="real issues instead: one full issue (JSON) per line, or .gz"
    )
    parser.add_argument("--singles", type=int, default=40, help="single edits (%(default)s)")
    parser.add_argument(
        "--gap", type=float, default=10, help="seconds between them at most, at random (%(default)s)"
    )
    parser.add_argument("--burst", type=int, default=1000, help="events of the burst (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    return parser.parse_args()


def _generated(issues: int) -> Site:
    return generated_site(issues, now=time.time_ns() // 1_000_000)


def _backfill(ui: Ui, issues: int) -> None:
    ui.wait_until_loaded()
    began = time.monotonic()
    backfill = ui.launch_backfill()
    while not (progress := ui.progress(backfill)).finished:
        time.sleep(1)
    if not progress.succeeded:
        raise SystemExit(f"the backfill failed: {', '.join(progress.unsuccessful)}")
    print(f"{issues:,} issues in {progress.months} months, copied in {time.monotonic() - began:.0f} s")


def _singles(journey: Journey, rng: random.Random, count: int, gap: float) -> None:
    months = journey.busiest(12)
    took: list[float] = []
    stages: dict[str, list[float]] = {}
    for number in range(count):
        time.sleep(rng.uniform(0, gap))
        edit = journey.edit(rng, months)
        began, began_at = time.monotonic(), time.time()
        journey.post(edit)
        answered = time.monotonic() - began
        journey.wait_for([edit])
        took.append(time.monotonic() - began)
        run = journey.run_that_applied(edit, began_at)
        for stage, after in _stages(run, began_at, answered, took[-1]).items():
            stages.setdefault(stage, []).append(after)
        _progress(f"{number + 1} of {count} single events, the last readable after {took[-1]:.1f} s")
    print(f"\r{count} single events, from POST to readable: {_quantiles(took)}" + " " * 20)
    print("seconds after the POST until …")
    for stage, measured in stages.items():
        print(f"  {stage:<34}{_quantiles(measured)}")


def _stages(run: Mapping[str, Any], began: float, answered: float, readable: float) -> dict[str, float]:
    """Seconds after the POST at which each stage was reached."""
    ends = _ends(run)
    return {
        "it is answered: durable": answered,
        "its run is asked for": run["creationTime"] - began,
        "the run's process works": (run["startTime"] or 0.0) - began,
        "Jira's answer is in the raw log": ends["raw_issues"] - began,
        "the rows are in the warehouse": ends["jira_tables"] - began,
        "the published copy shows them": readable,
    }


def _ends(run: Mapping[str, Any]) -> dict[str, float]:
    """When each step of a run ended; 0 for one that goes on."""
    return {step["stepKey"]: step["endTime"] or 0.0 for step in run["stepStats"]}


def _burst(journey: Journey, rng: random.Random, count: int) -> None:
    months = journey.busiest(12)
    latest: dict[str, Edit] = {}
    edits = [journey.edit(rng, months) for _ in range(count)]
    latest.update({edit.issue_id: edit for edit in edits})
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(journey.post, edits))
    posted = time.monotonic() - began
    journey.wait_for(list(latest.values()))
    seconds = time.monotonic() - began
    print(
        f"{count} events about {len(latest)} issues in {len(months)} months: "
        f"answered after {posted:.1f} s, all readable after {seconds:.1f} s"
    )


def _quantiles(values: Sequence[float]) -> str:
    cuts = statistics.quantiles(values, n=20, method="inclusive") if len(values) > 1 else [values[0]] * 19
    return f"p50 {cuts[9]:5.2f}   p95 {cuts[18]:5.2f}   max {max(values):5.2f}"


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r{text}   ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
