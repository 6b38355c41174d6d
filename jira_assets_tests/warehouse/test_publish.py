from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from upath import UPath

from jira_assets.tables.catalogue import BY_NAME, TABLES
from jira_assets.tables.declare import Table
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months, publish_views
from jira_assets_tests.warehouse.filled import MONTHS, QUIET_MONTH

COMMENTS = BY_NAME["comments"]


@pytest.fixture
def published(filled: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "it's published"
    with connect(filled, read_only=True) as connection:
        publish_months(connection, TABLES, MONTHS, UPath(folder))
    publish_views(UPath(folder))
    return folder


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "jira.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_view_shows_what_the_table_holds(table: Table, published: Path, filled: Path) -> None:
    with connect(filled, read_only=True) as connection:
        stored = connection.execute(f"SELECT * FROM jira.{table.name} ORDER BY ALL").fetchall()
    assert ask(published, f"SELECT * FROM jira_{table.name} ORDER BY ALL") == stored


def test_views_have_the_types_and_the_descriptions_that_are_declared(published: Path) -> None:
    for table in TABLES:
        of_view = f"FROM duckdb_columns() WHERE table_name = 'jira_{table.name}'"
        query = f"SELECT column_name, data_type, comment {of_view}"
        declared = [(column.name, column.kind.sql, column.description) for column in table.columns]
        assert ask(published, query) == declared


def test_there_is_one_file_for_each_table_and_month_and_nothing_else(published: Path) -> None:
    found = {str(path.relative_to(published)) for path in published.rglob("*") if path.is_file()}
    assert found == {"jira.duckdb"} | {
        f"{table.name}/{month}.parquet" for table in TABLES for month in MONTHS
    }


def test_defect_19_a_month_without_rows_is_published_as_empty(published: Path, filled: Path) -> None:
    target = published / "comments" / f"{QUIET_MONTH}.parquet"
    target.write_bytes((published / "comments" / f"{MONTHS[0]}.parquet").read_bytes())
    with connect(filled, read_only=True) as connection:
        publish_months(connection, [COMMENTS], [QUIET_MONTH], UPath(published))
    assert pl.read_parquet(target).is_empty()


def test_publishing_again_changes_nothing(published: Path, filled: Path) -> None:
    before = {path: path.read_bytes() for path in published.rglob("*.parquet")}
    with connect(filled, read_only=True) as connection:
        publish_months(connection, TABLES, MONTHS, UPath(published))
    assert {path: path.read_bytes() for path in published.rglob("*.parquet")} == before


def test_files_of_an_older_version_are_read_beside_those_of_today(published: Path) -> None:
    old = published / "comments" / f"{MONTHS[0]}.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE old AS SELECT * EXCLUDE (is_public) FROM read_parquet(?)", [str(old)]
        )
        connection.execute(f"COPY old TO {_quoted(old)} (FORMAT parquet)")
    known = dict(ask(published, "SELECT month, count(is_public) FROM jira_comments GROUP BY ALL"))
    assert known[MONTHS[0]] == 0
    assert known[MONTHS[1]] > 0


def test_a_reader_keeps_what_it_opened_while_files_are_replaced(published: Path, filled: Path) -> None:
    with duckdb.connect(str(published / "jira.duckdb"), read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM jira_comments").fetchall()
        with connect(filled, read_only=True) as connection:
            publish_months(connection, TABLES, MONTHS, UPath(published))
        publish_views(UPath(published))
        assert reader.execute("SELECT count(*) FROM jira_comments").fetchall() == before


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
