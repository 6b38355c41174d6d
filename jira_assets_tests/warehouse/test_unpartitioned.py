import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from jira_assets.tables.declare import Column, Kind, Table
from jira_assets.warehouse.store import SchemaMismatch
from jira_assets.warehouse.unpartitioned import read_table, replace_rows, replace_table

READINGS = Table(
    name="readings",
    description="What was read.",
    own_columns=(
        Column("place", Kind.TEXT, "Where.", nullable=False),
        Column("read_at", Kind.TIMESTAMP, "When."),
        Column("value", Kind.INTEGER, "What."),
    ),
    primary_key=("place",),
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def readings(**values: int | None) -> pl.DataFrame:
    rows = [(place, NOON, value) for place, value in values.items()]
    return pl.DataFrame(rows, schema=READINGS.schema, orient="row")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def stored(database: Path) -> dict[str, int | None]:
    return dict(read_table(database, READINGS).sort("place").select("place", "value").iter_rows())


def test_a_table_that_is_not_there_yet_has_no_rows(database: Path) -> None:
    assert read_table(database, READINGS).schema == READINGS.schema
    assert not database.exists()
    replace_table(database, dataclasses.replace(READINGS, name="others"), readings())
    assert read_table(database, READINGS).is_empty()


def test_the_rows_of_a_frame_become_all_rows(database: Path) -> None:
    replace_table(database, READINGS, readings(here=1, there=2))
    replace_table(database, READINGS, readings(there=3))
    assert stored(database) == {"there": 3}


def test_rows_are_replaced_by_their_key_and_others_stay(database: Path) -> None:
    replace_rows(database, READINGS, readings(here=1, there=2))
    replace_rows(database, READINGS, readings(there=None, elsewhere=4))
    assert stored(database) == {"elsewhere": 4, "here": 1, "there": None}


def test_a_frame_of_another_schema_changes_nothing(database: Path) -> None:
    replace_table(database, READINGS, readings(here=1))
    with pytest.raises(SchemaMismatch):
        replace_table(database, READINGS, readings(there=2).with_columns(value=pl.lit("two")))
    assert stored(database) == {"here": 1}
