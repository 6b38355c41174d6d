"""``jira-assets demo``: a Jira site, Dagster, and a copy of the one made and kept up to date by the other."""

import argparse
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from jira_assets import clock
from jira_assets.commands.demo.folder import demo_folder, write_settings
from jira_assets.commands.demo.live import People
from jira_assets.commands.demo.processes import (
    Running,
    dagster_dev,
    environment_for,
    receiver,
    require_free_port,
)
from jira_assets.commands.demo.queries import show_queries
from jira_assets.commands.demo.ui import Progress, Ui
from jira_assets.privacy.key import new_key
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings.folders import DEFAULT_DATA_DIR

_DESCRIPTION = """\
Start a made-up Jira site, Dagster and the receiver of webhooks on this machine, copy all months of the site
into DuckDB, let people work on the site while webhooks keep the copy up to date, and show the result. Neither
your settings nor your Dagster history are touched. Ctrl-C stops everything."""
_SECONDS_BETWEEN_LOOKS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs until interrupted. Returns 0 if all months were copied and all events applied, 1 if not."""
    arguments = _parser().parse_args(argv)
    require_free_port(arguments.port)
    with demo_folder(arguments.data_dir.absolute()) as folder:
        site = _site(arguments)
        _end_on_signals()
        with serve(site) as sandbox:
            keys = new_key("demo")
            environment = {**environment_for(sandbox, folder), "JIRA_ENCRYPTION_KEYS": keys}
            write_settings(folder, environment)
            with (
                receiver(folder, environment) as received,
                dagster_dev(folder, arguments.port, environment) as dagster,
            ):
                _say(f"A Jira site with {len(site):,} issues is at {sandbox.url}. Starting Dagster …")
                ui = Ui(dagster.url, dagster.check)
                succeeded = _copy(sandbox, ui)
                people = People(site, received.url, environment["JIRA_WEBHOOK_SECRET"], folder, _say)
                if succeeded:
                    ui.run_job("refresh_slas")
                    succeeded = people.work_for(arguments.live_seconds, ui)
                    show_queries(folder / "published" / "jira.duckdb", keys)
                if not arguments.exit_when_done:
                    _stay(people, dagster, received, folder)
    return 0 if succeeded else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jira-assets demo", description=_DESCRIPTION)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--issues", type=int, default=1500, metavar="N", help="how many issues to make up (1500)"
    )
    source.add_argument(
        "--file", type=Path, metavar="FILE", help="serve these issues: one full issue (JSON) per line, or .gz"
    )
    parser.add_argument("--port", type=int, default=3000, help="where Dagster's UI listens (3000)")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(DEFAULT_DATA_DIR, "demo"),
        metavar="FOLDER",
        help="where everything is kept; emptied at the start (data/demo)",
    )
    parser.add_argument(
        "--live-seconds",
        type=float,
        default=30,
        metavar="S",
        help="for how long people work on the site before the result is shown (30)",
    )
    parser.add_argument(
        "--exit-when-done", action="store_true", help="stop when the result is shown, or something has failed"
    )
    return parser


def _end_on_signals() -> None:
    """Whatever ends us, what we started ends first."""

    def leave(number: int, frame: FrameType | None) -> None:
        del frame
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    # Shells start background jobs with Ctrl-C ignored. Dagster would inherit that, and ignore SIGTERM too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _site(arguments: argparse.Namespace) -> Site:
    if arguments.file is None:
        site = generated_site(arguments.issues, now=int(clock.seconds() * 1e9) // 1_000_000)
    else:
        _say(f"Reading {arguments.file} …")
        site = Site.from_lines(arguments.file)
    site.slas_run = True
    return site


def _copy(sandbox: RunningSandbox, ui: Ui) -> bool:
    """Backfills all months through the UI's API. True if every one of them succeeded."""
    ui.wait_until_loaded()
    backfill = ui.launch_backfill()
    _say(f"A backfill of all months is under way: {ui.url}/runs/b/{backfill}")
    _say("Dagster's daemon takes it up within 30 seconds.")
    began, said = time.monotonic(), ""
    while not (progress := ui.progress(backfill)).finished:
        line = _line(progress, len(sandbox.requests))
        if line != said and sandbox.requests:
            _say(f"{time.monotonic() - began:5.0f} s  {line}")
            said = line
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    _say(f"{time.monotonic() - began:5.0f} s  {_line(progress, len(sandbox.requests))}")
    if not progress.succeeded:
        _say("\n".join(["Not all months were copied. What failed:", *progress.unsuccessful]), sys.stderr)
    _say(f"{_verdict(ui.checks())}\n")
    return progress.succeeded


def _line(progress: Progress, requests: int) -> str:
    months = f"{progress.months_done} of {progress.months} months"
    return f"{months}, {progress.issues:,} issues, {requests:,} requests"


def _verdict(checks: Mapping[str, str]) -> str:
    failed = [f"{name} ({status.lower()})" for name, status in checks.items() if status != "SUCCEEDED"]
    passed = f"{len(checks) - len(failed)} of {len(checks)} checks passed"
    return f"{passed}; not so: {', '.join(failed)}" if failed else passed


def _stay(people: People, dagster: Running, received: Running, folder: Path) -> None:
    published = folder / "published" / "jira.duckdb"
    _say(
        f"Dagster's UI:   {dagster.url}\nPublished copy: {published}\n"
        "Names in it are pseudonyms. With the key, which is in .env there:\n"
        f"  cd {folder} && {Path(sys.argv[0]).absolute()} decrypt --query 'FROM jira_issues'\n"
        "People go on working. Ctrl-C stops."
    )
    with suppress(KeyboardInterrupt), people.at_work():
        while True:
            dagster.check()
            received.check()
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream, flush=True)
