"""An event as Jira hands it to its webhooks."""

from dataclasses import dataclass
from typing import Literal

Flow = Literal["Primary", "Secondary"]


@dataclass(frozen=True, slots=True)
class SentEvent:
    """``body`` is the JSON that is signed and posted.

    ``identifier`` is the same for every delivery of the event. ``issue_id`` is what ``{issue.id}`` in a
    webhook's URL stands for, empty for events without an issue of their own.
    What follows from a deletion is of the ``Secondary`` flow, everything else is ``Primary``.
    """

    name: str
    identifier: str
    body: bytes
    flow: Flow = "Primary"
    issue_id: str = ""
