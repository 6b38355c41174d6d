"""Dagster's own run launcher, plus what its run monitoring needs to find the runs of a dead machine."""

import grpc
from dagster import DagsterRun, QueuedRunCoordinator

from jira_assets.defs.upstream import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    DagsterUserCodeUnreachableError,
    DefaultRunLauncher,
    WorkerStatus,
    deserialize_value,
)


class WatchfulRunLauncher(DefaultRunLauncher):
    """Asks the code server that started a run whether it still has it.

    The stock launcher cannot be asked, so a run that died with its code server (power cut, `kill -9`) is
    "started" for ever, and keeps its place in the queue and its month to itself.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "the run does not say which server started it")
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id))
        except DagsterUserCodeUnreachableError as error:
            cause = error.__cause__
            if isinstance(cause, grpc.RpcError) and cause.code() is not grpc.StatusCode.UNAVAILABLE:
                return CheckRunHealthResult(WorkerStatus.RUNNING, "its code server is busy")
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code server that ran it is gone")
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its code server no longer has it")


_LOOK_EVERY_SECONDS = 0.5


class PromptRunCoordinator(QueuedRunCoordinator):
    """The wait in the queue is the longest between an event and its run that settings could shorten.

    Dagster's setting takes whole seconds only; its daemon, which this is for, fractions too.
    """

    @property
    def dequeue_interval_seconds(self) -> int:
        return _LOOK_EVERY_SECONDS  # type: ignore[return-value]
