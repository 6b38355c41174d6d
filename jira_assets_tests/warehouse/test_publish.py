import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from upath import UPath

from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.declare import KEY_COLUMNS, Column, Kind, Table
from jira_assets.tables.issue import Site
from jira_assets.tables.mapping_file import read_mapping
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.database_file import log_of
from jira_assets.warehouse.publish import VIEWS, publish_months, publish_table, publish_views
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.limits import no_file_larger_than
from jira_assets_tests.warehouse.filled import MONTHS, QUIET_MONTH

COMMENTS = BY_NAME["comments"]


@pytest.fixture
def published(filled: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "it's published"
    with connect(filled, read_only=True) as connection:
        publish_months(connection, TABLES, MONTHS, UPath(folder))
    publish_views(UPath(folder), TABLES, Site())
    return folder


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "jira.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def test_a_view_shows_what_the_table_holds(published: Path, filled: Path) -> None:
    for table in TABLES:
        with connect(filled, read_only=True) as connection:
            stored = connection.execute(f"SELECT * FROM jira.{table.name} ORDER BY ALL").fetchall()
        assert ask(published, f"SELECT * FROM jira_{table.name} ORDER BY ALL") == stored, table.name


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


def test_analysts_may_read_what_is_published(filled: Path, tmp_path: Path) -> None:
    folder, mask = tmp_path / "published", os.umask(0o022)
    try:
        with connect(filled, read_only=True) as connection:
            publish_months(connection, [COMMENTS], MONTHS, UPath(folder))
        publish_table(filled, COMMENTS, UPath(folder / "whole"))
        publish_views(UPath(folder), [COMMENTS], Site(), [])
    finally:
        os.umask(mask)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}
    assert modes == {(True, 0o755), (False, 0o644)}


def test_the_order_in_which_rows_were_stored_is_not_seen(filled: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.duckdb"
    shutil.copy(filled, shuffled)
    with connect(shuffled) as connection:
        connection.execute("CREATE TEMP TABLE kept AS FROM jira.comments")
        connection.execute("DELETE FROM jira.comments")
        connection.execute("INSERT INTO jira.comments FROM kept ORDER BY hash(comment_id)")
    for database in (filled, shuffled):
        with connect(database, read_only=True) as connection:
            publish_months(connection, [COMMENTS], MONTHS, UPath(tmp_path / database.stem))
        publish_table(database, COMMENTS, UPath(tmp_path / database.stem))
    for file in (tmp_path / filled.stem / "comments").iterdir():
        assert file.read_bytes() == (tmp_path / "shuffled" / "comments" / file.name).read_bytes()


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


def test_columns_that_files_lack_are_null_and_those_that_are_configured_no_more_are_gone(
    published: Path, tmp_path: Path
) -> None:
    file = tmp_path / "fields.toml"
    words = ("order", "select", "group", "größe")
    file.write_text("".join(f'[columns."{word}"]\nname = "A"\ntype = "number"\n' for word in words))
    tables = Catalogue(read_mapping(file)).tables
    publish_views(UPath(published), tables, Site())
    shown = ask(
        published, "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'jira_issues'"
    )
    assert shown == [(column.name, column.kind.sql) for column in tables[0].columns]
    assert ask(published, 'SELECT DISTINCT "order", "select", "group", größe FROM jira_issues') == [
        (None,) * 4
    ]


def test_a_column_that_is_of_another_type_now_is_null_where_it_cannot_be_that(published: Path) -> None:
    old = published / "issues" / f"{MONTHS[0]}.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE old AS SELECT * REPLACE ('high' AS satisfaction) FROM read_parquet(?)", [str(old)]
        )
        connection.execute(f"COPY old TO {_quoted(old)} (FORMAT parquet)")
    publish_views(UPath(published), TABLES, Site())
    assert ask(published, "SELECT count(*) > 0, count(satisfaction) FROM jira_issues") == [(True, 0)]


_OF_KIND = {
    Kind.TEXT: "'high'",
    Kind.INTEGER: "7::BIGINT",
    Kind.NUMBER: "2.5::DOUBLE",
    Kind.BOOLEAN: "true",
    Kind.TIMESTAMP: "TIMESTAMPTZ '2024-01-05 10:00:00+00'",
    Kind.DATE: "DATE '2024-01-05'",
    Kind.TEXT_LIST: "['high', NULL]",
    Kind.JSON: "'{\"a\":1}'::JSON",
}


@pytest.mark.parametrize("now", Kind, ids=lambda kind: kind.name)
def test_months_with_another_type_of_a_column_cost_none_their_rows_nor_the_others_their_values(
    now: Kind, tmp_path: Path
) -> None:
    others = [kind for kind in Kind if kind is not now]
    shown = [f"was_{kind.name.lower()}" for kind in others]
    columns = (*KEY_COLUMNS, *(Column(name, now, ".") for name in shown))
    (tmp_path / "things").mkdir()
    months = {"2024-01": others, "2024-02": [now] * len(others), "2024-03": [now] * len(others)}
    with duckdb.connect() as connection:
        for month, kinds in months.items():
            rows = f"""SELECT '{month}' AS "month", '1' AS issue_id, 'A-1' AS issue_key"""
            values = (f"{_OF_KIND[kind]} AS {name}" for kind, name in zip(kinds, shown, strict=True))
            file = tmp_path / "things" / f"{month}.parquet"
            connection.execute(f"COPY ({rows}, {', '.join(values)}) TO {_quoted(file)}")
        ((value,),) = connection.execute(f"SELECT {_OF_KIND[now]}").fetchall()
    publish_views(UPath(tmp_path), [Table("things", ".", columns, ("issue_id",))], Site())
    found = {month: values for month, *values in ask(tmp_path, _select(["month", *shown]))}
    assert found.keys() == months.keys()
    assert found["2024-02"] == found["2024-03"] == [value] * len(shown)
    plan = ask(tmp_path, f"EXPLAIN ANALYZE {_select(shown)} WHERE month = '2024-03'")
    assert "Row Groups Scanned: 1 / 3" in str(plan)


def _select(columns: list[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM jira_things"


def test_months_that_are_published_later_are_shown_too(published: Path) -> None:
    before = ask(published, "SELECT DISTINCT month FROM jira_issues")
    later = published / "issues" / "2099-01.parquet"
    with duckdb.connect() as connection:
        rows = f"SELECT * REPLACE ('2099-01' AS \"month\") FROM {_quoted(published / 'issues' / '*.parquet')}"
        connection.execute(f"COPY ({rows}) TO {_quoted(later)}")
    assert len(ask(published, "SELECT DISTINCT month FROM jira_issues")) == len(before) + 1


def test_a_reader_keeps_what_it_opened_while_files_are_replaced(published: Path, filled: Path) -> None:
    with duckdb.connect(str(published / "jira.duckdb"), read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM jira_comments").fetchall()
        with connect(filled, read_only=True) as connection:
            publish_months(connection, TABLES, MONTHS, UPath(published))
        publish_views(UPath(published), TABLES, Site())
        assert reader.execute("SELECT count(*) FROM jira_comments").fetchall() == before


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"


def _identities(folder: Path) -> dict[str, tuple[int, int]]:
    statuses = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in statuses.items()}


def test_known_defect_56_a_file_that_would_be_the_same_is_not_replaced(
    published: Path, filled: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "warehouse.duckdb"
    shutil.copyfile(filled, changed)
    with suppress(FileNotFoundError):
        shutil.copyfile(log_of(filled), log_of(changed))
    publish_views(UPath(published), TABLES, Site())
    before = _identities(published)
    views = (published / VIEWS).stat()
    with connect(changed) as connection:
        connection.execute(f"UPDATE jira.comments SET body = 'new' WHERE month = '{MONTHS[0]}'")
        publish_months(connection, TABLES, MONTHS, UPath(published))
    publish_views(UPath(published), TABLES, Site())
    after = _identities(published)
    assert {name for name in after if after[name] != before[name]} == {f"comments/{MONTHS[0]}.parquet"}
    assert os.path.samestat((published / VIEWS).stat(), views)


def test_known_defect_52_a_full_disk_is_told_and_leaves_what_was_published(
    published: Path, filled: Path
) -> None:
    first, second = (published / "comments" / f"{month}.parquet" for month in MONTHS)
    shutil.copyfile(second, first)  # so that there is something to do
    before = _identities(published)
    with (
        connect(filled, read_only=True) as connection,
        no_file_larger_than(100),
        pytest.raises((duckdb.Error, OSError)),
    ):
        publish_months(connection, [COMMENTS], [MONTHS[0]], UPath(published))
    with no_file_larger_than(100_000), pytest.raises((duckdb.Error, OSError)):
        publish_views(UPath(published), TABLES[:3], Site())  # others than there are
    assert _identities(published) == before
    publish_views(UPath(published), TABLES[:3], Site())
    assert len(ask(published, "SELECT * FROM duckdb_views() WHERE NOT internal")) == 3
