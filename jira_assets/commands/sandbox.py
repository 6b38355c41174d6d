"""``jira-assets sandbox``: a Jira Cloud site on localhost."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

from jira_assets.sandbox.deliveries import Deliveries
from jira_assets.sandbox.faults import Faults, rate_limited, slow, unavailable
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.live import Report, run_activity
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site

_DESCRIPTION = """\
Serve a Jira Cloud site on localhost, to develop and demonstrate against: a generated one,
or real issues from a file with one full issue (JSON) per line. With --webhook-url people are at work on it,
and the webhook is told of what they do, signed with the secret in JIRA_WEBHOOK_SECRET."""

_EPILOG = """\
examples:
  jira-assets sandbox --generate 2000
  jira-assets sandbox --issues issues.jsonl.gz --port 8765
  jira-assets sandbox --generate 500 --rate-limit 0.1 --latency-ms 80
  jira-assets sandbox --webhook-url http://127.0.0.1:8080/webhooks/jira --activity 60"""
_SECRET = "JIRA_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
_USUAL_ACTIVITY = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sandbox until interrupted. The exit status is 2 if the issues or the settings are not good."""
    arguments = _parser().parse_args(argv)
    try:
        deliveries = _deliveries(arguments)
        site = _site(arguments)
    except (OSError, ValueError) as error:
        _say(f"jira-assets sandbox: {error}", sys.stderr)
        return 2
    site.search_lag = arguments.search_lag
    site.read_lag = arguments.read_lag
    site.slas_run = True
    with ExitStack() as stack:
        running = stack.enter_context(
            serve(site, _faults(arguments), host=arguments.host, port=arguments.port)
        )
        if deliveries is not None:
            stack.enter_context(deliveries)
        try:
            _say(_welcome(running))
            _stay(site, deliveries, arguments)
        except KeyboardInterrupt:
            waiting = deliveries.under_way if deliveries else 0
            _say(f"stopped; {waiting} events were not delivered" if waiting else "stopped")
    return 0


def _stay(site: Site, deliveries: Deliveries | None, arguments: argparse.Namespace) -> None:
    """Until interrupted; with people at work if asked for."""
    stop = Event()
    per_minute = arguments.activity
    if per_minute is None:
        per_minute = 0 if deliveries is None else _USUAL_ACTIVITY
    if per_minute:
        simulator = Simulator(site, arguments.seed)
        run_activity(simulator, deliveries, per_minute, stop, Report(_say, deliveries))
    else:
        stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets sandbox",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--issues", type=Path, metavar="FILE", help="full issues, one per line; .gz may be compressed"
    )
    source.add_argument(
        "--generate", type=int, default=1000, metavar="N", help="how many issues to make up (1000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes up the same issues (1)")
    parser.add_argument(
        "--fields", type=Path, metavar="FILE", help="the /field catalogue that belongs to --issues"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="port to listen at; 0 takes a free one (8765)")
    faults = parser.add_argument_group("faults")
    faults.add_argument(
        "--rate-limit", type=_probability, default=0.0, metavar="P", help="share of requests answered 429"
    )
    faults.add_argument(
        "--unavailable", type=_probability, default=0.0, metavar="P", help="share of requests answered 503"
    )
    faults.add_argument("--latency-ms", type=int, default=0, metavar="MS", help="delay of every answer")
    faults.add_argument(
        "--search-lag", type=float, default=0.0, metavar="S", help="seconds until search sees a change"
    )
    faults.add_argument(
        "--read-lag", type=float, default=0.0, metavar="S", help="seconds until reads by id see a change"
    )
    activity = parser.add_argument_group("activity")
    activity.add_argument(
        "--webhook-url", metavar="URL", help=f"tell this webhook of changes; needs {_SECRET}"
    )
    activity.add_argument(
        "--activity",
        type=_count,
        metavar="N",
        help=f"how many things people do in a minute ({_USUAL_ACTIVITY} with --webhook-url, otherwise 0)",
    )
    return parser


def _deliveries(arguments: argparse.Namespace) -> Deliveries | None:
    if arguments.webhook_url is None:
        return None
    secret = os.environ.get(_SECRET, "")
    if not secret:
        raise ValueError(f"{_SECRET} is not set: events are signed with the secret that the receiver knows")
    return Deliveries(arguments.webhook_url, secret, arguments.seed)


def _site(arguments: argparse.Namespace) -> Site:
    if arguments.issues is None:
        return generated_site(arguments.generate, arguments.seed)
    fields: list[dict[str, Any]] | None = None
    if arguments.fields is not None:
        fields = json.loads(arguments.fields.read_text())
    return Site.from_lines(arguments.issues, fields=fields)


def _faults(arguments: argparse.Namespace) -> Faults:
    faults = Faults(seed=arguments.seed)
    if arguments.rate_limit:
        faults.add(rate_limited(1), probability=arguments.rate_limit)
    if arguments.unavailable:
        faults.add(unavailable(), probability=arguments.unavailable)
    if arguments.latency_ms:
        faults.add(slow(arguments.latency_ms / 1000))
    return faults


def _welcome(running: RunningSandbox) -> str:
    account = running.account
    return f"""\
Jira sandbox with {len(running.site):,} issues. To use it:

  export JIRA_BASE_URL={running.url}
  export JIRA_EMAIL={account.email}
  export JIRA_API_TOKEN={account.token}

Gateway for scoped tokens: {running.gateway_url} (token {running.scoped_account.token}). Ctrl-C stops it."""


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _say(text: str, stream: Any = None) -> None:
    (stream or sys.stdout).write(text + "\n")
    (stream or sys.stdout).flush()
