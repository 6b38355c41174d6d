"""Proof that an issue is deleted: Jira answers for what is deleted as it does for what we may not see."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import quote

from msgspec import Raw

from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import MissingOrForbidden


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
