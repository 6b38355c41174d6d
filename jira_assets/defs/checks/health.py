"""The checks of `data_health`: is the copy as good as it should be?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec

from jira_assets.defs.keys import asset_key
from jira_assets.privacy.in_use import MANY_VALUES
from jira_assets.sync.health.measure import Asked, Measurement
from jira_assets.tables.data_health import DATA_HEALTH

_WARN, _ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR


@dataclass(frozen=True, slots=True)
class Limits:
    """From which value on somebody should know, and from which on something is broken."""

    warn: int
    error: int | None = None
    low: bool = False
    """Whether less is worse."""

    def severity(self, value: int) -> AssetCheckSeverity | None:
        """How bad a value is; None if it is fine."""
        if self.error is not None and self._reaches(value, self.error):
            return _ERROR
        return _WARN if self._reaches(value, self.warn) else None

    def _reaches(self, value: int, limit: int) -> bool:
        return value <= limit if self.low else value >= limit


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check of some of the values.

    One that is unknown passes, because others say what is broken, unless that is itself ``needed``.
    """

    name: str
    description: str
    limits: Mapping[str, Limits]
    asked: tuple[Asked, ...]
    needed: bool = False

    @property
    def spec(self) -> AssetCheckSpec:
        return AssetCheckSpec(self.name, asset=asset_key(DATA_HEALTH.name), description=self.description)

    def verdict(self, measured: Measurement) -> AssetCheckResult:
        """With the values, and why they are unknown, in the metadata."""
        values = {column: measured.values[column] for column in self.limits}
        found = [
            severity
            for column, value in values.items()
            if isinstance(value, int) and (severity := self.limits[column].severity(value)) is not None
        ]
        unknown = "; ".join(measured.unknown[what] for what in self.asked if what in measured.unknown)
        if unknown and self.needed:
            found.append(_ERROR)
        missing = "; ".join(f"{column} is unknown" for column, value in values.items() if value is None)
        metadata: dict[str, int | str] = {name: v for name, v in values.items() if isinstance(v, int)}
        if unknown or missing:
            metadata["unknown"] = unknown or missing
        return AssetCheckResult(
            passed=not found,
            asset_key=asset_key(DATA_HEALTH.name),
            check_name=self.name,
            severity=_ERROR if _ERROR in found or not found else _WARN,
            metadata=metadata,
        )


HEALTH_CHECKS = (
    HealthCheck(
        "not_behind_jira",
        "Jira has no update, for 5 minutes or more, that is newer than all of ours; 15 minutes are an error.",
        {"behind_s": Limits(300, 900)},
        (Asked.WAREHOUSE, Asked.JIRA),
    ),
    HealthCheck(
        "events_in_time",
        "Of 100 issues that events tell of, 95 are read within a minute of their change.",
        {"event_lag_p95_ms": Limits(60_001)},
        (Asked.WAREHOUSE, Asked.EVENTS),
    ),
    HealthCheck(
        "everything_complete",
        "All that Jira says an issue has is stored, of every issue.",
        {"incomplete_issues": Limits(1)},
        (Asked.WAREHOUSE,),
    ),
    HealthCheck(
        "no_events_lost",
        "Of the last 24 hours, every update was told by an event, and every event led to its issue.",
        {"healed_issues": Limits(1), "events_unresolved": Limits(1)},
        (Asked.WAREHOUSE, Asked.EVENTS),
    ),
    HealthCheck(
        "backlog_small",
        "Nothing waits to be fetched for 2 minutes or more; 10 minutes are an error.",
        {"oldest_wait_s": Limits(120, 600)},
        (Asked.BACKLOG,),
    ),
    HealthCheck("jira_reachable", "Jira answers, and lets us in.", {}, (Asked.JIRA,), needed=True),
    HealthCheck(
        "projects_visible",
        "Every project of JIRA_PROJECTS can be seen; the others are copied all the same.",
        {},
        (Asked.PROJECTS,),
        needed=True,
    ),
    HealthCheck(
        "token_lives",
        "The API token expires in more than 30 days; from a week before its last day on it is an error.",
        {"token_days_left": Limits(30, 7, low=True)},
        (Asked.TOKEN,),
        needed=True,
    ),
    HealthCheck(
        "key_lasts",
        "The encryption key has sealed less than 2^31 values; 2^32 are an error: replace it.",
        {"sealed_values": Limits(MANY_VALUES, 2 * MANY_VALUES)},
        (Asked.KEYS,),
    ),
)


def verdicts(measured: Measurement) -> Iterator[AssetCheckResult]:
    """The verdict of every check on a measurement."""
    return (each.verdict(measured) for each in HEALTH_CHECKS)
