"""The code location at work: against a running sandbox, with a data folder and a Dagster instance of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    JobDefinition,
    JobExecutionResult,
    MetadataValue,
    execute_job,
    reconstructable,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from jira_assets.definitions import defs
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# The retries of a step wait for half a minute and more.
_AT_ONCE = {"execution": {"config": {"retries": {"disabled": {}}}}}


def everything() -> JobDefinition:
    """The job that the UI and backfills run."""
    return defs.resolve_implicit_global_asset_job_def()


@dataclass(frozen=True)
class Run:
    """A finished run, and what it left in the instance."""

    result: JobExecutionResult
    instance: DagsterInstance

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def errors(self) -> str:
        """What the failed steps said, innermost causes included."""
        failures = [e for e in self.result.all_events if e.event_type is DagsterEventType.STEP_FAILURE]
        texts = []
        for event in failures:
            error = event.step_failure_data.error
            while error is not None:
                texts.append(error.message)
                error = error.cause
        return "\n".join(texts)

    def materialized(self, asset: str) -> list[str]:
        """The partitions of an asset that the run recorded."""
        return sorted({key for key, _ in self._materializations(asset)})

    def metadata(self, asset: str, month: str) -> Mapping[str, Any]:
        """What the run recorded about a partition."""
        return next(metadata for key, metadata in self._materializations(asset) if key == month)

    def _materializations(self, asset: str) -> list[tuple[str, dict[str, Any]]]:
        events = [e for e in self.result.all_events if e.is_step_materialization]
        return [
            (event.partition or "", {name: value.value for name, value in event.materialization.metadata.items()})
            for event in events
            if event.asset_key == AssetKey(asset)
        ]

    def checks(self) -> dict[str, bool]:
        """What the run's checks said, by `table.check`."""
        return {
            f"{e.asset_check_key.asset_key.to_user_string()}.{e.asset_check_key.name}": e.passed
            for e in self.result.get_asset_check_evaluations()
        }

    def check_metadata(self, asset: str, name: str) -> dict[str, MetadataValue[Any]]:
        key = AssetCheckKey(AssetKey(asset), name)
        found = [e for e in self.result.get_asset_check_evaluations() if e.asset_check_key == key]
        return dict(found[0].metadata)


@dataclass(frozen=True)
class Pipeline:
    """What a test has in hand."""

    sandbox: RunningSandbox
    folder: Path
    instance: DagsterInstance

    @property
    def database(self) -> Path:
        return self.folder / "warehouse" / "jira.duckdb"
