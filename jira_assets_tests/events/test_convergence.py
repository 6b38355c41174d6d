"""Any order, duplication, loss and delay of events, between any backfills, gives the tables of a backfill."""

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.simulator import ACTIONS, Simulator
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.timestamps import epoch_milliseconds, month_of
from jira_assets_tests.events.bodies import issue_event
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill, months_of, shuffled

_RARE = 10  # issues with very long lists, which other tests are about
_ISSUES = 12
_ACTIONS_AT_ONCE = 2
_DAY = 24 * 60 * 60 * 1000
_SHARED = ("project", "issuelinks", "parent", "subtasks", "attachment")
_NOW = epoch_milliseconds(datetime.now(UTC))


class Story:
    """A site where people are at work, and a copy of it. Hypothesis has the steps, `seed` the details."""

    def __init__(self, copied: Copy, seed: int, about: Sequence[str]) -> None:
        self.copied = copied
        self._site = copied.sandbox.site
        self._rng = random.Random(seed)
        self._simulator = Simulator(self._site, seed, only=about)
        self._sent: list[SentEvent] = []
        self._backup: list[dict[str, Any]] = []
        copied.backfill([*months_of(copied.sandbox), month_of(datetime.now(UTC))])
        copied.build()

    def tell(self, steps: Iterable["Step"]) -> None:
        for step in steps:
            for _ in range(_ACTIONS_AT_ONCE):
                self._sent += self._simulator.step()
            step(self)
        self.show()
        self.deliver(len(self._sent))
        self._reconcile()
        self.copied.catch_up(rounds=1)
        self.release_reads()
        self.release_search()
        self.copied.catch_up()

    def backfill(self) -> None:
        self.copied.backfill([self._rng.choice(months_of(self.copied.sandbox))])

    def deliver(self, count: int | None = None) -> None:
        """So many of the events that are on their way, or half of them; some come twice."""
        self.copied.deliver(*shuffled(self._taken(count), self._rng))

    def lose(self) -> None:
        """Half of the events that are on their way never come."""
        self._taken()

    def drain(self) -> None:
        self.copied.hurry()
        self.copied.drain()

    def apply(self) -> None:
        months = self.copied.queue.months()
        if months:
            self.copied.apply(self._rng.choice(months))

    def build(self) -> None:
        self.copied.build()

    def poll(self) -> None:
        self.copied.poll()

    def hold_reads(self) -> None:
        self._site.hold_reads()

    def hide(self) -> None:
        """Some issues get a security level that the account lacks, and nobody is told."""
        for issue in list(self._site):
            if self._rng.random() < 0.3:
                hidden = self._site.get(issue.id)
                level = {"id": "1", "name": "Board"}
                hidden["fields"] |= {"security": level, "updated": iso(self._site.next_moment())}
                self._site.put(hidden)
        self.copied.sandbox.account.sees_secured = False

    def show(self) -> None:
        """The account is given the level."""
        self.copied.sandbox.account.sees_secured = True

    def reconcile(self) -> None:
        self.copied.sweep()
        self.copied.take_census(max_deleted_percent=100)

    def release_reads(self) -> None:
        self._site.release_reads()

    def hold_search(self) -> None:
        self._site.hold_search()

    def release_search(self) -> None:
        self._site.release_search()

    def correct_created(self) -> None:
        """An import says that an issue was created in another month."""
        issue = self._any_issue()
        moment = self._rng.choice([each.created for each in self._site]) + self._rng.randint(-_DAY, _DAY)
        self._change(issue, created=iso(moment))

    def import_from_the_future(self) -> None:
        self._change(self._any_issue(), updated=iso(_NOW + 5 * 365 * _DAY))

    def fail_field(self) -> None:
        name = self._rng.choice(["attachment", "description", "issuelinks", "labels", "summary", "comment"])
        self._site.fail_field(self._any_issue()["id"], name)

    def mend_fields(self) -> None:
        self._site.failing_fields.clear()

    def back_up(self) -> None:
        self._backup = [self._site.get(issue.id) for issue in self._site]

    def restore(self) -> None:
        """Some issues are as they were, but for what they share with others."""
        for backup in self._rng.sample(self._backup, k=min(2, len(self._backup))):
            with suppress(KeyError):
                now = self._site.get(backup["id"])
                shared = {name: now["fields"].get(name) for name in _SHARED if name in now["fields"]}
                self._site.put(backup | {"key": now["key"], "fields": backup["fields"] | shared})

    def load_everything(self) -> None:
        """Restored states, and fields that can be loaded again, are found by nothing less."""
        self.mend_fields()
        self.copied.backfill({*months_of(self.copied.sandbox), *self.copied.raw.months()})
        self.copied.catch_up()

    def _any_issue(self) -> dict[str, Any]:
        return self._site.get(self._rng.choice([issue.id for issue in self._site]))

    def _change(self, issue: dict[str, Any], **fields: str) -> None:
        with self._site.changing():
            issue["fields"] |= {"updated": iso(self._site.next_moment()), **fields}
            self._site.put(issue)
        self.copied.deliver(issue_event(self._site, issue["id"]))

    def _taken(self, count: int | None = None) -> list[SentEvent]:
        self._rng.shuffle(self._sent)
        count = len(self._sent) // 2 if count is None else count
        taken, self._sent = self._sent[:count], self._sent[count:]
        return taken

    def _reconcile(self) -> None:
        self.release_search()
        self.reconcile()


Step = Callable[[Story], None]
EVERY_DAY: list[Step] = [
    Story.backfill,
    Story.deliver,
    Story.deliver,
    Story.drain,
    Story.apply,
    Story.build,
    Story.poll,
]
ODD: list[Step] = [
    Story.correct_created,
    Story.correct_created,
    Story.import_from_the_future,
    Story.fail_field,
    Story.mend_fields,
    Story.back_up,
    Story.restore,
]
LAGGING: list[Step] = [Story.hold_reads, Story.hold_search, Story.release_reads, Story.release_search]


def some_of(steps: Sequence[Step]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.sampled_from(steps), min_size=3, max_size=15)


SEEDS = st.integers(0, 10_000)
# What seldom happens, or matters to several issues, happens all the time in some of the stories.
SUBJECTS = st.sampled_from(
    [
        ACTIONS,
        ("link", "unlink", "move", "create", "delete"),
        ("comment", "delete_comment", "attach", "remove_attachment", "delete"),
    ]
)
thoroughly = settings(max_examples=4, deadline=None)


@thoroughly
@given(SEEDS, SUBJECTS, some_of([*EVERY_DAY, Story.lose, Story.lose]))
def test_any_order_and_loss_of_events_between_any_backfills_gives_the_same_tables(
    seed: int, about: Sequence[str], steps: list[Step]
) -> None:
    _assert_converges(seed, about, steps)


@thoroughly
@given(SEEDS, SUBJECTS, some_of([*EVERY_DAY, Story.hide, Story.show, Story.reconcile]))
def test_issues_that_are_hidden_and_seen_again_are_as_they_are_in_jira(
    seed: int, about: Sequence[str], steps: list[Step]
) -> None:
    _assert_converges(seed, about, [Story.hide, *steps])


@thoroughly
@given(SEEDS, SUBJECTS, some_of([*EVERY_DAY, *LAGGING]))
def test_reads_and_searches_that_lag_behind_the_events_change_nothing_in_the_end(
    seed: int, about: Sequence[str], steps: list[Step]
) -> None:
    _assert_converges(seed, about, [*steps, Story.hold_reads, Story.deliver, Story.deliver])


@thoroughly
@given(SEEDS, SUBJECTS, some_of([*EVERY_DAY, *ODD, *LAGGING]))
def test_a_site_whose_issues_change_their_month_or_go_back_is_followed_by_loads_of_everything(
    seed: int, about: Sequence[str], steps: list[Step]
) -> None:
    _assert_converges(seed, about, [*steps, Story.correct_created], Story.load_everything)


def _assert_converges(
    seed: int, about: Sequence[str], steps: list[Step], last: Step = lambda _story: None
) -> None:
    # The clock stands still, so that the same story can be told again.
    site = Site(_issues(), clock=lambda: _NOW)
    with tempfile.TemporaryDirectory() as folder, serve(site) as sandbox:
        story = Story(Copy(sandbox, Path(folder) / "copy"), seed, about)
        story.tell(steps)
        last(story)
        assert_equals_a_backfill(story.copied, Path(folder) / "fresh")


@cache
def _issues() -> list[dict[str, Any]]:
    issues = list(generate(_RARE + _ISSUES))[_RARE:]
    for issue in issues:
        issue["fields"]["security"] = None  # of the last issue of a level, deletion cannot be told
    return issues
