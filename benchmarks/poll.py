"""One look at the SLAs of all open tickets: how many requests, how long, and how patient under rate limits.

Open tickets of a made-up service desk are spread over months and copied. Then they are polled: twice, to see
that nothing changes but what time changes, in a storm of 429 answers, and through Dagster, from the request
for a run to its end.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from default_tables import TABLES, site_of

from jira_assets.commands.demo.folder import demo_folder
from jira_assets.commands.demo.processes import dagster_dev, environment_for, free_port
from jira_assets.commands.demo.ui import Ui
from jira_assets.jira.client import JiraClient
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.custom_fields import field_catalogue
from jira_assets.sandbox.faults import rate_limited
from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.settings import Settings
from jira_assets.sync.download import Download
from jira_assets.sync.slas.poll import SlaPoll
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.timestamps import month_of
from jira_assets.warehouse.refresh import Refresh
from jira_assets.warehouse.unpartitioned import read_table

_DAYS_OF_A_MONTH = 30.4
_MILLISECONDS_A_DAY = 86_400_000


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="poll-") as base, demo_folder(Path(base) / "copy") as folder:
        site = Site(_open_tickets(arguments.tickets, arguments.months), fields=field_catalogue())
        site.slas_run = True
        with serve(site) as sandbox:
            environment = environment_for(sandbox, folder)
            settings = Settings(environment)
            _copy(settings, site)
            for what in ("a poll", "another"):
                _poll(settings, sandbox, what)
            sandbox.faults.add(rate_limited(1), probability=0.5)
            _poll(settings, sandbox, "in a storm")
            sandbox.faults.clear()
            with dagster_dev(folder, free_port(), environment) as dagster:
                ui = Ui(dagster.url, dagster.check)
                ui.wait_until_loaded()
                _through_dagster(ui, folder / "published", arguments.runs)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=1350, help="how many are open (%(default)s)")
    parser.add_argument("--months", type=int, default=30, help="that they were created in (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of Dagster (%(default)s)")
    return parser.parse_args()


def _open_tickets(count: int, months: int) -> Iterator[dict[str, Any]]:
    """Issues of a service desk, all open, evenly over the months until now."""
    now = time.time_ns() // 1_000_000
    found = 0
    for issue in generate(count * 8, now=now):
        fields = issue["fields"]
        is_open = fields["status"]["statusCategory"]["key"] != "done"
        if not is_open or not any(
            isinstance(each, dict) and "completedCycles" in each for each in fields.values()
        ):
            continue
        age = found * months * _DAYS_OF_A_MONTH / count
        fields["created"] = iso(int(now - age * _MILLISECONDS_A_DAY))
        yield issue
        found += 1
        if found == count:
            return
    raise SystemExit(f"only {found} of the made-up issues are open tickets")


def _copy(settings: Settings, site: Site) -> None:
    created = {datetime.fromtimestamp(issue.created / 1000, UTC) for issue in site}
    months = sorted({month_of(moment) for moment in created})
    with JiraClient.from_settings(settings) as client:
        download = Download(settings, client, logging.getLogger("poll"))
        download.run(months, queued_only=False)
    raw = RawLog(settings.raw_dir, settings.keyring)
    names = site_of(settings.raw_dir)
    done = Refresh(raw, settings.warehouse_path, TABLES, names).run(months)
    print(f"{done.issues:,} open tickets of {len(done.months)} months are copied")


def _poll(settings: Settings, sandbox: RunningSandbox, what: str) -> None:
    before = read_table(settings.warehouse_path, OPEN_TICKET_SLAS)
    given = len(sandbox.faults.given)
    began = time.monotonic()
    with JiraClient.from_settings(settings) as client:
        polled = SlaPoll(settings, client, client, logging.getLogger("poll")).run()
        counts = client.statistics
    seconds = time.monotonic() - began
    after = read_table(settings.warehouse_path, OPEN_TICKET_SLAS)
    moving = ["observed_at", "elapsed_millis", "remaining_millis", "breached"]
    same = after.drop(moving).equals(before.drop(moving))
    print(
        f"{what:12} {seconds:6.2f} s, {counts.requests} requests (the field catalogue is one), "
        f"{len(sandbox.faults.given) - given} refused, {counts.throttled_seconds:.1f} s waited; "
        f"{len(polled.updated):,} updated, {len(polled.healed)} healed, {polled.rows:,} rows"
        f"{', the same but for what time changes' if same else ''}"
    )


def _through_dagster(ui: Ui, published: Path, runs: int) -> None:
    took = []
    for _ in range(runs):
        last, began = _observed(published), time.monotonic()
        if not ui.run_job("refresh_slas") or _observed(published) == last:
            raise SystemExit(f"the run failed: {ui.url}/runs")
        took.append(time.monotonic() - began)
    median, spread = statistics.median(took), f"{min(took):.1f} to {max(took):.1f}"
    print(f"through Dagster, to the end of the run: {median:.1f} s ({spread})")


def _observed(published: Path) -> object:
    path = published / OPEN_TICKET_SLAS.name / "all.parquet"
    if not path.exists():
        return None
    return duckdb.execute(f"SELECT max(observed_at) FROM read_parquet('{path}')").fetchone()


if __name__ == "__main__":
    sys.exit(main())
