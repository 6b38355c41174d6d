"""Brings the stored lists up to date with Jira, each by itself: one that cannot be read costs no other."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from jira_assets.http.throttle import Patience, Throttle
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    Forbidden,
    Gone,
    JiraError,
    MissingOrForbidden,
    Unauthorised,
)
from jira_assets.jira.lookups import LISTS, LookupReader, project_keys
from jira_assets.jira.states import IssueState
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.lookups import PROJECTS, LookupStore
from jira_assets.settings import Settings
from jira_assets.tables.names import Names
from jira_assets.warehouse.known import KnownIssue

OpenClient = Callable[[], JiraClient]

# What cannot be read now is read at the next occasion; until then names are as they were.
_PATIENCE = Patience(tries=3, base_seconds=1, total_seconds=30)
_NOT_FOR_US = (Forbidden, MissingOrForbidden, Gone)


@dataclass(slots=True)
class RefreshedLists:
    """What became of each list: how many entries it has, or why it could not be read.

    ``absent`` are those that the site does not have, or the account may not see. What is stored of those, and
    of the ``failed`` ones, is as it was.
    """

    entries: dict[str, int] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lookups:
    """The stored lists of a site, and how to read them again. It has a client of its own: one that is refused
    a list because its token lacks a scope sends nothing more, which must not end what others are reading.
    """

    store: LookupStore
    open_client: OpenClient
    projects: Sequence[str]

    @classmethod
    def from_settings(cls, settings: Settings) -> "Lookups":
        """Of the configured site. Raises ``SettingsError`` and ``PrivacyError``."""
        store = LookupStore(settings.raw_dir, settings.keyring)
        return cls(
            store,
            lambda: JiraClient.from_settings(settings, Throttle(patience=_PATIENCE)),
            store.current_keys(settings.projects),
        )

    def refresh(self, names: Iterable[str] = tuple(LISTS)) -> RefreshedLists:
        """Reads these lists and stores them. Raises ``Unauthorised`` if even the projects are refused."""
        refreshed = RefreshedLists()
        wanted = [name for name in LISTS if name in set(names)]
        while wanted:
            with self.open_client() as client:
                wanted = self._read(LookupReader(client, self.projects), wanted, refreshed)
        return refreshed

    def visible_projects(self, client: JiraClient) -> list[str]:
        """The keys of all projects that the account can see. Whoever asks for them anyway stores them, too.

        Raises ``JiraError``.
        """
        fetched = LookupReader(client).projects()
        with suppress(RawLogError):  # which is told by whoever reads all lists
            self.store.write(PROJECTS, fetched.entries, fetched.sent_at, now=fetched.read_at)
        return project_keys(fetched)

    def _read(self, reader: LookupReader, wanted: Sequence[str], refreshed: RefreshedLists) -> list[str]:
        """Returns what another client has to read, since this one was refused something."""
        for place, name in enumerate(wanted):
            try:
                fetched = reader.fetch(name)
                self.store.write(name, fetched.entries, fetched.sent_at, fetched.unread, fetched.read_at)
            except Unauthorised as error:
                refreshed.failed[name] = str(error)
                if name == PROJECTS or not self._is_accepted():
                    raise
                return list(wanted[place + 1 :])
            except _NOT_FOR_US as error:
                refreshed.absent[name] = str(error)
            except (JiraError, RawLogError) as error:
                refreshed.failed[name] = str(error)
            else:
                refreshed.entries[name] = sum(map(len, fetched.entries.values()))
                if fetched.unread:
                    refreshed.failed[name] = "; ".join(fetched.unread.values())
        return []

    def _is_accepted(self) -> bool:
        """Whether the credential is good for anything: sending on what is refused for good locks accounts."""
        with self.open_client() as client:
            try:
                LookupReader(client).projects()
            except Unauthorised:
                return False
            except JiraError:
                return True
            return True


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
