"""Issues whose parts are on their way: what is kept of them, and what became of each part."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from jira_assets.jira.bulk import ISSUES_PER_CHANGELOG_CALL, Changelogs, changelogs
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, JiraError, Unauthorised
from jira_assets.jira.histories import EmbeddedHistory
from jira_assets.jira.left_out import Completed, with_fields
from jira_assets.jira.slas import Slas, read_slas
from jira_assets.raw.record import Part, is_failure

T = TypeVar("T")

_BATCH_ISSUES = ISSUES_PER_CHANGELOG_CALL
_BATCH_BYTES = 32 * 1024 * 1024
_LISTS = {"comment": Part.COMMENTS, "worklog": Part.WORKLOGS}


@dataclass(frozen=True, slots=True)
class PartFailure:
    """A part that could not be fetched. What is stored of it stays."""

    issue_id: str
    key: str
    part: Part
    error: str


@dataclass(frozen=True, slots=True)
class MovedIssue:
    """An issue that was created in another month than was asked for, as Jira has it now."""

    issue_id: str
    key: str
    created: datetime
    seen_at: datetime  # when the request was sent whose answer shows it


@dataclass(frozen=True, slots=True)
class FetchedPart:
    """One part: a payload, or the error in its place."""

    payload: bytes | None
    fetched_at: datetime
    error: str | None = None
    fields: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueOnItsWay:
    """What is kept of an issue while its parts arrive: nothing that holds on to the page it came with."""

    issue_id: str
    key: str
    updated: datetime
    parts: dict[Part, Future[FetchedPart]]
    changelog: EmbeddedHistory | None  # None for one whose history is not asked for
    slas: list[FetchedPart]
    answered_at: datetime | None = None  # by Jira's clock


@dataclass(slots=True)
class Batch:
    """Issues of which some parts are asked for together; ``weight`` is about how many bytes it holds."""

    issues: list[IssueOnItsWay] = field(default_factory=list)
    weight: int = 0
    changelogs: Future[Changelogs | FetchedPart] | None = None
    slas: Future[dict[str, list[FetchedPart]]] | None = None
    completed: Future[dict[str, Completed]] | None = None

    @property
    def is_full(self) -> bool:
        """Whether the next issue is for another batch."""
        return len(self.issues) >= _BATCH_ISSUES or self.weight >= _BATCH_BYTES


def completed_issue(arrived: Mapping[Part, FetchedPart], completed: Completed) -> FetchedPart:
    """The issue with what Jira left out of it, and with the lengths of the lists that were read elsewhere."""
    without, lengths = completed.without, {}
    for name in sorted(completed.lists):
        of_list = arrived[_LISTS[name]]
        if of_list.payload is not None:
            length = len(msgspec.json.decode(of_list.payload, type=list[Raw]))
            lengths[name] = Raw(b'{"total":%d}' % length)
        elif is_failure(of_list.error or ""):
            without = (*without, name)
    payload = with_fields(completed.payload, lengths)
    return replace(arrived[Part.ISSUE], payload=payload, without=without)


def prefetch_one(pool: ThreadPoolExecutor, items: Iterator[T]) -> Iterator[T]:
    """The items, the next one being made in the pool while one is worked on."""
    upcoming = pool.submit(next, items, None)
    while (item := upcoming.result()) is not None:
        # Submitted before the work that the caller adds for this item, so that it is not queued behind it.
        upcoming = pool.submit(next, items, None)
        yield item


def held_back(items: Iterator[T], count: int) -> Iterator[T]:
    """The items, each only when ``count`` of them have been started. A contradiction comes after those."""
    started: deque[T] = deque()
    try:
        for item in items:
            started.append(item)
            if len(started) == count:
                yield started.popleft()
    except BrokenPaging:
        yield from started
        raise
    yield from started


def done(fetched: FetchedPart) -> Future[FetchedPart]:
    """What need not be waited for."""
    future: Future[FetchedPart] = Future()
    future.set_result(fetched)
    return future


def sla_answers(slas: Slas, sent_at: datetime) -> list[FetchedPart]:
    """What could be read of an issue's SLAs, and the reason why the rest could not."""
    told = [] if slas.payload is None else [FetchedPart(slas.payload, sent_at, fields=slas.fields)]
    return told if slas.refusal is None else [*told, FetchedPart(None, sent_at, slas.refusal)]


def slas_of(
    client: JiraClient, issue_ids: Sequence[str], sla_fields: Collection[str]
) -> dict[str, list[FetchedPart]]:
    """The SLAs of each issue, or the error in their place: also if it is this account that is refused."""
    asked = client.clock.reading()
    try:
        read = read_slas(client, issue_ids, sla_fields)
    except JiraError as error:
        asked_at = client.clock.at(asked)
        return {issue_id: [FetchedPart(None, asked_at, error.without_reason)] for issue_id in issue_ids}
    return {issue_id: sla_answers(slas, sent_at) for issue_id, (slas, sent_at) in read.items()}


def changelogs_of(client: JiraClient, issue_ids: Sequence[str]) -> Changelogs | FetchedPart:
    """The histories that Jira sends in bulk, or the error in place of all."""
    asked_at = client.now
    try:
        return changelogs(client, issue_ids)
    except Unauthorised:
        raise
    except JiraError as error:
        return FetchedPart(None, asked_at, error.without_reason)
