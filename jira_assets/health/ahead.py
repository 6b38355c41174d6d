"""What Jira has that is newer than the copy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from jira_assets.jira.bulk import SEARCH, search
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import ProjectsNotVisible
from jira_assets.reconcile.scope import Scope, created_within, in_projects
from jira_assets.timestamps import epoch_milliseconds, parse_timestamp


class _Fields(msgspec.Struct):
    updated: str | None = None


class _Issue(msgspec.Struct):
    fields: _Fields


@dataclass(frozen=True, slots=True)
class Ahead:
    """The newest update of an issue in Jira, and for how many seconds it has had one that is not stored."""

    newest: datetime | None = None
    behind_s: int | None = None


def ahead(scope: Scope, here: datetime | None, now: datetime) -> Ahead:
    """Compares the issues that are kept up to date with ``here``, the newest update that is stored.

    The first update that is newer counts: on a quiet site the two newest are hours apart the moment that
    something changes. Raises ``WarehouseBusy`` and ``JiraError``: also where Jira shows nothing although
    something is stored, since that is how it answers an account without rights.
    """
    kept = scope.kept(scope.known.oldest_reading() or now)
    condition = in_projects(created_within(kept.spans), scope.projects)
    newest = _updated(scope.client, f"{condition} ORDER BY updated DESC")
    if here is None:
        return Ahead(newest)
    if newest is None:
        reason = "Jira shows none of the issues, and some are stored: the account may have lost its rights."
        raise ProjectsNotVisible("POST", SEARCH, 200, reason)
    if newest <= here:
        return Ahead(newest, 0)
    missing = f"{condition} AND updated > {epoch_milliseconds(here)} ORDER BY updated ASC"
    # It may have been changed again since the first answer: then that one counts.
    first = _updated(scope.client, missing) or newest
    return Ahead(newest, max(0, (now - first) // timedelta(seconds=1)))


def _updated(client: JiraClient, jql: str) -> datetime | None:
    """When the first issue that the JQL selects was updated."""
    page = next(search(client, jql, ["updated"], issues_per_page=1))
    for raw in page.value.issues:
        return parse_timestamp(msgspec.json.decode(raw, type=_Issue).fields.updated)
    return None
