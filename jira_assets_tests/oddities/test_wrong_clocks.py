"""Whatever this machine's clock says, and whoever has believed it, the tables equal Jira in the end."""

import ast
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jira_assets
from jira_assets import clock
from jira_assets.raw import segments
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.raw.segments import Segment
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.default_tables import BY_NAME
from jira_assets_tests.events.bodies import change, delete
from jira_assets_tests.events.copying import _CIRCUMSTANCES as CIRCUMSTANCES
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, odd_copy

FIRST, SECOND = "10001", "10002"
HOURS, YEARS = timedelta(hours=3), timedelta(days=3000)
NONE = timedelta(0)
OFF = [HOURS, -HOURS, YEARS, -YEARS]
ISSUES = [full_issue(1, comments=1, remote_links=1), full_issue(2), full_issue(3)]


class Clock:
    """This machine's clock, ``off`` by so much."""

    def __init__(self) -> None:
        self.off = NONE

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off

    def seconds(self) -> float:
        return self.now().timestamp()


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr(clock, "now", ours.now)
    monkeypatch.setattr(clock, "seconds", ours.seconds)
    return ours


def load(copy: Copy) -> None:
    copy.backfill([MONTH])
    copy.build()


def stored(copy: Copy) -> dict[str, str]:
    """The summaries of the issues in the tables, by id."""
    copy.build()
    names = [column.name for column in BY_NAME["issues"].columns if column.name not in CIRCUMSTANCES]
    rows = [dict(zip(names, row, strict=True)) for row in copy.rows_of("issues")]
    return {row["issue_id"]: row["summary"] for row in rows}


def as_written_with_a_clock_ahead(copy: Copy, by: timedelta) -> None:
    """Has the log say that all was asked for so much later than it was, as earlier versions wrote."""
    folder = copy.raw._folder(MONTH)
    found = segments.list_segments(folder)
    frame = pl.concat([segments.read(segment, list(segments.SCHEMA)) for segment in found])
    moved = frame.with_columns(pl.col("fetched_at") + by // timedelta(microseconds=1), origin=None)
    segments.append(folder, segments.frame_of(moved.iter_rows()))
    segments.remove(found)


@pytest.mark.parametrize("off", [HOURS, -YEARS], ids=str)
def test_an_issue_that_is_deleted_after_a_load_by_a_wrong_clock_is_gone(
    tmp_path: Path, ours: Clock, off: timedelta
) -> None:
    with serve(Site(ISSUES)) as sandbox:
        copy = Copy(sandbox, tmp_path)
        ours.off = off
        load(copy)
        ours.off = NONE
        said = delete(sandbox.site, FIRST)
        assert copy.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"
        assert stored(copy).keys() == {SECOND, "10003"}
        # And the other way round: what was found by a wrong clock does not hold against what comes later.
        ours.off = off
        copy.applied(delete(sandbox.site, SECOND), month=MONTH)
        ours.off = NONE
        sandbox.site.put(full_issue(2, summary="is back"))
        load(copy)
        assert stored(copy)[SECOND] == "is back"


def test_what_an_earlier_version_wrote_with_its_clock_ahead_heals(tmp_path: Path) -> None:
    with serve(Site(ISSUES)) as sandbox:
        copy = Copy(sandbox, tmp_path)
        load(copy)
        as_written_with_a_clock_ahead(copy, HOURS)
        sandbox.site.put(full_issue(2, comments=1, summary="without a later `updated`"))
        said = delete(sandbox.site, FIRST)
        assert copy.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"
        load(copy)
        assert stored(copy) == {SECOND: "without a later `updated`", "10003": "Issue 3"}
        assert len(copy.rows_of("comments")) == 1
        # Then the tombstone is what was written so.
        as_written_with_a_clock_ahead(copy, HOURS)
        sandbox.site.put(full_issue(1, summary="is back"))
        load(copy)
        assert stored(copy)[FIRST] == "is back"
        assert copy.rows_of("deleted_issues") == []


@pytest.mark.parametrize("said", [change, delete])
def test_nothing_is_settled_before_the_log_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    append, of_the_future = RawLog.append, datetime.now(UTC) + YEARS
    part = Part.DELETED if said is change else Part.ISSUE
    other = Record(FIRST, part, of_the_future, of_the_future, Source.WEBHOOK, b'{"fields": {}}')

    def append_before_an_older_version_does(log: RawLog, month: str, records: Any) -> Segment | None:
        append(log, month, records)
        return append(log, month, [other])

    with serve(Site(ISSUES)) as sandbox:
        copy = Copy(sandbox, tmp_path)
        load(copy)
        with monkeypatch.context() as patched:
            patched.setattr(RawLog, "append", append_before_an_older_version_does)
            told = copy.applied(said(sandbox.site, FIRST), month=MONTH)
        assert told == "0 settled, 1 waiting, 0 given up, [] deleted"
        assert copy.apply(MONTH).settled == 1


DATES = {
    "missing or garbage": lambda _now, count: "Thu, 99 Foo 2026 25:61:00 GMT" if count % 2 else None,
    "years ahead at first": lambda now, count: now + YEARS if count < 2 else now,
    "going back": lambda now, count: now - HOURS if count > 4 else now,
    "mostly years back": lambda now, count: now - YEARS if count % 3 else now,
}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_bad_headers_do_no_lasting_harm(tmp_path: Path, ours: Clock, date: Any) -> None:
    count = 0

    def hook(asked: Asked, answered: Answered) -> None:
        nonlocal count
        del asked
        answered.headers.pop("Date", None)
        told = date(datetime.now(UTC), count)
        count += 1
        if told is not None:
            answered.headers["Date"] = told if isinstance(told, str) else format_datetime(told, usegmt=True)

    with odd_copy(ISSUES, tmp_path, hook) as (site, copy):
        ours.off = HOURS
        load(copy)
        ours.off = NONE
        with copy.client() as client:
            moments = []
            for _ in range(6):
                client.get_json("/rest/api/3/myself", None, dict)
                moments.append(client.now)
            assert moments == sorted(moments)
        copy.deliver(change(site, SECOND, summary="edited"), delete(site, FIRST))
        copy.catch_up()
        assert copy.queued() == []
        assert stored(copy) == {SECOND: "edited", "10003": "Issue 3"}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["load", "edit", "quiet edit", "delete", "restore", "apply", "apply elsewhere"]),
        st.sampled_from([NONE, *OFF, timedelta(seconds=-2), timedelta(minutes=7)]),
    ),
    max_size=5,
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_clock_and_any_order_give_the_tables_that_jira_has(
    tmp_path_factory: pytest.TempPathFactory, ours: Clock, steps: list[tuple[str, timedelta]]
) -> None:
    ours.off = NONE
    with serve(Site([full_issue(1), full_issue(2)])) as sandbox:
        copy, site = Copy(sandbox, tmp_path_factory.mktemp("copy")), sandbox.site
        for number, (step, off) in enumerate(steps):
            ours.off = off
            if step == "load":
                load(copy)
            elif step == "edit" and FIRST in {issue.id for issue in site}:
                copy.deliver(change(site, FIRST, summary=f"edit {number}"))
            elif step == "quiet edit":
                site.put(full_issue(2, summary=f"quiet edit {number}"))
            elif step == "delete" and FIRST in {issue.id for issue in site}:
                copy.deliver(delete(site, FIRST))
            elif step == "restore" and FIRST not in {issue.id for issue in site}:
                site.put(full_issue(1, summary=f"restored {number}"))
            else:
                copy.drain()
                copy.apply(MONTH)
        ours.off = NONE
        copy.catch_up()
        load(copy)
        assert stored(copy) == {issue.id: site.get(issue.id)["fields"]["summary"] for issue in site}


def test_only_one_module_reads_this_machines_clock() -> None:
    readers = set()
    root = Path(jira_assets.__file__).parent
    for path in root.rglob("*.py"):
        if "sandbox" in path.relative_to(root).parts:
            continue  # a site has a clock of its own
        for node in ast.walk(ast.parse(path.read_text())):
            name = (ast.unparse(node.value), node.attr) if isinstance(node, ast.Attribute) else None
            of_time = node.names if isinstance(node, ast.ImportFrom) and node.module == "time" else []
            imported = {("time", each.name) for each in of_time}
            if name in READS or imported & READS:
                readers.add(str(path.relative_to(root)))
    assert readers == {"clock.py"}


READS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "gmtime"),
    ("time", "localtime"),
    *((kind, name) for kind in ("datetime", "date") for name in ("now", "utcnow", "today")),
    *((f"datetime.{kind}", name) for kind in ("datetime", "date") for name in ("now", "utcnow", "today")),
}
