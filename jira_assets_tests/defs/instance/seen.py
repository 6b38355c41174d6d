"""Runs as if Dagster had seen them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetMaterialization,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
)
from dagster._core.events import StepMaterializationData
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._core.test_utils import create_run_for_test

from jira_assets.defs.instance.dispensable import Keeping
from jira_assets.defs.keys import asset_key
from jira_assets_tests.jira.issues import MONTH

ISSUES = asset_key("issues")
EVENTS, LOAD = "apply_events", "sync_months"


class Seen:
    """The history of an instance."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance = instance

    def run(
        self,
        job: str = EVENTS,
        status: DagsterRunStatus = DagsterRunStatus.SUCCESS,
        month: str = MONTH,
        repeats: str | None = None,
    ) -> str:
        """A run, perhaps of one that repeats another."""
        tags = {PARTITION_NAME_TAG: month}
        run: DagsterRun = create_run_for_test(
            self.instance, job, status=status, tags=tags, root_run_id=repeats, parent_run_id=repeats
        )
        return run.run_id

    def materialized(self, run_id: str, month: str = MONTH, **metadata: int) -> None:
        """Note that the run has materialized a month of `issues`."""
        materialization = AssetMaterialization(ISSUES, partition=month, metadata=metadata)
        self._tell(run_id, DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(materialization))

    def checked(self, run_id: str, passed: bool) -> None:
        """Note what the run's check said."""
        verdict = AssetCheckEvaluation(asset_key=ISSUES, check_name="complete", passed=passed, metadata={})
        self._tell(run_id, DagsterEventType.ASSET_CHECK_EVALUATION, verdict)

    def repeated_a_step(self, run_id: str) -> None:
        """Note that a step of the run was tried again."""
        self._tell(run_id, DagsterEventType.STEP_RESTARTED, None)

    def dispensable(self, in_days: float, history_days: int = 30) -> set[str]:
        """The runs that may go so many days from now."""
        now = datetime.now(UTC) + timedelta(days=in_days)
        return {*Keeping(history_days).dispensable(self.instance, now)}

    def _tell(self, run_id: str, kind: DagsterEventType, data: Any) -> None:
        event = DagsterEvent(event_type_value=kind.value, job_name=EVENTS, event_specific_data=data)
        self.instance.report_dagster_event(event, run_id)
