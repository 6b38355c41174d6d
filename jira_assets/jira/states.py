"""Where issues are and when they were last changed: little enough to ask for thousands of them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import msgspec

from jira_assets.jira.bulk import bulk_issues
from jira_assets.jira.client import JiraClient
from jira_assets.timestamps import month_of, parse_timestamp

FIELDS = ("created", "updated", "project")


class IssueState(NamedTuple):
    """An issue as Jira shows it."""

    issue_id: str
    key: str | None
    created: datetime
    project: str | None
    updated: datetime | None

    @property
    def month(self) -> str:
        """The one that it is kept in."""
        return month_of(self.created)


class _Project(msgspec.Struct):
    key: str | None = None


class _Fields(msgspec.Struct):
    created: object = None
    updated: object = None
    project: _Project | None = None


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
        project = self.fields.project.key if self.fields.project else None
        return IssueState(str(self.id), self.key, created, project, parse_timestamp(self.fields.updated))


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
