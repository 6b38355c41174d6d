"""Proof that an issue is deleted: Jira answers for what is deleted as it does for what we may not see."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

from msgspec import Raw

from jira_assets.jira.bulk import visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import MissingOrForbidden
from jira_assets.jira.states import bulk_states


def confirmed_deletions(
    client: JiraClient,
    projects: Mapping[str, str | None],
    witnesses: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> dict[str, datetime]:
    """Those of some issues that are gone while their project can still be seen, and when that was asked.

    ``projects`` maps the ids of issues that there is reason to believe deleted to the project each was in;
    without one nothing is confirmed. ``witnesses`` are issues that are seen by whoever sees the one they
    stand for: where there is an entry, one of them must be there. Raises ``JiraError``.
    """
    with ThreadPoolExecutor(client.concurrency, thread_name_prefix="jira deletions") as pool:
        asked = pool.map(lambda issue_id: _missing_at(client, issue_id), projects)
        missing = {issue_id: at for issue_id, at in zip(projects, asked, strict=True) if at is not None}
    if not missing:
        return {}
    # Asked last: a right that was lost before the issues were asked for shows here.
    called = sorted({witness for issue_id in missing for witness in witnesses.get(issue_id, ())}, key=int)
    seen = {state.issue_id for page in bulk_states(client, called) for state in page}
    visible = visible_projects(client).keys()
    return {
        issue_id: at
        for issue_id, at in missing.items()
        if projects[issue_id] in visible
        and (issue_id not in witnesses or not seen.isdisjoint(witnesses[issue_id]))
    }


def _missing_at(client: JiraClient, issue_id: str) -> datetime | None:
    asked_at = datetime.now(UTC)
    try:
        client.get_json(f"/rest/api/3/issue/{quote(issue_id, safe='')}", {"fields": "project"}, Raw)
    except MissingOrForbidden:
        return asked_at
    return None
