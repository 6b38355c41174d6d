"""The checks of runs that leave them out: asked all the same, and told only if the answer is news.

Every check that a run plans costs it a tenth of a second in Dagster's history, thirty-five of them more than
all the rest of a run that applies an event; asking all of them costs the warehouse as much as one.
"""

from collections.abc import Collection

from dagster import AssetCheckKey, AssetCheckResult, AssetExecutionContext

from jira_assets.checks.evaluate import Evaluation
from jira_assets.checks.rules import COMPLETE
from jira_assets.defs.checks.completeness import EVERY_PART_FETCHED, every_part_fetched, unfetched
from jira_assets.defs.checks.table_checks import result
from jira_assets.defs.checks.verdicts import OF_FILES, answers_of_files, evaluation, shown, tell
from jira_assets.defs.keys import check_key
from jira_assets.defs.upstream import AssetCheckExecutionRecordStatus
from jira_assets.sync.configuration import table_rules


class UnplannedChecks:
    """The checks that a run neither planned nor evaluated."""

    def __init__(self, context: AssetExecutionContext) -> None:
        self._context = context
        self._shown = shown(context.instance)
        every = {*OF_FILES, *(check_key(rule) for rule in table_rules())}
        self._unasked = {key for key in every if not self._is_of_this_run(key)}

    def tell(self, tables: Evaluation, months: Collection[str]) -> dict[str, list[str]]:
        """Tells what is news; returns the months in which checks fail that turn runs red, by check.

        ``tables`` is what was found in these months.
        """
        run_id = self._context.run.run_id
        red: dict[str, list[str]] = {}
        for rule in table_rules():
            if check_key(rule) in self._unasked:
                self._tell(result(tables.verdict(rule)))
        if check_key(COMPLETE) in self._unasked:
            red[COMPLETE.name] = tables.failing_months(COMPLETE)
        if EVERY_PART_FETCHED.key in self._unasked:
            failed = unfetched(months, run_id)
            self._tell(every_part_fetched(failed))
            red[EVERY_PART_FETCHED.name] = list(failed)
        for answer in answers_of_files(self._unasked - {EVERY_PART_FETCHED.key}, months):
            self._tell(answer)
        return {check: [month for month in found if month in months] for check, found in red.items()}

    def _tell(self, result: AssetCheckResult) -> None:
        status = self._status(evaluation(result).asset_check_key)
        if not result.passed or status in (None, AssetCheckExecutionRecordStatus.FAILED):
            tell(self._context.instance, self._context.run.run_id, self._context.run.job_name, result)

    def _status(self, key: AssetCheckKey) -> AssetCheckExecutionRecordStatus | None:
        record = self._shown.get(key)
        return record.status if record else None

    def _is_of_this_run(self, key: AssetCheckKey) -> bool:
        record = self._shown.get(key)
        return record is not None and record.run_id == self._context.run.run_id
