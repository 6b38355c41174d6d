"""What Jira has that is newer than the copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jira_assets import clock
from jira_assets.jira.access import visible_ones_of
from jira_assets.jira.bulk import SEARCH
from jira_assets.jira.errors import ProjectsNotVisible
from jira_assets.jira.jql import in_projects
from jira_assets.jira.states import first_updated, newest_update
from jira_assets.sync.reconcile.scope import Scope, created_within
from jira_assets.timestamps import epoch_milliseconds


@dataclass(frozen=True, slots=True)
class Lag:
    """The newest updates of issues in Jira and here, and for how many seconds Jira has had one that is not
    stored. ``lost`` are the projects that should be copied and cannot be seen.
    """

    newest: datetime | None = None
    here: datetime | None = None
    behind_s: int | None = None
    lost: Sequence[str] = ()


def measure_lag(scope: Scope, now: datetime) -> Lag:
    """Compares the newest updates of the issues that are kept up to date; ``now`` is by our clock.

    What lies in the future, by Jira's clock, tells nothing. The first update that is not stored counts: on a
    quiet site the two newest are hours apart the moment that something changes. Raises ``WarehouseError`` and
    ``JiraError``: also where Jira shows nothing although something is stored, since that is how it answers an
    account without rights.
    """
    kept = scope.kept() or scope.kept_since(now)
    projects = visible_ones_of(scope.client, scope.projects)
    lost = [project for project in scope.projects if project not in projects]
    condition = in_projects(created_within(kept.spans), projects)
    newest = newest_update(scope.client, condition)
    now += scope.client.now - clock.now()
    here = scope.known.newest_update(now)
    if newest is None and here is not None:
        reason = "Jira shows none of the issues, and some are stored: the account may have lost its rights."
        raise ProjectsNotVisible("POST", SEARCH, 200, reason)
    if newest is not None and newest > now:
        newest = newest_update(scope.client, condition, now)
    if newest is None or here is None:
        return Lag(newest, here, None, lost)
    if newest <= here:
        return Lag(newest, here, 0, lost)
    since, until = epoch_milliseconds(here), epoch_milliseconds(now)
    missing = f"{condition} AND updated > {since} AND updated <= {until} ORDER BY updated ASC"
    # It may have been changed again since the first answer: then that one counts.
    first = first_updated(scope.client, missing) or newest
    return Lag(newest, here, max(0, (now - first) // timedelta(seconds=1)), lost)
