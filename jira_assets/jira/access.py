"""Proof that an empty answer means "nothing there" and not "nothing for you".

To an account without rights Jira answers a search with 200 and no issues. So whoever reads a month looks
before and after at who we are and which projects we see, and does not take silence for an answer.
"""

from collections.abc import Callable, Collection, Sequence

from jira_assets.jira.bulk import MYSELF, PROJECTS, myself, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import NoProjectVisible, ProjectsNotVisible, Unauthorised

_NAMED_AT_MOST = 20


def visible_ones_of(client: JiraClient, projects: Sequence[str]) -> list[str]:
    """Those of some projects that can be seen; nothing is asked if there are none, which stands for all.

    To name one that cannot be seen makes a query wrong, and so harms the others. Raises
    ``NoProjectVisible``.
    """
    if not projects:
        return []
    visible = visible_projects(client)
    found = [project for project in projects if project in visible]
    if not found:
        raise _none_visible(projects, visible)
    return found


class AccessGuard:
    """Watches the access of one client over a run of any number of months.

    ``begin`` once before the first month, ``confirm`` after each. ``projects`` are those to copy; none means
    all visible at the start. One that cannot be seen is among the ``lost``, and stops no other. ``visible``
    are all projects that could be seen when that was asked last; ``ask`` asks.
    """

    def __init__(
        self,
        client: JiraClient,
        projects: Sequence[str] = (),
        ask: Callable[[JiraClient], Collection[str]] = visible_projects,
    ) -> None:
        self._client = client
        self._ask = ask
        self._wanted = tuple(projects)
        self.visible: Collection[str] = ()
        self._seen: frozenset[str] = frozenset()
        self._lost: set[str] = set()
        self._account_id: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is a state to compare with."""
        return self._account_id is not None

    @property
    def named(self) -> list[str]:
        """The projects to name in queries: what can be seen of those to copy; empty if that is all."""
        return [project for project in self._wanted if project in self._seen]

    @property
    def seen(self) -> list[str]:
        """The projects that are to be copied and could be seen whenever that was asked."""
        return sorted(self._seen)

    @property
    def lost(self) -> list[str]:
        """The projects that are to be copied and could not be seen."""
        return sorted(self._lost)

    def begin(self) -> None:
        """Notes the account and its projects. Raises ``Unauthorised`` and ``NoProjectVisible``."""
        account = myself(self._client)
        visible = self.visible = self._ask(self._client)
        self._seen = frozenset(visible).intersection(self._wanted) if self._wanted else frozenset(visible)
        self._lost = set(self._wanted) - self._seen
        if not self._seen:
            raise _none_visible(self._wanted, visible)
        self._account_id = account.account_id

    def look(self) -> frozenset[str]:
        """The projects that went out of sight since the last look, which are lost from now on.

        Raises ``NoProjectVisible`` if there is no other, and ``Unauthorised`` if we are somebody else.
        """
        if myself(self._client).account_id != self._account_id:
            raise Unauthorised("GET", MYSELF, 200, "the credential now belongs to another account.")
        self.visible = self._ask(self._client)
        gone = self._seen - set(self.visible)
        self._seen -= gone
        self._lost |= gone
        if not self._seen:
            raise NoProjectVisible("GET", PROJECTS, 200, _went_out_of_sight(gone))
        return gone

    def confirm(self) -> None:
        """Raises ``ProjectsNotVisible`` by name, or ``Unauthorised``, if the access is not what it was."""
        gone = self.look()
        if gone:
            raise ProjectsNotVisible("GET", PROJECTS, 200, _went_out_of_sight(gone))


def _none_visible(projects: Collection[str], visible: Collection[str]) -> NoProjectVisible:
    if not visible:
        reason = "no project is visible to this account."
    else:
        reason = f"{_listed(projects)} cannot be seen. The visible ones are {_listed(visible)}."
    return NoProjectVisible("GET", PROJECTS, 200, reason)


def _went_out_of_sight(projects: Collection[str]) -> str:
    return f"{_listed(projects)} could be seen before this month was read, and cannot any more."


def _listed(keys: Collection[str]) -> str:
    named = sorted(keys)
    more = len(named) - _NAMED_AT_MOST
    return ", ".join(named[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
