"""The IO manager: tables into DuckDB in one transaction, months of tables out of it as Polars frames.

The stock handler deletes and commits before it inserts, inserts by position, and takes an empty frame for
"delete everything". Here the assets of a run share one `TableRefresh`; the first one handled carries it out.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import polars as pl
from dagster import Failure, InputContext, OutputContext, TimeWindow
from dagster_duckdb import DuckDBIOManager
from dagster_duckdb.io_manager import DuckDbClient

from jira_assets.defs.upstream import DbIOManager, DbTypeHandler, TableSlice
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.issue import Site
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, connect
from jira_assets.warehouse.read import count_rows, select
from jira_assets.warehouse.refresh import Refresh, Refreshed
from jira_assets.warehouse.store import SCHEMA

_PROBLEMS_SHOWN = 50


@dataclass
class TableRefresh:
    """What the table assets of one run ask for; carried out once, when the first of them is stored."""

    raw: RawLog
    site: Site
    tables: Sequence[IssueTable]
    protection: Protection
    months: Sequence[str]
    rebuild: bool
    progress: Callable[[str], None]
    log_differs: Callable[[str], None]
    database: Path = field(default=Path(), init=False)
    patience_s: float = field(default=DEFAULT_PATIENCE_S, init=False)

    @cached_property
    def result(self) -> Refreshed:
        refresh = Refresh(
            self.raw,
            self.database,
            self.tables,
            self.site,
            self.protection,
            log_differs=self.log_differs,
            patience_s=self.patience_s,
        )
        return refresh.run(self.months, rebuild=self.rebuild, progress=self.progress)

    @cached_property
    def stored(self) -> Mapping[tuple[str, str], int]:
        """Rows in the warehouse after the refresh, by table and month."""
        with connect(self.database, read_only=True, patience_s=self.patience_s) as connection:
            return count_rows(connection, self.tables, self.result.months)


@dataclass(frozen=True)
class TableOutput:
    """One table's share of a refresh: what a table asset returns."""

    refresh: TableRefresh
    table: IssueTable


class _Handler(DbTypeHandler[Any]):
    """Stores `TableOutput`, loads `polars.DataFrame`."""

    @property
    def supported_types(self) -> Sequence[type[object]]:
        return [TableOutput, pl.DataFrame]

    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: TableOutput, connection: Path
    ) -> Mapping[str, Any]:
        refresh, name = obj.refresh, obj.table.name
        refresh.database = connection
        refresh.patience_s = cast(float, (context.resource_config or {})["patience_s"])
        result = refresh.result
        if not result.months:
            reasons = "; ".join(f"{month} was left as it is: {why}" for month, why in result.failed.items())
            raise Failure(reasons, allow_retries=False)
        record_only(context, result.months)
        for month in context.asset_partition_keys:
            context.step_context.add_asset_metadata(
                {"dagster/partition_row_count": refresh.stored[name, month]},
                asset_key=context.asset_key,
                partition_key=month,
            )
        return {"rows_written_by_run": result.rows[name], "issues_refreshed_by_run": result.issues} | (
            _problems(result) | ({"made_of_another_log": result.other_logs} if result.other_logs else {})
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


class WarehouseIOManager(DuckDBIOManager):
    """Tables as the schema `jira` of the DuckDB file at `database`; empty means where the settings say.

    A run waits `patience_s` seconds while another process holds the file.
    """

    database: str = ""
    patience_s: float = DEFAULT_PATIENCE_S

    @staticmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        return [_Handler()]

    def create_io_manager(self, context: object) -> DbIOManager:
        return DbIOManager(
            type_handlers=self.type_handlers(),
            db_client=_Client(),
            database=self.database or str(Settings.load().warehouse_path),
            schema=SCHEMA,
            io_manager_name="WarehouseIOManager",
            default_load_type=pl.DataFrame,
        )


def _problems(result: Refreshed) -> dict[str, Any]:
    """Values that could not be read, by issue: they are NULL in the tables."""
    if not result.problems:
        return {"unreadable_values": 0}
    shown = [f"{p.issue_key} {p.field}: {p.reason}" for p in result.problems[:_PROBLEMS_SHOWN]]
    return {"unreadable_values": len(result.problems), "unreadable": shown}
