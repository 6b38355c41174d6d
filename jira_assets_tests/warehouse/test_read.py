import shutil
from pathlib import Path

import polars as pl
import pytest

from jira_assets.tables.declare import Table
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.unreadable_values import UNREADABLE_VALUES
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.read import built, count_rows, select
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.warehouse.filled import MONTHS, QUIET_MONTH


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_read_as_a_frame_of_its_declared_schema(table: Table, filled: Path) -> None:
    with connect(filled, read_only=True) as connection:
        frame = select(connection, table, MONTHS)
        counts = count_rows(connection, [table], MONTHS)
    assert frame.schema == table.schema
    assert frame.height == sum(counts.values())
    assert frame.height > 0 or table in (UNREADABLE_VALUES, DELETED_ISSUES)
    assert set(frame["month"]) <= set(MONTHS)


def test_one_month_is_read_without_the_others(filled: Path) -> None:
    with connect(filled, read_only=True) as connection:
        frame = select(connection, BY_NAME["issues"], MONTHS[:1])
    assert set(frame["month"]) == set(MONTHS[:1])


def test_instants_come_back_in_utc_to_the_millisecond(filled: Path) -> None:
    with connect(filled, read_only=True) as connection:
        frame = select(connection, BY_NAME["issues"], MONTHS)
        [(text,)] = connection.execute(
            "SELECT strftime(min(created_at), '%Y-%m-%dT%H:%M:%S.%g') FROM jira.issues"
        ).fetchall()
    assert frame["created_at"].min() == pl.Series([text]).str.to_datetime(time_zone="UTC")[0]


def test_months_without_rows_count_zero_and_read_as_empty_frames(filled: Path) -> None:
    with connect(filled, read_only=True) as connection:
        assert count_rows(connection, [BY_NAME["comments"]], [QUIET_MONTH]) == {("comments", QUIET_MONTH): 0}
        frame = select(connection, BY_NAME["comments"], [QUIET_MONTH])
    assert frame.is_empty()
    assert frame.schema == BY_NAME["comments"].schema


def test_a_table_that_was_never_built_is_told_from_those_that_were(filled: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(filled, tmp_path))
    with connect(copy) as connection:
        connection.execute("DROP TABLE jira.unreadable_values")
        assert built(connection, TABLES) == [table for table in TABLES if table != UNREADABLE_VALUES]
