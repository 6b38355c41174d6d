"""Tells an issue that has changed from one of which something that it refers to has another name now.

Nobody updates an issue when its project gets another key, or its status another name or category. Such issues
need not be fetched again: the tables follow the site's lists (see `tables.names`).
"""

from jira_assets.jira.states import IssueState
from jira_assets.sync.lookups.refresh import Lookups
from jira_assets.tables.names import Names
from jira_assets.warehouse.known import KnownIssue

_ASKED = ("projects", "statuses")


class Renames:
    """What the lists tell of the issues of one look at Jira. They are read again when they do not explain a
    difference, once: while nothing differs that costs no request.
    """

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._is_fresh = False
        self._names = Names(lookups.store)

    def explain(self, state: IssueState, stored: KnownIssue) -> bool:
        """Whether the key, the project and the category of an issue are what is stored, renamed.

        Raises ``Unauthorised``.
        """
        return self._explains(state, stored) or (self._refreshed() and self._explains(state, stored))

    def explain_status(self, state: IssueState) -> bool:
        """Whether the lists have the status as the issue shows it. Raises ``Unauthorised``."""
        return self._has_status(state) or (self._refreshed() and self._has_status(state))

    def _explains(self, state: IssueState, stored: KnownIssue) -> bool:
        project, category = state.project, state.category
        is_project = project in (stored.project, self._names.renamed_keys.get(stored.project or ""))
        is_key = (state.key or stored.key) in (stored.key, self._names.issue_key(stored.key))
        return is_project and is_key and (category == stored.category or self._has_status(state))

    def _has_status(self, state: IssueState) -> bool:
        known = self._names.known("statuses").get(state.status_id or "")
        return known is not None and (known.values[0], known.values[2]) == (state.status, state.category)

    def _refreshed(self) -> bool:
        """Reads the lists again; whether that had not been done yet."""
        if self._is_fresh:
            return False
        self._lookups.refresh(_ASKED)
        self._names, self._is_fresh = Names(self._lookups.store), True
        return True
