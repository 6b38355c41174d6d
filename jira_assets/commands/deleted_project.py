"""``jira-assets deleted-project``: the word of somebody who knows, where Jira's silence proves nothing.

A project that was deleted is to us as one that we may not see any more, so its issues stay until this is run.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from jira_assets import clock
from jira_assets.inbox.queue import Item
from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.states import bulk_states, missing
from jira_assets.raw.record import Record, Source
from jira_assets.settings import Settings
from jira_assets.sync.missing_issues import deletion
from jira_assets.sync.reconcile.scope import Scope, stored_item
from jira_assets.sync.requeue import requeue_linked_issues
from jira_assets.warehouse.known import KnownIssue

_DESCRIPTION = """\
Says that a project was deleted in Jira, with all its issues. Jira itself answers for what is deleted as
it does for what may not be seen, so nobody else can tell. The issues leave the tables with all that
belongs to them, and stand in deleted_issues; what Jira said of them stays in the raw log.

It is refused while Jira still shows the project, or any of its issues. Issues that were moved to another
project in time are fetched from there. It can be repeated if it was interrupted."""
_NAMED_AT_MOST = 10


class NotDeleted(Exception):
    """Jira still shows the project, or something of it, or nothing at all."""


def main(argv: Sequence[str]) -> int:
    """Returns 0 if it is done, and 1 if it was not wanted after all."""
    arguments = _parser().parse_args(argv)
    settings = Settings.load()
    with JiraClient.from_settings(settings) as client:
        scope = Scope.from_settings(settings, client)
        gone, moved = find_deleted(scope, arguments.project)
        sys.stdout.write(
            f"{len(gone)} stored issues of {arguments.project} are not in Jira: {_named(gone)}\n"
        )
        if not (gone or moved):
            return 0
        if not (arguments.yes or _is_confirmed()):
            sys.stderr.write("Nothing was done.\n")
            return 1
        call_deleted(scope, gone, moved)
    told = f"{len(gone)} issues are deleted; the runs of their months, which are asked for, take them out."
    sys.stdout.write(f"{told}\n")
    return 0


def find_deleted(scope: Scope, project: str) -> tuple[list[KnownIssue], list[KnownIssue]]:
    """The stored issues of a project that are not in Jira any more, and those that are in another one now.

    Raises ``NotDeleted``, ``JiraError`` and ``WarehouseError``.
    """
    visible = visible_projects(scope.client)
    if project in visible:
        raise NotDeleted(f"the project {project} is visible: nothing was done")
    if not visible:
        raise NotDeleted("no project is visible, so it may be this account that lost its rights")
    stored = {one.issue_id: one for one in scope.known.of_project(project)}
    found = {state.issue_id: state for page in bulk_states(scope.client, list(stored)) for state in page}
    left_out = [issue_id for issue_id in stored if issue_id not in found]
    absent = missing(scope.client, left_out)
    there = [stored[issue_id] for issue_id in left_out if issue_id not in absent]
    there += [stored[issue_id] for issue_id, state in found.items() if state.project in (None, project)]
    if there:
        raise NotDeleted(f"Jira still shows {_named(there)}: nothing was done")
    return [stored[issue_id] for issue_id in absent], [stored[issue_id] for issue_id in found]


def call_deleted(scope: Scope, gone: Sequence[KnownIssue], moved: Sequence[KnownIssue]) -> None:
    """Appends a tombstone for each issue, and queues whatever makes runs follow.

    Raises ``RawLogError`` and ``WarehouseError``; then it is to be done again.
    """
    now = clock.now()
    items: dict[str, list[Item]] = defaultdict(list)
    by_month: dict[str, list[KnownIssue]] = defaultdict(list)
    for stored in gone:
        by_month[stored.month].append(stored)
        items[stored.month].append(stored_item(stored, "its project was deleted"))
        # Once they are durably deleted, nobody looks for these.
        requeue_linked_issues(scope.known, scope.queue, stored.issue_id, "its project was deleted", now)
    for stored in moved:
        items[stored.month].append(stored_item(stored, "was moved before its project was deleted"))
    for month, of_month in by_month.items():
        asked_at = scope.client.now  # a person said so after Jira had answered
        tombstones = [_tombstone(stored, asked_at) for stored in of_month]
        standing = scope.raw.standing(month, [stored.issue_id for stored in of_month])
        scope.raw.append(month, standing.after(tombstones))
    scope.queue.add(items)


def _tombstone(stored: KnownIssue, at: datetime) -> Record:
    confirmed = "a person: its project was deleted; then 404"
    return deletion(stored.issue_id, at, Source.RECONCILE, stored.project, stored.key, confirmed)


def _named(stored: Sequence[KnownIssue]) -> str:
    shown = ", ".join(one.key for one in stored[:_NAMED_AT_MOST])
    more = len(stored) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def _is_confirmed() -> bool:
    sys.stderr.write("Were they deleted, and do you want them out of the tables? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets deleted-project",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("project", metavar="KEY", help="the project's key, as in the keys of its issues")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser
