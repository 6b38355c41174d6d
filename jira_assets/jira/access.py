"""Proof that an empty answer means "nothing there" and not "nothing for you".

To an account without rights Jira answers a search with 200 and no issues. So whoever reads a month looks
before and after at who we are and which projects we see, and does not take silence for an answer.
"""

from collections.abc import Sequence

from jira_assets.jira.bulk import MYSELF, PROJECTS, myself, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import ProjectsNotVisible, Unauthorised

_NAMED_AT_MOST = 20


class AccessGuard:
    """Watches the access of one client over a run of any number of months.

    ``begin`` once before the first month, ``confirm`` after each. No projects means all visible at the start.
    """

    def __init__(self, client: JiraClient, projects: Sequence[str] = ()) -> None:
        self._client = client
        self._projects = frozenset(projects)
        self._account_id: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is a state to compare with."""
        return self._account_id is not None

    def begin(self) -> None:
        """Notes the account and its projects. Raises ``Unauthorised``, or ``ProjectsNotVisible`` by name."""
        account = myself(self._client)
        visible = visible_projects(self._client)
        unknown = self._projects - visible.keys()
        if unknown:
            seen = f"The visible ones are {_listed(visible)}." if visible else "No project is visible."
            raise _not_visible(f"{_listed(unknown)} cannot be seen. {seen}")
        if not visible:
            raise _not_visible("no project is visible to this account.")
        self._projects = self._projects or frozenset(visible)
        self._account_id = account.account_id

    def confirm(self) -> None:
        """Raises ``ProjectsNotVisible`` or ``Unauthorised`` if the access is not what it was at the start."""
        if myself(self._client).account_id != self._account_id:
            raise Unauthorised("GET", MYSELF, 200, "the credential now belongs to another account.")
        lost = self._projects - visible_projects(self._client).keys()
        if lost:
            raise _not_visible(
                f"{_listed(lost)} could be seen before this month was read, and cannot any more."
            )


def _not_visible(reason: str) -> ProjectsNotVisible:
    return ProjectsNotVisible("GET", PROJECTS, 200, reason)


def _listed(keys: Sequence[str] | frozenset[str] | dict[str, str]) -> str:
    named = sorted(keys)
    more = len(named) - _NAMED_AT_MOST
    return ", ".join(named[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
