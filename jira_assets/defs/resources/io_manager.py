"""The IO manager: tables into DuckDB in one transaction, months of tables out of it as Polars frames.

The stock handler deletes and commits before it inserts, inserts by position, and takes an empty frame for
"delete everything". Here an asset returns frames, the issues or months that they replace, and the watermark.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl
from dagster import InputContext, OutputContext, ResourceDependency, RetryRequested, TimeWindow
from dagster_duckdb import DuckDBIOManager
from dagster_duckdb.io_manager import DuckDbClient

from jira_assets.defs.resources.site_copy import SiteCopy
from jira_assets.defs.upstream import DbIOManager, DbTypeHandler, TableSlice
from jira_assets.sync.configuration import catalogue
from jira_assets.tables.declare import IssueTable
from jira_assets.warehouse.changes import InSeveralMonths
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, connect
from jira_assets.warehouse.read import count_rows, select
from jira_assets.warehouse.refresh import Refreshed, Staged
from jira_assets.warehouse.store import SCHEMA, WatermarkMoved

_PROBLEMS_SHOWN = 50
_ATTEMPTS = 20  # each that fails means that another run got on


@dataclass(frozen=True)
class TableChange:
    """What a table asset returns: rows of some months that wait to be stored.

    They are stored together with those of the other tables of the same step, in one transaction.
    """

    table: IssueTable
    staged: Staged


class _Handler(DbTypeHandler[Any]):
    """Stores `TableChange`, loads `polars.DataFrame`."""

    @property
    def supported_types(self) -> Sequence[type[object]]:
        return [TableChange, pl.DataFrame]

    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: TableChange, connection: Path
    ) -> Mapping[str, Any]:
        """Stores what a step changes with its first output: nothing is recorded that is not durable."""
        staged, name = obj.staged, obj.table.name
        try:
            staged.store()
        except (WatermarkMoved, InSeveralMonths) as error:  # another run got there first: look again
            raise RetryRequested(max_retries=_ATTEMPTS, seconds_to_wait=0) from error
        record_only(context, staged.months)
        with connect(connection, read_only=True) as opened:
            counts = count_rows(opened, [obj.table], context.asset_partition_keys)
        for month in context.asset_partition_keys:
            if month in staged.months:
                context.step_context.add_asset_metadata(
                    {"dagster/partition_row_count": counts[name, month]},
                    asset_key=context.asset_key,
                    partition_key=month,
                )
        done = staged.done
        return {"rows_written_by_run": done.rows[name], "issues_refreshed_by_run": done.issues} | (
            _problems(done) | ({"made_of_another_log": done.other_logs} if done.other_logs else {})
        )

    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Path) -> pl.DataFrame:
        with connect(connection, read_only=True) as opened:
            return select(opened, catalogue().by_name[table_slice.table], context.asset_partition_keys)


def record_only(context: OutputContext, months: Collection[str]) -> None:
    """Let Dagster record those of the run's months that are among these, and not all of them."""
    recorded = [month for month in context.asset_partition_keys if month in months]
    # There is no other way to say so: what Dagster records of an output are the partitions of its run.
    context._asset_partitions_subset = context.asset_partitions_def.subset_with_partition_keys(recorded)


class _Client(DuckDbClient):
    """Gives the handler the file rather than a connection: it is opened once there is something to write."""

    @staticmethod
    @contextmanager
    def connect(context: OutputContext | InputContext, table_slice: TableSlice) -> Iterator[Path]:
        yield Path(table_slice.database or "")

    @staticmethod
    def ensure_schema_exists(context: OutputContext, table_slice: TableSlice, connection: Path) -> None:
        """Part of the transaction that writes."""

    @staticmethod
    def delete_table_slice(context: OutputContext, table_slice: TableSlice, connection: Path) -> None:
        """Part of the transaction that writes: rows go only when those that replace them come."""

    @staticmethod
    def get_table_name(table_slice: TableSlice) -> str:
        """As in a query; the path of the file is no part of it."""
        return f"{table_slice.schema}.{table_slice.table}"

    @staticmethod
    def get_select_statement(table_slice: TableSlice) -> str:
        """For the metadata. Months are text here; the stock statement compares them with instants."""
        statement = f"SELECT * FROM {table_slice.schema}.{table_slice.table}"
        for dimension in table_slice.partition_dimensions or ():
            window = cast(TimeWindow, dimension.partitions)
            first, after = (f"{moment:%Y-%m}" for moment in (window.start, window.end))
            statement += f" WHERE month >= '{first}' AND month < '{after}'"
        return statement


class Warehouse(DbIOManager):
    """The IO manager at work. Assets that read what is stored before they return what to store use its
    ``path``, and wait ``patience_s`` seconds for it.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__(
            type_handlers=[_Handler()],
            db_client=_Client(),
            database=str(path),
            schema=SCHEMA,
            io_manager_name="WarehouseIOManager",
            default_load_type=pl.DataFrame,
        )
        self.path = path
        self.patience_s = patience_s


class WarehouseIOManager(DuckDBIOManager):
    """Tables as the schema `jira` of the DuckDB file at `database`; empty means that of the copy.

    A run waits `patience_s` seconds while another process holds the file.
    """

    site_copy: ResourceDependency[SiteCopy]
    database: str = ""
    patience_s: float = DEFAULT_PATIENCE_S

    @staticmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        return [_Handler()]

    def create_io_manager(self, context: object) -> Warehouse:
        path = Path(self.database) if self.database else self.site_copy.settings.warehouse_path
        return Warehouse(path, self.patience_s)


def _problems(result: Refreshed) -> dict[str, Any]:
    """Values that could not be read, by issue: they are NULL in the tables."""
    if not result.problems:
        return {"unreadable_values": 0}
    shown = [f"{p.issue_key} {p.field}: {p.reason}" for p in result.problems[:_PROBLEMS_SHOWN]]
    return {"unreadable_values": len(result.problems), "unreadable": shown}
