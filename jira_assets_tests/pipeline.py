"""The code location at work: with a running sandbox, a data folder and a Dagster instance of its own."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pytest
from dagster import (
    AssetCheckKey,
    DagsterEventType,
    DagsterInstance,
    JobExecutionResult,
    execute_job,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.partition_status_cache import get_partition_subsets
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from jira_assets.defs.keys import asset_key
from jira_assets.defs.partitions import MONTHS
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets_tests.default_tables import BY_NAME

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_BY_MONTH = ("raw_issues", *BY_NAME, "published")
_AT_ONCE: dict[str, Any] = {"execution": {"config": {"retries": {"disabled": {}}}}}


# The job that the UI's buttons and backfills run, found the way a run's own process finds it.
_LOCATION = ReconstructableRepository.for_module("jira_assets.definitions", "defs")
_EVERYTHING = _LOCATION.get_reconstructable_job("__ASSET_JOB")


def _name(check: AssetCheckKey) -> str:
    return f"{check.asset_key.path[-1]}.{check.name}"


@dataclass(frozen=True)
class Run:
    """A finished run."""

    result: JobExecutionResult

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

    def observed(self, asset: str) -> Mapping[str, Any]:
        """What the run observed about an asset that is not materialised."""
        [event] = [e for e in self.result.all_events if e.event_type is DagsterEventType.ASSET_OBSERVATION]
        assert event.asset_key == asset_key(asset)
        metadata = event.asset_observation_data.asset_observation.metadata
        return {name: value.value for name, value in metadata.items()}

    def _materializations(self, asset: str) -> list[tuple[str, dict[str, Any]]]:
        events = [e for e in self.result.all_events if e.is_step_materialization]
        return [
            (
                event.partition or "",
                {name: value.value for name, value in event.materialization.metadata.items()},
            )
            for event in events
            if event.asset_key == asset_key(asset)
        ]

    def checks(self) -> dict[str, bool]:
        """What the run's checks said, by `table.check`."""
        return {
            _name(evaluation.asset_check_key): evaluation.passed
            for evaluation in self.result.get_asset_check_evaluations()
        }

    def offenders(self, check: str) -> list[str]:
        """What a check (`asset.check`) of this run said is wrong."""
        evaluations = self.result.get_asset_check_evaluations()
        metadata = next(e.metadata for e in evaluations if _name(e.asset_check_key) == check)
        values = [value.value for name, value in metadata.items() if name != "count"]
        return [str(text) for value in values if isinstance(value, list) for text in value]


@dataclass(frozen=True)
class Pipeline:
    """What a test has in hand: the site, the data folder, and ways to run and to look."""

    sandbox: RunningSandbox
    folder: Path
    instance: DagsterInstance

    @property
    def database(self) -> Path:
        return Settings.load().warehouse_path

    @property
    def raw(self) -> RawLog:
        return RawLog(Settings.load().raw_dir)

    def run(
        self,
        *months: str,
        assets: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> Run:
        """Materialise a month, or the range from one to another, of all assets by month or of some.

        Without retries, which wait for half a minute.
        """
        first, last = months[0], months[-1]
        range_ = {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
        result = execute_job(
            _EVERYTHING,
            self.instance,
            run_config={**_QUIET, **_AT_ONCE, **(config or {})},
            tags={**tags, **({PARTITION_NAME_TAG: first} if len(months) == 1 else range_)},
            asset_selection=[asset_key(name) for name in assets or _BY_MONTH],
        )
        return Run(result)

    def run_job(self, name: str, config: Mapping[str, Any] | None = None, month: str | None = None) -> Run:
        """Run a job, of a month if it has partitions, with its own config unless another is given."""
        job = _LOCATION.get_reconstructable_job(name)
        definition = job.get_definition()
        own = definition.get_run_config_for_partition_key(month) if month else definition.run_config
        run_config = {**_QUIET, **_AT_ONCE, **(config or own or {})}
        tags = {PARTITION_NAME_TAG: month} if month else {}
        return Run(execute_job(job, self.instance, run_config=run_config, tags=tags))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the pipeline's own database."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        """Damage the pipeline's own database."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(sql)

    def published(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the published copy, as analysts do."""
        with duckdb.connect(str(self.folder / "published" / "jira.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def failed_partitions(self, asset: str) -> set[str]:
        """The partitions of an asset that the UI shows as failed."""
        loading = LoadingContextForTest(self.instance)
        subsets = get_partition_subsets(self.instance, loading, asset_key(asset), self.instance, MONTHS)
        _, failed, _ = asyncio.run(subsets)
        return {*failed.get_partition_keys()} if failed else set()

    def shown_checks(self) -> dict[str, str]:
        """The state in which the UI shows each check, by `asset.check`: that of its latest record."""
        keys = list(_EVERYTHING.get_definition().asset_layer.asset_graph.asset_check_keys)
        found = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        return {_name(key): record.status.value for key, record in found.items()}

    def failed_checks(self) -> set[str]:
        """The checks that the UI shows as failed, but for `fresh`: the issues of a sandbox are old."""
        return {name for name, status in self.shown_checks().items() if status == "FAILED"} - {"issues.fresh"}


@contextmanager
def pipeline(site: Site, folder: Path, **settings: str) -> Iterator[Pipeline]:
    """A served site and the settings that lead to it, until the block ends."""
    with (
        serve(site) as sandbox,
        pytest.MonkeyPatch.context() as patch,
        DagsterInstance.ephemeral() as instance,
    ):
        for name in [name for name in os.environ if name.startswith("JIRA_") and name != "JIRA_TEST_DATA"]:
            patch.delenv(name)
        patch.chdir(folder)  # where nobody has an .env
        account = sandbox.account
        patch.setenv("JIRA_BASE_URL", sandbox.url)
        patch.setenv("JIRA_EMAIL", account.email)
        patch.setenv("JIRA_API_TOKEN", account.token)
        patch.setenv("JIRA_DATA_DIR", str(folder))
        for name, value in settings.items():
            patch.setenv(name, value)
        yield Pipeline(sandbox, folder, instance)
