"""`data_health`: how well the copy does, one row a day."""

from jira_assets.tables.declare import Column, Kind, Table

DATA_HEALTH = Table(
    name="data_health",
    description=(
        "One row per day (UTC), as last measured on it: how far the copy is behind Jira, how soon events are "
        "applied, what is missing, what waits. What could not be measured is NULL, never 0."
    ),
    own_columns=(
        Column("day", Kind.DATE, "Day of the measurement, in UTC.", nullable=False),
        Column("observed_at", Kind.TIMESTAMP, "When it was measured.", nullable=False),
        Column("newest_update_here", Kind.TIMESTAMP, "The newest `updated_at` of the issues here."),
        Column("newest_update_in_jira", Kind.TIMESTAMP, "The newest update of an issue that Jira told of."),
        Column(
            "behind_s",
            Kind.INTEGER,
            "For how many seconds Jira has had an update that is newer than all of ours; 0 if it has none.",
        ),
        *(
            Column(
                f"event_lag_p{percent}_ms",
                Kind.INTEGER,
                f"{percent} of 100 issues that an event made us read, in the last 24 hours, were read within "
                "so many milliseconds of the last change that we were told of; NULL if none were.",
            )
            for percent in (50, 95, 99)
        ),
        Column("events_received", Kind.INTEGER, "Events that came in during the last 24 hours."),
        Column("events_unresolved", Kind.INTEGER, "Those of them whose issue could not be found."),
        Column(
            "healed_issues",
            Kind.INTEGER,
            "Issues that were updated in the last 24 hours and that no event told of; reconciliation or the "
            "poll of SLAs made us read them.",
        ),
        Column(
            "incomplete_issues",
            Kind.INTEGER,
            "Issues of which Jira has more than is stored, or a part could not be fetched.",
        ),
        Column("waiting_events", Kind.INTEGER, "Events that nobody has looked at yet."),
        Column("waiting_items", Kind.INTEGER, "Reasons to fetch an issue that are in the queue."),
        Column(
            "oldest_wait_s", Kind.INTEGER, "For how many seconds the oldest of both waits; NULL if none does."
        ),
        Column(
            "token_days_left",
            Kind.INTEGER,
            "Days until the API token expires, negative when it has; NULL unless JIRA_TOKEN_EXPIRES is set.",
        ),
        Column(
            "sealed_values",
            Kind.INTEGER,
            "Values that the encryption key that writes has sealed, at most; NULL without a key.",
        ),
        Column("history_bytes", Kind.INTEGER, "Bytes of Dagster's history; NULL where it is in no files."),
        *(
            Column(f"{name}_bytes", Kind.INTEGER, f"Bytes of {what}.")
            for name, what in (
                ("raw", "the raw log"),
                ("warehouse", "the database, with the log beside it"),
                ("queue", "events and items that wait, and of deliveries that are no events"),
                ("archive", "the archive of events"),
                ("published", "what is published"),
                ("attachments", "the content of attachments"),
            )
        ),
    ),
    primary_key=("day",),
)
