"""``jira-assets audit``: the daily audit at any time, and of as many issues as one likes."""

import argparse
import sys
from collections.abc import Sequence

from jira_assets.jira.client import JiraClient
from jira_assets.settings import Settings
from jira_assets.sync.reconcile.audit import SAMPLE, Auditor
from jira_assets.sync.reconcile.scope import Scope

_DESCRIPTION = """\
Reads issues from Jira anew and compares them with what is published: key, status, time of change, texts, and
the number of comments, worklogs, changes, attachments and links. All ids are compared, too. What differs, and
has not merely changed since it was fetched, is named and queued to be fetched again. Remote links and SLAs
are not compared. Exit code 1 if anything differs."""


def main(argv: Sequence[str]) -> int:
    """Returns 0 if nothing differs, else 1."""
    arguments = _parser().parse_args(argv)
    settings = Settings.load()
    with JiraClient.from_settings(settings) as client:
        scope = Scope.from_settings(settings, client)
        audit = Auditor.from_settings(settings, scope, _tell).run(arguments.sample, arguments.seed)
    for difference in audit.differences:
        sys.stdout.write(f"{difference}\n")
    since = f", {len(audit.changed_since)} changed since" if audit.changed_since else ""
    differ = f"{len(audit.differences)} differ" if audit.differences else "none differs"
    sys.stdout.write(f"{audit.ids:,} ids and {audit.issues:,} issues compared: {differ}{since}.\n")
    return 1 if audit.differences else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it should be 1 or more")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets audit",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--sample",
        type=_positive,
        default=SAMPLE,
        metavar="N",
        help="issues to choose at random, and newest changes (%(default)s)",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="choose the same ones again")
    return parser
