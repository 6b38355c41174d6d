from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest
from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.issue import Site
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.tables.building import FETCHED, MONTH, build_records, issue

LATER = FETCHED + timedelta(hours=1)
TOLD = {"project": "SUP", "key": "SUP-1", "confirmed": "an event, then 404 while its project could be seen"}


def fetched(at: datetime = FETCHED) -> Record:
    return Record("10001", Part.ISSUE, at, at, Source.WEBHOOK, msgspec.json.encode(issue()))


def gone(payload: bytes, at: datetime = LATER) -> Record:
    return Record("10001", Part.DELETED, at, at, Source.WEBHOOK, payload)


def test_it_tells_the_last_key_when_the_issue_was_missed_and_how_that_was_confirmed() -> None:
    built = build_records([fetched(), gone(msgspec.json.encode(TOLD))], Site())
    assert built.frames["deleted_issues"].rows() == [(MONTH, "10001", "SUP-1", LATER, TOLD["confirmed"])]
    assert built.frames["issues"].is_empty()


@pytest.mark.parametrize("payload", [b"{}", b'{"key": 7}', b"nonsense", b'{"key": null, "confirmed": null}'])
def test_a_tombstone_without_a_key_is_told_by_the_id(payload: bytes) -> None:
    built = build_records([gone(payload)], Site())
    assert built.frames["deleted_issues"].rows() == [(MONTH, "10001", "10001", LATER, None)]


def test_an_issue_that_is_there_has_no_row() -> None:
    assert build_records([fetched()], Site()).frames["deleted_issues"].is_empty()


def test_an_issue_of_which_only_a_comment_came_later_is_deleted_all_the_same() -> None:
    after = LATER + timedelta(seconds=1)
    comments = Record("10001", Part.COMMENTS, after, after, Source.WEBHOOK, b'[{"id": "1"}]')
    built = build_records([fetched(), gone(b"{}"), comments], Site())
    assert built.frames["deleted_issues"].height == 1
    assert built.frames["comments"].is_empty()


def test_the_row_of_an_issue_that_comes_back_vanishes(tmp_path: Path) -> None:
    raw, database = RawLog(UPath(tmp_path / "raw")), tmp_path / "warehouse.duckdb"

    def rows_after(record: Record) -> tuple[int, int]:
        raw.append(MONTH, [record])
        Refresh(raw, database, TABLES, Site()).run([MONTH])
        with duckdb.connect(str(database), read_only=True) as connection:
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM jira.issues), (SELECT count(*) FROM jira.deleted_issues)"
            ).fetchone()
        assert counts is not None
        return counts[0], counts[1]

    assert rows_after(fetched()) == (1, 0)
    assert rows_after(gone(b"{}")) == (0, 1)
    assert rows_after(fetched(LATER + timedelta(seconds=1))) == (1, 0)
    assert rows_after(gone(b"{}", datetime.now(UTC))) == (0, 1)
