"""`deleted_issues`: the issues that were here and that Jira has confirmed to be deleted."""

import msgspec

from jira_assets.raw.latest import LatestIssue, Tombstone
from jira_assets.raw.record import Part
from jira_assets.tables.columns import text, timestamp
from jira_assets.tables.declare import IssueTable


class _Told(msgspec.Struct):
    """What a tombstone says; those of earlier versions have no key."""

    key: str | None = None
    confirmed: str | None = None


class DeletedIssue:
    """What is known of an issue that is deleted."""

    def __init__(self, issue: LatestIssue, tombstone: Tombstone) -> None:
        try:
            told = msgspec.json.decode(tombstone.payload, type=_Told)
        except msgspec.DecodeError:
            told = _Told()
        self.month = issue.month
        self.issue_id = issue.issue_id
        self.key = told.key or issue.issue_id
        self.seen_at = tombstone.seen_at
        self.confirmed = told.confirmed


DELETED_ISSUES = IssueTable(
    name="deleted_issues",
    description=(
        "One row per issue that was copied and then deleted in Jira, with the last key that was known: the "
        "id, where it never had been copied. One that comes back is no longer here."
    ),
    own_columns=(
        timestamp("seen_at", "When it was asked for, and found to be gone.", "seen_at", nullable=False),
        text("confirmed_by", "What said so, and how that was confirmed.", "confirmed"),
    ),
    primary_key=("issue_id",),
    parts=frozenset({Part.DELETED}),
    elements=lambda deleted: (deleted,),
)
