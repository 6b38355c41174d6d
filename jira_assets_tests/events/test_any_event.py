"""Events as they may come: recorded ones, hostile ones, old ones."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jira_assets.inbox.archive import ArchivedEvent, EventOutcome
from jira_assets.inbox.events import parse
from jira_assets.inbox.inbox import Delivery
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.bodies import (
    attachment_event,
    body,
    change,
    comment_event,
    delete,
    issue_event,
    link_event,
)
from jira_assets_tests.events.copying import Copy, months_of
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.shared_data import shared

OURS, FOREIGN, NEW = "10001", "10002", "10003"
AT = 1_709_287_200_123
LONG_AGO = timedelta(minutes=61)
TRAVERSAL = "../../../../etc/passwd"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site([full_issue(1), full_issue(2, project="ENG"), full_issue(3)])
    with serve(site) as running:
        yield running


@pytest.fixture
def copied(sandbox: RunningSandbox, tmp_path: Path) -> Copy:
    """Nothing is stored yet."""
    return Copy(sandbox, tmp_path / "copy")


def archived(copied: Copy, ago: timedelta = timedelta(0)) -> list[ArchivedEvent]:
    days = {(datetime.now(UTC) - ago - timedelta(days=back)).date() for back in (0, 1)}
    return [event for day in sorted(days) for event in copied.archive.read(day)]


def _recorded() -> list[bytes]:
    return [path.read_bytes() for path in sorted(shared("webhooks").rglob("*.json"))]


def test_recorded_events_all_drain(copied: Copy) -> None:
    recorded = _recorded()
    copied.deliver(*recorded, ago=LONG_AGO)
    drained = copied.drain()
    assert copied.inbox.names() == []
    assert drained.unreadable == 0
    assert Counter(event.body for event in archived(copied, LONG_AGO)) == Counter(recorded)


def test_recorded_events_about_issues_that_exist_are_all_queued(tmp_path: Path) -> None:
    recorded = [parse(each) for each in _recorded()]
    ids = {issue_id for event in recorded for issue_id in event.issue_ids}
    keys = {key for event in recorded for key in event.issue_keys}
    issues = [full_issue(1), *(full_issue(n) | {"id": issue_id} for n, issue_id in enumerate(sorted(ids), 2))]
    issues += [full_issue(900 + number) | {"key": key} for number, key in enumerate(sorted(keys))]
    with serve(Site(issues)) as sandbox:
        copied = Copy(sandbox, tmp_path)
        copied.deliver(*_recorded(), hint="10001")
        copied.drain()
        assert {event.outcome for event in archived(copied)} == {EventOutcome.QUEUED}
        assert set(copied.queued()) >= ids


def test_defect_4_no_string_of_an_event_gets_into_a_path(copied: Copy, tmp_path: Path) -> None:
    site = copied.sandbox.site
    comment = {
        "id": "9",
        "self": f"https://x/rest/api/2/issue/{OURS}/comment/9",
        "updated": "2024-03-01T10:00:00.123+0000",
    }
    bodies = [
        issue_event(
            site, OURS, changelog={"items": [{"field": "Key", "fromString": "A-1", "toString": "B-1"}]}
        ),
        comment_event(site, OURS, comment),
        body(
            "worklog_created", AT, worklog={"id": "9", "issueId": OURS, "self": "https://x/issue/1/worklog/9"}
        ),
        link_event(7, OURS, NEW, AT),
        attachment_event("501", AT),
        delete(site, FOREIGN),
    ]
    events = [
        json.dumps(each).encode() for said in bodies for each in _with_one_string_replaced(json.loads(said))
    ]
    copied.deliver(*events, ago=LONG_AGO)
    copied.deliver(*(json.dumps(_replaced(json.loads(said))).encode() for said in bodies), ago=LONG_AGO)
    copied.catch_up()
    assert copied.inbox.names() == []
    assert len(events) > 40
    assert {path.name for path in tmp_path.iterdir()} == {"copy"}
    folders = {"inbox", "queue", "events", "raw", "warehouse.duckdb", "warehouse.duckdb.wal"}
    assert {path.name for path in (tmp_path / "copy").iterdir()} <= folders
    assert {path.name for path in (tmp_path / "copy" / "queue").iterdir()} == {MONTH}
    assert not [path for path in tmp_path.rglob("*") if "passwd" in path.name or "etc" in path.parts]


def _replaced(value: Any) -> Any:
    """The same with all strings replaced."""
    if isinstance(value, dict):
        return {key: _replaced(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return TRAVERSAL


def _with_one_string_replaced(value: Any) -> Iterator[Any]:
    """As often as there is a string, with only that one replaced."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (value | {key: other} for other in _with_one_string_replaced(each))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from (
                [*value[:place], other, *value[place + 1 :]] for other in _with_one_string_replaced(each)
            )
    else:
        yield TRAVERSAL


def test_defect_12_a_replayed_event_changes_nothing(copied: Copy, sandbox: RunningSandbox) -> None:
    site = sandbox.site
    copied.backfill(months_of(sandbox))
    copied.build()
    old = [issue_event(site, OURS), comment_event(site, OURS, {"id": "9"}), delete(site, FOREIGN)]
    copied.deliver(*old, change(site, OURS, summary="new"))
    copied.catch_up()
    before = copied.tables()
    copied.deliver(*old)
    copied.inbox.add(
        Delivery.arrived(f"again {n}", datetime.now(UTC), None, said) for n, said in enumerate(old)
    )
    copied.catch_up()
    assert copied.tables() == before
    assert len(before["issues"]) == 2
