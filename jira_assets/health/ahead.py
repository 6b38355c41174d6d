"""What Jira has that is newer than the copy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jira_assets.jira.bulk import SEARCH
from jira_assets.jira.errors import ProjectsNotVisible
from jira_assets.jira.jql import in_projects
from jira_assets.jira.states import first_updated
from jira_assets.reconcile.scope import Scope, created_within
from jira_assets.timestamps import epoch_milliseconds


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
    kept = scope.kept() or scope.kept_since(now)
    condition = in_projects(created_within(kept.spans), scope.projects)
    newest = first_updated(scope.client, f"{condition} ORDER BY updated DESC")
    if here is None:
        return Ahead(newest)
    if newest is None:
        reason = "Jira shows none of the issues, and some are stored: the account may have lost its rights."
        raise ProjectsNotVisible("POST", SEARCH, 200, reason)
    if newest <= here:
        return Ahead(newest, 0)
    missing = f"{condition} AND updated > {epoch_milliseconds(here)} ORDER BY updated ASC"
    # It may have been changed again since the first answer: then that one counts.
    first = first_updated(scope.client, missing) or newest
    return Ahead(newest, max(0, (now - first) // timedelta(seconds=1)))
