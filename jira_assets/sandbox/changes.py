"""What somebody does to an issue: the change itself, its place in the history, and the events that follow."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jira_assets.sandbox.event_payloads import Payload, issue_event
from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.sent_events import Flow, SentEvent
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.sandbox.vocabulary import Vocabulary

Named = tuple[Any, Any]
"""One side of a history's item: (id, text)."""

NOTHING: Named = (None, None)


@dataclass(slots=True)
class Turn:
    """One person's turn at one issue, at one moment (epoch milliseconds).

    ``issue`` is a copy of the full issue: change it, then :meth:`save` it. ``another`` gives a further issue
    that may be touched, or None. ``events`` are what Jira sends, in its order.
    """

    site: Site
    rng: random.Random
    vocabulary: Vocabulary
    another: Callable[[], dict[str, Any] | None]
    issue: dict[str, Any]
    author: dict[str, Any]
    moment: int
    events: list[SentEvent] = field(default_factory=list)
    _items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, Any]:
        values: dict[str, Any] = self.issue["fields"]
        return values

    @property
    def project(self) -> str:
        """The key of the issue's project."""
        key: str = self.issue["key"]
        return key.rpartition("-")[0]

    @property
    def stamp(self) -> str:
        """The moment as Jira writes it."""
        return iso(self.moment)

    def note(self, name: str, field_id: str | None, before: Named, after: Named) -> None:
        """Put an item into the history of this turn. A field's ``name`` may differ from its id."""
        item: dict[str, Any] = {"field": name, "fieldtype": "jira"}
        if field_id is not None:
            item["fieldId"] = field_id
        item |= {"from": before[0], "fromString": before[1], "to": after[0], "toString": after[1]}
        self._items.append(item)

    def save(self) -> dict[str, Any]:
        """Store the issue as changed at this moment, with one history if anything was noted.

        Returns the changelog for the event: ``id`` and ``items``.
        """
        changelog = {"id": self.site.numbering.child_id(), "items": self._items}
        if self._items:
            history = {"id": changelog["id"], "author": self.author, "created": self.stamp}
            log = self.issue.get("changelog") or {}
            histories = [*(log.get("histories") or ()), history | {"items": self._items}]
            self.issue["changelog"] = log | {"histories": histories}
        self.fields["updated"] = self.stamp
        self.site.put(self.issue)
        return changelog

    def save_and_tell(self, event_type: str) -> None:
        """Store the issue, and send ``jira:issue_updated``."""
        changelog = self.save()
        payload = issue_event(
            "jira:issue_updated",
            self.issue,
            self.author,
            self.moment,
            event_type=event_type,
            changelog=changelog,
        )
        self.send(payload, self.issue["id"])

    def send(self, payload: Payload, issue_id: str = "", flow: Flow = "Primary") -> None:
        """Let Jira send an event, after those that were sent in this turn so far."""
        identifier = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        body = msgspec.json.encode(payload)
        self.events.append(SentEvent(payload["webhookEvent"], identifier, body, flow, issue_id))


def address(issue: dict[str, Any]) -> str:
    """The ``self`` of an issue."""
    return issue.get("self") or f"{BASE_URL}/rest/api/3/issue/{issue['id']}"
