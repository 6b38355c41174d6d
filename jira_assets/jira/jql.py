"""The JQL that we send. Times are epoch milliseconds: a quoted time is read in the account's own zone."""

import re
from collections.abc import Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta
from itertools import pairwise

from jira_assets.timestamps import epoch_milliseconds

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month (``YYYY-MM``, UTC) and the first after it. Raises ``ValueError``."""
    if not _MONTH.fullmatch(month):
        raise ValueError(f"{month!r} is not a month (YYYY-MM)")
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    if (start.year, start.month) == (MAXYEAR, 12):
        return start, datetime.max.replace(tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def created_in_month(month: str, projects: Sequence[str] = ()) -> str:
    """Selects the issues created in a UTC month, in an order that does not move while it is paged through.

    An unquoted integer is epoch milliseconds (jira_cloud.md 1.1). No projects means every visible one.
    """
    return in_steady_order(created_between(*month_bounds(month), projects))


def created_on_days_of(month: str, projects: Sequence[str] = ()) -> list[str]:
    """As ``created_in_month``, a search for each day."""
    start, after = month_bounds(month)
    days = [start + timedelta(days) for days in range((after - start).days + 1)]
    return [in_steady_order(created_between(*bounds, projects)) for bounds in pairwise(days)]


def created_between(start: datetime, after: datetime, projects: Sequence[str] = ()) -> str:
    """The condition that an issue was created from ``start`` on and before ``after``, in no order."""
    created = f"created >= {epoch_milliseconds(start)} AND created < {epoch_milliseconds(after)}"
    return in_projects(created, projects)


def open_issues(projects: Sequence[str] = ()) -> str:
    """Selects the issues that are not closed, by the key of their status's category: names are translated."""
    return in_steady_order(in_projects("statusCategory != done", projects))


def in_projects(condition: str, projects: Sequence[str]) -> str:
    """A condition, limited to some projects unless there are none."""
    return f"{condition} AND {of_projects(projects)}" if projects else condition


def of_projects(projects: Sequence[str]) -> str:
    """The condition that an issue is of one of some projects."""
    return f"project in ({', '.join(map(quoted, projects))})"


def in_steady_order(condition: str) -> str:
    """What a condition selects, in an order in which nothing changes its place while pages are read."""
    return f"{condition} ORDER BY created, id"


def quoted(text: str) -> str:
    """A JQL string that means exactly ``text``, whatever it contains."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
