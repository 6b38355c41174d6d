"""What is written into tables, and what is refused."""

import weakref
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from jira_assets.raw.extent import Position
from jira_assets.tables.declare import Table
from jira_assets.warehouse.connection import connect, transaction
from jira_assets.warehouse.read import select
from jira_assets.warehouse.store import (
    Mark,
    Marks,
    MonthChange,
    SchemaMismatch,
    WatermarkMoved,
    begin_changes,
    finish_changes,
    insert,
    read_marks,
)
from jira_assets_tests.default_tables import BY_NAME, TABLES

MONTH = "2024-01"
REMOTE_LINKS = BY_NAME["remote_links"]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def links(*titles: str | None, issue_id: str = "1", month: str = MONTH) -> pl.DataFrame:
    """Remote links with these titles, all of one issue."""
    rows = [
        {"month": month, "issue_id": issue_id, "issue_key": f"SUP-{issue_id}", "title": title}
        | {"remote_link_id": f"{issue_id}{number}"}
        for number, title in enumerate(titles)
    ]
    return pl.DataFrame(rows, schema=REMOTE_LINKS.schema)


def write(
    database: Path,
    frame: pl.DataFrame,
    *issue_ids: str,
    watermark: int = 1,
    expected: Marks | None = None,
    version: str = "v1",
    table: Table = REMOTE_LINKS,
    then: str = "",
) -> None:
    """Replaces these issues' rows by a frame; without issues, the whole month."""
    changes = [MonthChange(MONTH, issue_ids or None, Position(watermark, "a"))]
    with transaction(database) as connection:
        begin_changes(connection, [table], changes, expected or {})
        insert(connection, table, frame)
        finish_changes(connection, [table], changes, version)
        connection.execute(then)


def titles(database: Path) -> list[str | None]:
    with connect(database, read_only=True) as connection:
        return select(connection, REMOTE_LINKS, [MONTH]).sort("remote_link_id")["title"].to_list()


def marks(database: Path) -> Marks:
    with connect(database, read_only=True) as connection:
        return read_marks(connection, TABLES, [MONTH])


def test_rows_and_watermark_are_there_after_the_transaction(database: Path) -> None:
    write(database, links("a", None))
    assert titles(database) == ["a", None]
    assert marks(database) == {("remote_links", MONTH): Mark(Position(1, "a"), "v1")}


def test_only_the_rows_of_the_named_issues_are_replaced(database: Path) -> None:
    write(database, pl.concat([links("a", "b", issue_id="1"), links("c", issue_id="2")]))
    write(database, links("d", issue_id="1"), "1", watermark=2, expected=marks(database))
    assert titles(database) == ["d", "c"]


def test_other_months_are_left_alone(database: Path) -> None:
    write(database, pl.concat([links("a"), links("b", issue_id="2", month="2024-02")]))
    write(database, links(), watermark=2, expected=marks(database))
    with connect(database) as connection:
        assert select(connection, REMOTE_LINKS, [MONTH, "2024-02"])["title"].to_list() == ["b"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (links("a").drop("url"), "url is missing instead of String"),
        (links("a").with_columns(pl.lit(1).alias("title")), "title is Int32 instead of String"),
        (links("a").with_columns(pl.lit("x").alias("surprise")), "surprise is not declared"),
        (links("a").select(reversed(REMOTE_LINKS.schema.names())), "another order"),
    ],
)
def test_a_frame_of_another_schema_is_refused_and_nothing_is_touched(
    database: Path, frame: pl.DataFrame, reason: str
) -> None:
    write(database, links("kept"))
    before = marks(database)
    with pytest.raises(SchemaMismatch, match=f"remote_links was not written: .*{reason}"):
        write(database, frame, watermark=2, expected=before)
    assert titles(database) == ["kept"]
    assert marks(database) == before


def test_known_defect_10_a_failed_insert_leaves_rows_and_watermark_as_they_were(database: Path) -> None:
    write(database, links("kept"))
    before = marks(database)
    with pytest.raises(duckdb.ConversionException):
        write(database, links("new"), watermark=2, expected=before, then="SELECT 'x'::INTEGER")
    assert titles(database) == ["kept"]
    assert marks(database) == before


def test_whoever_read_an_older_watermark_writes_nothing(database: Path) -> None:
    write(database, links("old"))
    seen = marks(database)
    write(database, links("theirs"), watermark=2, expected=seen)
    with pytest.raises(WatermarkMoved, match=MONTH):
        write(database, links("ours"), watermark=2, expected=seen)
    assert titles(database) == ["theirs"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "", "früher 👍", "x" * 1_000_000, "'; DROP TABLE x; --"])
def test_any_text_is_kept_as_it_is(database: Path, text: str) -> None:
    write(database, links(text))
    assert titles(database) == [text]


def test_every_kind_of_column_is_kept_as_it_is(database: Path) -> None:
    issues = BY_NAME["issues"]
    row = {
        "month": MONTH,
        "issue_id": "1",
        "issue_key": "SUP-1",
        "created_at": datetime(2024, 1, 1, 23, 59, 59, 999_000, tzinfo=UTC),
        "labels": ["a", ""],
        "components": [],
        "votes": 2**62,
        "custom_fields": '{"a":[1,null]}',
        "first_response_breached": False,
    }
    frame = pl.DataFrame([row], schema=issues.schema)
    write(database, frame, table=issues)
    with connect(database) as connection:
        assert select(connection, issues, [MONTH]).equals(frame)


def test_a_frame_is_not_held_until_the_transaction_ends(database: Path) -> None:
    """As DuckDB holds what a dropped view reads. A rebuild would have all its frames in memory."""
    frame = links("a")
    alive = weakref.ref(frame)
    with transaction(database) as connection:
        begin_changes(connection, [REMOTE_LINKS], [MonthChange(MONTH, None, Position(1, "a"))], {})
        insert(connection, REMOTE_LINKS, frame)
        del frame
        assert alive() is None


def test_a_table_of_an_older_version_gets_todays_columns(database: Path) -> None:
    write(database, links("1"))
    with connect(database) as connection:
        connection.execute("ALTER TABLE jira.remote_links DROP COLUMN url")
        connection.execute("ALTER TABLE jira.remote_links ADD COLUMN retired VARCHAR")
        connection.execute(
            "ALTER TABLE jira.remote_links ALTER COLUMN issue_key TYPE VARCHAR[] USING [issue_key]"
        )
    write(database, links("new", issue_id="2"), "2", watermark=2, expected=marks(database))
    assert titles(database) == ["1", "new"]
    with connect(database) as connection:
        columns = connection.execute("DESCRIBE jira.remote_links").fetchall()
    assert {row[0]: row[1] for row in columns} == {
        column.name: column.kind.sql for column in REMOTE_LINKS.columns
    }
