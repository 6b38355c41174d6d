"""Where issues are, when they were last changed, and whether they are open: little enough for thousands."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import Raw

from jira_assets.jira.bulk import bulk_issues, search, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import MissingOrForbidden
from jira_assets.jira.jql import in_projects, in_steady_order, month_bounds
from jira_assets.timestamps import epoch_milliseconds, month_of, parse_timestamp

FIELDS = ("created", "updated", "project", "status")
DONE = "done"
"""The key of the category of statuses in which an issue is closed; names are the site's own."""


class IssueState(NamedTuple):
    """An issue as Jira shows it."""

    issue_id: str
    key: str | None
    created: datetime
    project: str | None
    updated: datetime | None
    status: str | None
    category: str | None
    status_id: str | None = None

    @property
    def month(self) -> str:
        """The one that it is kept in."""
        return month_of(self.created)


class _Keyed(msgspec.Struct):
    key: str | None = None


class _Status(msgspec.Struct):
    id: str | int | None = None
    name: str | None = None
    statusCategory: _Keyed | None = None


class _Fields(msgspec.Struct):
    created: object = None
    updated: object = None
    project: _Keyed | None = None
    status: _Status | None = None


class ShownIssue(msgspec.Struct):
    """An issue with the ``FIELDS``."""

    id: str | int
    fields: _Fields
    key: str | None = None

    @property
    def state(self) -> IssueState | None:
        """None for an issue without a readable ``created``, which cannot be placed."""
        created = parse_timestamp(self.fields.created)
        if created is None:
            return None
        project, status = self.fields.project or _Keyed(), self.fields.status or _Status()
        return IssueState(
            str(self.id),
            self.key,
            created,
            project.key,
            parse_timestamp(self.fields.updated),
            status.name,
            (status.statusCategory or _Keyed()).key,
            None if status.id is None else str(status.id),
        )


def states_of(issues: Iterable[msgspec.Raw]) -> list[IssueState]:
    """The states of the issues on a page, but for those that are no issues."""
    states = []
    for issue in issues:
        with suppress(msgspec.DecodeError):
            state = msgspec.json.decode(issue, type=ShownIssue).state
            states += [state] if state is not None else []
    return states


def bulk_states(client: JiraClient, issue_ids: Sequence[str]) -> Iterator[list[IssueState]]:
    """The states of the issues with these ids, up to a thousand at a time, as they are and not as search
    has them; what Jira leaves out may be deleted or out of sight. Raises ``JiraError``.
    """
    for page in bulk_issues(client, issue_ids, FIELDS):
        yield states_of(page.value.issues)


def state_of(client: JiraClient, issue_id: str) -> IssueState | None:
    """The state of one issue, from its own address; None if it cannot be placed. Raises ``JiraError``."""
    path = f"/rest/api/3/issue/{quote(issue_id, safe='')}"
    return client.get_json(path, {"fields": ",".join(FIELDS)}, ShownIssue).state


def months_created_since(client: JiraClient, month: str, projects: Sequence[str]) -> set[str]:
    """The months after this one in which issues were created, by what they say."""
    _, after = month_bounds(month)
    query = in_steady_order(in_projects(f"created >= {epoch_milliseconds(after)}", projects))
    pages = search(client, query, FIELDS)
    return {state.month for page in pages for state in states_of(page.value.issues)}


def newest_update(client: JiraClient, condition: str, until: datetime | None = None) -> datetime | None:
    """When the issue was updated that was so last, of those that a JQL condition selects, if ``until`` is
    given without what lies after it; None if it selects none.
    """
    limit = "" if until is None else f" AND updated <= {epoch_milliseconds(until)}"
    return first_updated(client, f"{condition}{limit} ORDER BY updated DESC")


def first_updated(client: JiraClient, jql: str) -> datetime | None:
    """When the first issue that the JQL selects was updated; None if it selects none."""
    page = next(search(client, jql, FIELDS, issues_per_page=1))
    return next((state.updated for state in states_of(page.value.issues)), None)


def missing(client: JiraClient, issue_ids: Collection[str]) -> dict[str, datetime]:
    """Those of some issues for which Jira has no answer, each asked for by itself, and when that was asked.

    What bulk reads leave out may be archived, and then it answers here. Raises ``JiraError``.
    """
    if not issue_ids:
        return {}
    with ThreadPoolExecutor(client.concurrency, thread_name_prefix="jira deletions") as pool:
        asked = pool.map(lambda issue_id: _missing_at(client, issue_id), issue_ids)
        return {issue_id: at for issue_id, at in zip(issue_ids, asked, strict=True) if at is not None}


def confirmed_deletions(client: JiraClient, projects: Mapping[str, str | None]) -> dict[str, datetime]:
    """Those of some issues that are gone while their project can still be seen, and when that was asked.

    ``projects`` maps the ids of issues that there is reason to believe deleted to the project each was in;
    without one nothing is confirmed. Raises ``JiraError``.
    """
    gone = missing(client, projects)
    # Asked last: a right that was lost before the issues were asked for shows here.
    visible = visible_projects(client).keys() if gone else set()
    return {issue_id: at for issue_id, at in gone.items() if projects[issue_id] in visible}


def _missing_at(client: JiraClient, issue_id: str) -> datetime | None:
    asked = client.clock.reading()
    try:
        client.get_json(f"/rest/api/3/issue/{quote(issue_id, safe='')}", {"fields": "project"}, Raw)
    except MissingOrForbidden:
        return client.clock.at(asked)
    return None
