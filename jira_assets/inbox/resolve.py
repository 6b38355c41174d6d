"""From what events name to issues and their months: by the tables, and by Jira for what those don't know."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from msgspec import Raw

from jira_assets.inbox.events import Event
from jira_assets.inbox.settle import is_past_lag
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BadQuery, JiraError, MissingOrForbidden
from jira_assets.jira.states import FIELDS, IssueState, ShownIssue, bulk_states
from jira_assets.timestamps import month_of
from jira_assets.warehouse.connection import WarehouseError
from jira_assets.warehouse.known import Known

_ISSUE, _ATTACHMENT = "/rest/api/3/issue/", "/rest/api/3/attachment/"
OpenClient = Callable[[], JiraClient]


@dataclass(frozen=True, slots=True)
class IssueLocation:
    """Where an issue is kept, and the project that Jira says it is in (None if we did not have to ask)."""

    issue_id: str
    month: str
    project: str | None = None


@dataclass(slots=True)
class ResolvedIssues:
    """The places of the issues that a batch of events names, as far as they could be found.

    ``unseen`` are addresses where Jira has nothing, or nothing for us, and ``now`` is its own time when it
    was asked. ``error`` is why it could not be asked about the others.
    """

    places: dict[str, IssueLocation] = field(default_factory=dict)
    by_key: dict[str, IssueLocation] = field(default_factory=dict)
    by_attachment: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    now: datetime | None = None
    error: JiraError | None = None

    def of(self, event: Event) -> list[IssueLocation] | None:
        """Where the issues of an event are; None if one of them is not found yet."""
        found = [self.places.get(issue_id) for issue_id in self._ids(event)]
        found += [self.by_key.get(key) for key in event.issue_keys]
        if event.attachment_id is not None:
            found.append(self.places.get(self.by_attachment.get(event.attachment_id, "")))
        places = [place for place in found if place is not None]
        return places if len(places) == len(found) else None

    def is_about_unseen(self, event: Event) -> bool:
        """Whether an event that has no places is only about what we may not see, or what is not there.

        What is so new that reads may not show it yet is neither.
        """
        unfound = self.unfound(event)
        return self.is_past_lag(event) and bool(unfound) and self.unseen.issuperset(unfound)

    def is_past_lag(self, event: Event) -> bool:
        """Whether reads showed what an event is about when Jira was asked."""
        return self.now is not None and is_past_lag(event.at, event.received_at, self.now)

    def unfound(self, event: Event) -> list[str]:
        """The addresses of what an event names and nobody could find."""
        of_attachment = self.by_attachment.get(event.attachment_id or "")
        ids = event.issue_ids if of_attachment is None else (*event.issue_ids, of_attachment)
        unfound = [f"{_ISSUE}{issue_id}" for issue_id in ids if issue_id not in self.places]
        unfound += [f"{_ISSUE}{key}" for key in event.issue_keys if key not in self.by_key]
        if event.attachment_id is not None and of_attachment is None:
            unfound.append(f"{_ATTACHMENT}{event.attachment_id}")
        return unfound

    def _ids(self, event: Event) -> Iterable[str]:
        # A link may lead to an issue that the account does not see: the other end is refetched all the same.
        seen = [issue_id for issue_id in event.issue_ids if issue_id in self.places]
        return seen if seen and self.error is None else event.issue_ids


def resolve(events: Sequence[Event], known: Known, open_client: OpenClient) -> ResolvedIssues:
    """Finds the issues that events name. Jira is asked once for all that the tables don't know; what it
    leaves out, and attachments that nobody knows, are asked for by themselves.

    An issue that Jira has deleted, and that was never stored, is placed by the ``created`` of the event.
    """
    resolution = ResolvedIssues()
    attachments = {event.attachment_id for event in events if event.attachment_id is not None}
    ids = {issue_id for event in events for issue_id in event.issue_ids}
    keys = {key for event in events for key in event.issue_keys}
    try:
        resolution.by_attachment = known.issues_of_attachments(attachments)
        months = known.months(ids | set(resolution.by_attachment.values()))
    except WarehouseError:
        months = {}  # Jira knows, too
    resolution.places = {issue_id: IssueLocation(issue_id, month) for issue_id, month in months.items()}
    unknown = sorted((ids | set(resolution.by_attachment.values())) - months.keys(), key=int)
    if unknown or keys or attachments - resolution.by_attachment.keys():
        try:
            with open_client() as client:
                _ask(client, resolution, unknown, keys)
                resolution.now = client.now
                resolution.unseen = _missing(client, _doubtful(resolution, events))
        except JiraError as error:
            resolution.error = error
    for event in events:
        _place_deleted(resolution, event)
    return resolution


def _ask(client: JiraClient, resolution: ResolvedIssues, ids: Sequence[str], keys: Iterable[str]) -> None:
    for states in bulk_states(client, ids):
        resolution.places.update((state.issue_id, _place(state)) for state in states)
    for key in sorted(keys):
        # One by one: of an issue that has moved, the answer bears another key than was asked for.
        try:
            path = f"{_ISSUE}{quote(key, safe='')}"
            state = client.get_json(path, {"fields": ",".join(FIELDS)}, ShownIssue).state
        except (MissingOrForbidden, BadQuery):
            continue
        if state is not None:
            resolution.by_key[key] = _place(state)


def _doubtful(resolution: ResolvedIssues, events: Iterable[Event]) -> list[str]:
    """What is to be asked for by itself: what could not be found, and should be seen by now."""
    waiting = (event for event in events if resolution.is_past_lag(event) and resolution.of(event) is None)
    return sorted({address for event in waiting for address in resolution.unfound(event)})


def _missing(client: JiraClient, addresses: Sequence[str]) -> set[str]:
    """Those of some addresses at which Jira has nothing for us. Raises ``JiraError``."""

    def is_missing(address: str) -> bool:
        try:
            client.get_json(address, {"fields": "project"} if address.startswith(_ISSUE) else None, Raw)
        except (MissingOrForbidden, BadQuery):
            return True
        return False

    if not addresses:
        return set()
    with ThreadPoolExecutor(client.concurrency, thread_name_prefix="jira events") as pool:
        return {each for each, found in zip(addresses, pool.map(is_missing, addresses), strict=True) if found}


def _place(state: IssueState) -> IssueLocation:
    return IssueLocation(state.issue_id, state.month, state.project)


def _place_deleted(resolution: ResolvedIssues, event: Event) -> None:
    if event.deletes_issue and event.created_hint is not None and resolution.error is None:
        month = month_of(event.created_hint)
        for issue_id in event.issue_ids:
            resolution.places.setdefault(issue_id, IssueLocation(issue_id, month, event.project_key))
