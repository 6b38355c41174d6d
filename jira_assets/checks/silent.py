"""The checks of runs that leave them out: asked all the same, and told only if the answer is news.

Every check that a run plans costs it a tenth of a second in Dagster's history, thirty-five of them more than
all the rest of a run that applies an event; asking all of them costs the warehouse as much as one.
"""

from collections.abc import Collection

from dagster import AssetCheckKey, AssetExecutionContext, Failure
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from jira_assets.checks.completeness import EVERY_PART_FETCHED, incomplete_months, turn_red, unfetched
from jira_assets.checks.rules import COMPLETE
from jira_assets.checks.verdicts import OF_FILES, OF_TABLES, answers, evaluation, shown, tell

_BLOCKING = {rule.key for rule in OF_TABLES if rule.blocking}
_OTHERS = {*OF_FILES, *(rule.key for rule in OF_TABLES if not rule.blocking)}


class SilentChecks:
    """The checks that a run neither planned nor evaluated."""

    def __init__(self, context: AssetExecutionContext) -> None:
        self._context = context
        self._shown = shown(context.instance)
        every = {*OF_FILES, *(rule.key for rule in OF_TABLES)}
        self._unasked = {key for key in every if not self._is_of_this_run(key)}

    def before_publishing(self) -> None:
        """Raises Failure if a rule is broken that keeps wrong data from being published."""
        broken = self._failed(_BLOCKING)
        if broken:
            names = ", ".join(sorted(key.to_user_string() for key in broken))
            raise Failure(f"nothing is published: {names} failed", allow_retries=False)

    def after_publishing(self, months: Collection[str]) -> None:
        """Raises Failure if one of these months is not complete: what there is of it is published."""
        # Only a look at all months can tell that the raw log is well again.
        was_well = self._status(EVERY_PART_FETCHED.key) is not AssetCheckExecutionRecordStatus.FAILED
        failed = self._failed(_OTHERS, months if was_well else None)
        if COMPLETE.key in failed:
            turn_red(self._context, COMPLETE.name, incomplete_months())
        if EVERY_PART_FETCHED.key in failed:
            turn_red(self._context, EVERY_PART_FETCHED.name, unfetched(months))

    def _failed(
        self, keys: Collection[AssetCheckKey], months: Collection[str] | None = None
    ) -> set[AssetCheckKey]:
        """Those of the checks that fail, all having been asked, and told if that is news."""
        failed = set()
        for result in answers(self._unasked & set(keys), months):
            key = evaluation(result).asset_check_key
            if not result.passed:
                failed.add(key)
            if not result.passed or self._status(key) in (None, AssetCheckExecutionRecordStatus.FAILED):
                tell(self._context.instance, self._context.run.run_id, self._context.run.job_name, result)
        return failed

    def _status(self, key: AssetCheckKey) -> AssetCheckExecutionRecordStatus | None:
        record = self._shown.get(key)
        return record.status if record else None

    def _is_of_this_run(self, key: AssetCheckKey) -> bool:
        record = self._shown.get(key)
        return record is not None and record.run_id == self._context.run.run_id
