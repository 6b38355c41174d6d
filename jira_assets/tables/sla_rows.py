"""The columns that tell of one cycle of a service level agreement."""

from typing import NamedTuple

from jira_assets.tables.columns import boolean, integer, text, timestamp
from jira_assets.tables.sla_shapes import Cycle, Sla


class SlaCycle(NamedTuple):
    """A cycle of the SLA in a field. ``observed_at`` is in milliseconds since the epoch."""

    field_id: str
    field_name: str | None
    sla: Sla
    place: int
    cycle: Cycle
    observed_at: int

    @property
    def name(self) -> str | None:
        return self.field_name or self.sla.name

    @property
    def is_ongoing(self) -> bool:
        return self.cycle is self.sla.ongoingCycle


SLA_FIELD_ID = text("sla_field_id", "Id of the field that holds the SLA.", "field_id", nullable=False)
CYCLE_COLUMNS = (
    text("sla_name", "Name of the SLA, as the site shows it.", "name"),
    boolean("is_ongoing", "Whether its clock was still running, or paused, when it was read.", "is_ongoing"),
    timestamp("started_at", "When the clock started.", "cycle.startTime.when"),
    timestamp("stopped_at", "When it stopped; NULL while ongoing.", "cycle.stopTime.when"),
    timestamp("breach_at", "When the goal is, or was, missed; NULL while paused.", "cycle.breachTime.when"),
    boolean("breached", "Jira's word on whether the goal was missed.", "cycle.breached"),
    boolean("paused", "Whether the clock was paused; NULL for a completed cycle.", "cycle.paused"),
    boolean(
        "within_calendar_hours",
        "Whether it was working time; NULL for a completed cycle.",
        "cycle.withinCalendarHours",
    ),
    integer("goal_millis", "Goal in milliseconds of working time.", "cycle.goalDuration.millis"),
    integer(
        "elapsed_millis",
        "Elapsed when it was read, in milliseconds of working time.",
        "cycle.elapsedTime.millis",
    ),
    integer(
        "remaining_millis", "Left when it was read; negative after the breach.", "cycle.remainingTime.millis"
    ),
    timestamp("observed_at", "When it was read.", "observed_at"),
)
