"""The columns that tell of one cycle of a service level agreement, and their values."""

from jira_assets.tables.declare import Column, Kind, Row
from jira_assets.tables.shapes import When
from jira_assets.tables.sla_shapes import Cycle, Duration, Moment, Sla

CYCLE_COLUMNS = (
    Column("sla_name", Kind.TEXT, "Name of the SLA, as the site shows it."),
    Column("is_ongoing", Kind.BOOLEAN, "Whether its clock was still running, or paused, when it was read."),
    Column("started_at", Kind.TIMESTAMP, "When the clock started."),
    Column("stopped_at", Kind.TIMESTAMP, "When it stopped; NULL while ongoing."),
    Column("breach_at", Kind.TIMESTAMP, "When the goal is, or was, missed; NULL while paused."),
    Column("breached", Kind.BOOLEAN, "Jira's word on whether the goal was missed."),
    Column("paused", Kind.BOOLEAN, "Whether the clock was paused; NULL for a completed cycle."),
    Column("within_calendar_hours", Kind.BOOLEAN, "Whether it was working time; NULL for a completed cycle."),
    Column("goal_millis", Kind.INTEGER, "Goal in milliseconds of working time."),
    Column("elapsed_millis", Kind.INTEGER, "Elapsed when it was read, in milliseconds of working time."),
    Column("remaining_millis", Kind.INTEGER, "Left when it was read; negative after the breach."),
    Column("observed_at", Kind.TIMESTAMP, "When it was read."),
)


def cycle_row(name: str | None, sla: Sla, cycle: Cycle, observed_at: int) -> Row:
    """The values of `CYCLE_COLUMNS` for one cycle. `observed_at` is in milliseconds since the epoch."""
    return (
        name or sla.name,
        cycle is sla.ongoingCycle,
        _when(cycle.startTime),
        _when(cycle.stopTime),
        _when(cycle.breachTime),
        cycle.breached,
        cycle.paused,
        cycle.withinCalendarHours,
        millis(cycle.goalDuration),
        millis(cycle.elapsedTime),
        millis(cycle.remainingTime),
        observed_at,
    )


def millis(duration: Duration | None) -> int | None:
    """A span in milliseconds."""
    return None if duration is None else duration.millis


def _when(moment: Moment | None) -> When:
    return None if moment is None else moment.when
