"""What the demonstration asks of Dagster's web UI, through the API that its pages use (GraphQL)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from jira_assets.commands.demo.processes import DemoError

_SECONDS_TO_START = 180
_SECONDS_BETWEEN_LOOKS = 0.2
_RUN_ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "jira_assets"}
_ENDED = frozenset({"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED", "COMPLETED"})

_LOADED = """{ workspaceOrError { __typename ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename ... on PythonError { message } } } } } }"""

_ASSETS = """{ assetNodes { assetKey { path } isPartitioned } }"""

_LAUNCH_JOB = """mutation($job: JobOrPipelineSelector!) {
    launchRun(executionParams: {selector: $job, runConfigData: {}}) {
        __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""

_STATUS = """query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"""

_LAUNCH = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""

_PROGRESS = """query($backfill: String!) {
    partitionBackfillOrError(backfillId: $backfill) { __typename ... on PythonError { message }
        ... on PartitionBackfill { status numPartitions } }
    runsOrError(filter: {tags: [{key: "dagster/backfill", value: $backfill}]}) {
        ... on Runs { results { runId rootRunId status } } }
    assetNodeOrError(assetKey: {path: ["jira", "issues"]}) {
        ... on AssetNode { assetMaterializations(limit: 10000) {
        partition metadataEntries { label ... on IntMetadataEntry { intValue } } } } } }"""

_CHECKS = """{ assetNodes { assetKey { path } isPartitioned assetChecksOrError { ... on AssetChecks {
    checks { name executionForLatestMaterialization { status } } } } } }"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is. ``months_done`` and ``issues`` count what the tables hold.

    ``unsuccessful`` are the addresses of runs that failed or were cancelled, unless a retry made up for them.
    """

    months: int
    months_done: int
    issues: int
    finished: bool
    succeeded: bool
    unsuccessful: tuple[str, ...]


class Ui:
    """The web UI at ``url``. ``alive`` raises when waiting for it makes no sense any more."""

    def __init__(self, url: str, alive: Callable[[], None]) -> None:
        self.url = url
        self._alive = alive
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between us and this machine

    def wait_until_loaded(self) -> None:
        """Returns when the UI answers and knows our assets. Raises DemoError if it doesn't get there."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            self._alive()
            try:
                locations = self.ask(_LOADED)["workspaceOrError"]["locationEntries"]
            except (requests.ConnectionError, requests.Timeout):
                locations = []
            if locations and all(location["loadStatus"] == "LOADED" for location in locations):
                loaded = [location["locationOrLoadError"] for location in locations]
                broken = [entry["message"] for entry in loaded if entry["__typename"] == "PythonError"]
                if broken:
                    raise DemoError(f"Dagster cannot load the assets: {broken[0]}")
                return
            time.sleep(0.3)
        raise DemoError(f"Dagster's UI did not start within {_SECONDS_TO_START} seconds")

    def launch_backfill(self) -> str:
        """Asks for all months of all assets that have any. Returns the backfill's id."""
        nodes = self.ask(_ASSETS)["assetNodes"]
        assets = [{"path": node["assetKey"]["path"]} for node in nodes if node["isPartitioned"]]
        params = {"assetSelection": assets, "allPartitions": True}
        launched = self.ask(_LAUNCH, params=params)["launchPartitionBackfill"]
        if launched["__typename"] != "LaunchBackfillSuccess":
            reason = launched.get("message", launched["__typename"])
            raise DemoError(f"Dagster refused the backfill: {reason}")
        backfill: str = launched["backfillId"]
        return backfill

    def run_job(self, name: str) -> bool:
        """Runs a job without partitions to its end. Whether it succeeded."""
        launched = self.ask(_LAUNCH_JOB, job={**_REPOSITORY, "jobName": name})["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            reason = launched.get("message", launched["__typename"])
            raise DemoError(f"Dagster refused the job {name}: {reason}")
        run_id = launched["run"]["runId"]
        while (status := self.ask(_STATUS, run=run_id)["runOrError"]["status"]) not in _RUN_ENDED:
            self._alive()
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return bool(status == "SUCCESS")

    def progress(self, backfill: str) -> Progress:
        """How far the backfill is."""
        self._alive()
        answer = self.ask(_PROGRESS, backfill=backfill)
        state = answer["partitionBackfillOrError"]
        if state["__typename"] != "PartitionBackfill":
            raise DemoError(f"Dagster lost the backfill: {state.get('message', state['__typename'])}")
        rows = _rows_by_month(answer["assetNodeOrError"]["assetMaterializations"])
        runs = _last_attempts(answer["runsOrError"]["results"])
        succeeded = len(rows) == state["numPartitions"] and all(run["status"] == "SUCCESS" for run in runs)
        unsuccessful = (run["runId"] for run in runs if run["status"] in ("FAILURE", "CANCELED"))
        return Progress(
            months=state["numPartitions"],
            months_done=len(rows),
            issues=sum(rows.values()),
            # The daemon looks only every 30 seconds whether all runs have ended; we know earlier.
            finished=succeeded or state["status"] in _ENDED,
            succeeded=succeeded,
            unsuccessful=tuple(f"{self.url}/runs/{run_id}" for run_id in unsuccessful),
        )

    def checks(self) -> dict[str, str]:
        """The status of the checks of all assets by month, by ``asset.check``; SUCCEEDED is the good one."""
        statuses = {}
        nodes = self.ask(_CHECKS)["assetNodes"]
        for asset in (node for node in nodes if node["isPartitioned"]):
            for check in asset["assetChecksOrError"].get("checks", []):
                execution = check["executionForLatestMaterialization"] or {"status": "NOT EVALUATED"}
                statuses[f"{asset['assetKey']['path'][-1]}.{check['name']}"] = execution["status"]
        return statuses

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The answer of its API to a query. Raises DemoError if that is an error."""
        body = {"query": query, "variables": variables}
        response = self._session.post(f"{self.url}/graphql", json=body, timeout=60)
        answer: dict[str, Any] = response.json()
        if answer.get("errors"):
            raise DemoError(f"Dagster's API answered: {answer['errors'][0].get('message')}")
        data: dict[str, Any] = answer["data"]
        return data


def _rows_by_month(materializations: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Rows of each month of a table, as of its latest materialization; they come latest first."""
    rows: dict[str, int] = {}
    for materialization in materializations:
        for entry in materialization["metadataEntries"]:
            if entry["label"] == "dagster/partition_row_count":
                rows.setdefault(materialization["partition"], entry["intValue"])
    return rows


def _last_attempts(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each run, or the latest of those that repeat it; they come latest first."""
    latest: dict[str, dict[str, Any]] = {}
    for run in runs:
        latest.setdefault(run["rootRunId"] or run["runId"], run)
    return list(latest.values())
