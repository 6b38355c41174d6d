"""The months that everything is partitioned by."""

from collections.abc import Collection, Iterable, Sequence

from dagster import BackfillPolicy, MonthlyPartitionsDefinition

from jira_assets.settings import DEFAULT_START_MONTH, Settings
from jira_assets.settings.environment import SettingsError


def _start_month() -> str:
    # The code location loads even with a malformed setting; what needs it then says what is wrong with it.
    try:
        return Settings.load().start_month
    except SettingsError:
        return DEFAULT_START_MONTH


# The end offset makes the month that has not ended yet a partition too.
MONTHS = MonthlyPartitionsDefinition(start_date=_start_month(), fmt="%Y-%m", end_offset=1)


def last_of(months: Collection[str]) -> str | None:
    """The last partition if it is one of these. With it go the months that have not begun by our clock: they
    have no partitions of their own.
    """
    last = MONTHS.get_last_partition_key()
    return last if last in months else None


def with_later(months: Sequence[str], stored: Iterable[str]) -> list[str]:
    """The months of a run, and those stored that go with the last one."""
    last = last_of(months)
    return [*months, *(month for month in stored if last and month > last)]


# A year per run: starting a run takes seconds, a failed one is repeated, and several can run at once.
BACKFILL = BackfillPolicy.multi_run(max_partitions_per_run=12)
