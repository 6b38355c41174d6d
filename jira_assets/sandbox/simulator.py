"""People at work on a site: every step changes it and tells which events Jira sends for that."""

import random
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from jira_assets.sandbox import child_actions, field_actions, issue_actions
from jira_assets.sandbox.changes import Turn
from jira_assets.sandbox.people import PEOPLE
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.stored import StoredIssue
from jira_assets.sandbox.vocabulary import Vocabulary

Action = Callable[[Turn], bool]

# How often each is done, compared with the others.
_ACTIONS: dict[str, tuple[int, Action]] = {
    "edit": (30, field_actions.edit),
    "transition": (20, field_actions.transition),
    "comment": (20, child_actions.comment),
    "create": (8, issue_actions.create),
    "log_work": (5, child_actions.log_work),
    "attach": (5, child_actions.attach),
    "link": (4, issue_actions.link),
    "edit_comment": (4, child_actions.edit_comment),
    "delete_comment": (2, child_actions.delete_comment),
    "edit_work": (2, child_actions.edit_work),
    "delete_work": (1, child_actions.delete_work),
    "remove_attachment": (2, child_actions.remove_attachment),
    "unlink": (2, issue_actions.unlink),
    "add_remote_link": (2, field_actions.add_remote_link),
    "move": (2, field_actions.move),
    "delete": (1, issue_actions.delete),
}
ACTIONS = tuple(_ACTIONS)
_TRIES = 100
_ACTORS = tuple(person for person in PEOPLE if person["active"])


class Simulator:
    """Acts at random, but always in the same way: the same site, clock and ``seed`` give the same events.

    ``only`` restricts it to some of :data:`ACTIONS`, ``projects`` (keys) and ``issues`` (ids) to some of the
    issues; those that it creates itself count as well. Issues that others put into the site after this are
    left alone. An unknown action is a ValueError.
    """

    def __init__(
        self,
        site: Site,
        seed: int = 1,
        *,
        only: Collection[str] = ACTIONS,
        projects: Collection[str] | None = None,
        issues: Collection[str] | None = None,
    ) -> None:
        if unknown := sorted(set(only) - set(ACTIONS)):
            raise ValueError(f"no such actions: {', '.join(unknown)}; there are {', '.join(ACTIONS)}")
        self.site = site
        self.done: Counter[str] = Counter()
        self._names = [name for name in ACTIONS if name in only]
        self._weights = [_ACTIONS[name][0] for name in self._names]
        self._rng = random.Random(f"simulator:{seed}")
        self._vocabulary = Vocabulary(site)
        self._projects = projects
        self._ids = [issue.id for issue in site if issues is None or issue.id in issues]

    def step(self) -> list[SentEvent]:
        """Do one thing to one issue. Returns Jira's events in the order in which it sends them.

        The events are empty if nothing could be done: no issue is left, or none that the actions fit.
        """
        with self.site.changing():
            moment = self.site.next_moment()
            for _ in range(_TRIES):
                issue = self._pick()
                if issue is None:
                    break
                name = self._rng.choices(self._names, self._weights)[0]
                turn = Turn(
                    site=self.site,
                    rng=self._rng,
                    vocabulary=self._vocabulary,
                    another=self._pick,
                    issue=issue,
                    author=self._rng.choice(_ACTORS),
                    moment=moment,
                )
                if _ACTIONS[name][1](turn):
                    self.done[name] += 1
                    if name == "create":
                        self._ids.append(turn.issue["id"])
                    return turn.events
        return []

    def _pick(self) -> dict[str, Any] | None:
        """Any issue that may be touched; None if there is none."""
        while self._ids:
            place = self._rng.randrange(len(self._ids))
            issue = self.site.find(self._ids[place])
            if issue is not None and self._may_touch(issue):
                return self.site.get(issue.id)
            # Deleted, or moved out of the projects: the last one takes its place.
            self._ids[place] = self._ids[-1]
            self._ids.pop()
        return None

    def _may_touch(self, issue: StoredIssue) -> bool:
        return self._projects is None or issue.project in self._projects
