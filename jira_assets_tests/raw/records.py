"""Records as small as a test of the raw log needs them, and what a log holds in a form that compares."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from upath import UPath

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source

MONTH = "2024-01"
_START = datetime(2024, 1, 1, tzinfo=UTC)


@contextmanager
def log_in_memory(keyring: Keyring = NO_KEYS) -> Iterator[RawLog]:
    """An empty log in an object store."""
    with memory() as root:
        yield RawLog(root, keyring)


@contextmanager
def memory() -> Iterator[UPath]:
    """A folder in an object store, which forgets it afterwards: a listing searches the whole store."""
    root = UPath(f"memory://{uuid.uuid4().hex}")
    try:
        yield root
    finally:
        if root.exists():
            root.fs.rm(root.path, recursive=True)


def second(number: int) -> datetime:
    return _START + timedelta(seconds=number)


def milliseconds(number: int) -> int:
    """The same moment as the log's readers give it."""
    return int(second(number).timestamp() * 1000)


def record(
    issue_id: str = "1",
    part: Part = Part.ISSUE,
    *,
    updated: int = 0,
    fetched: int = 0,
    source: Source = Source.BACKFILL,
    payload: bytes = b"{}",
) -> Record:
    """What Jira said at second `fetched` about a part of an issue that was updated at second `updated`."""
    return Record(issue_id, part, second(updated), second(fetched), source, payload)


def slas(issue_id: str = "1", *, updated: int = 0, fetched: int = 0, **values: int | None) -> Record:
    """Values of SLA fields, those that could be read; nulls are SLAs that do not apply."""
    payload = json.dumps(values).encode()
    fields = tuple(sorted(values))
    at = second(updated), second(fetched)
    return Record(issue_id, Part.SLA, *at, Source.BACKFILL, payload, fields=fields)


def failure(
    issue_id: str = "1", part: Part = Part.COMMENTS, *, updated: int = 0, fetched: int = 0, error: str = "503"
) -> Record:
    return Record(issue_id, part, second(updated), second(fetched), Source.BACKFILL, None, error)


def tombstone(issue_id: str = "1", *, updated: int = 0, fetched: int = 0) -> Record:
    return record(issue_id, Part.DELETED, updated=updated, fetched=fetched)


def moved(issue_id: str = "1", *, fetched: int = 0, to: str = "2024-03") -> Record:
    """That the issue was found in another month at second `fetched`."""
    return record(issue_id, Part.MOVED, fetched=fetched, payload=json.dumps({"month": to}).encode())


def hidden(issue_id: str = "1", *, fetched: int = 0) -> Record:
    return record(issue_id, Part.HIDDEN, fetched=fetched)


def answer(
    issue_id: str = "1",
    *,
    updated: int = 0,
    fetched: int = 0,
    without: tuple[str, ...] = (),
    **fields: int | None,
) -> Record:
    """An issue with these fields, but for those that Jira could not load."""
    payload = json.dumps({"id": issue_id, "fields": fields}).encode()
    at = second(updated), second(fetched)
    return Record(issue_id, Part.ISSUE, *at, Source.BACKFILL, payload, without=without)


def fields_of(issue: LatestIssue) -> dict[str, int | None]:
    """The fields of an issue made by `answer`."""
    fields: dict[str, int | None] = json.loads(issue.payloads[Part.ISSUE])["fields"]
    return fields


def only(log: RawLog, month: str = MONTH) -> LatestIssue:
    """The one issue that the month knows."""
    (issue,) = log.latest(month)
    return issue


State = dict[str, tuple[object, ...]]


def state(log: RawLog, month: str = MONTH) -> State:
    """Everything that readers can learn of a month's issues."""
    return {issue.issue_id: facts(issue) for issue in log.latest(month)}


def facts(issue: LatestIssue) -> tuple[object, ...]:
    return (
        issue.month,
        issue.payloads,
        issue.fetched_at,
        issue.slas,
        issue.errors,
        issue.source,
        issue.tombstone,
        issue.hidden_since,
    )
