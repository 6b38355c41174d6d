from collections.abc import Sequence
from threading import Event

from jira_assets.sandbox.deliveries import Deliveries
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.live import Report, run_activity
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.simulator import Simulator
from jira_assets_tests.sandbox.webhook_receiver import webhook_receiver


class _StopAfter:
    """An ``on_step`` that sets the event after some steps."""

    def __init__(self, steps: int) -> None:
        self.stop = Event()
        self.events: list[SentEvent] = []
        self._left = steps

    def __call__(self, events: Sequence[SentEvent]) -> None:
        self.events += events
        self._left -= 1
        if not self._left:
            self.stop.set()


def test_all_events_of_all_actions_reach_the_webhook() -> None:
    after_20 = _StopAfter(20)
    with webhook_receiver() as receiver, Deliveries(receiver.url, "secret") as deliveries:
        run_activity(Simulator(generated_site(30)), deliveries, 60_000, after_20.stop, after_20)
        assert deliveries.drain(10)
    sent = {(event.identifier, event.body) for event in after_20.events}
    assert {(each.identifier, each.body) for each in receiver.received} == sent


def test_a_site_may_change_without_anybody_being_told() -> None:
    site = generated_site(30)
    before, after_5 = site.version, _StopAfter(5)
    run_activity(Simulator(site), None, 60_000, after_5.stop, after_5)
    assert site.version > before


def test_a_report_counts_what_was_done_since_the_last_one() -> None:
    said: list[str] = []
    report = Report(said.append, None, seconds=0)
    report([SentEvent("comment_created", "1", b"{}")] * 2)
    report([])
    assert [line.partition("  ")[2] for line in said] == ["1 actions, 2 events", "1 actions, 0 events"]


def test_a_report_tells_what_became_of_the_events() -> None:
    said: list[str] = []
    Report(said.append, Deliveries("http://127.0.0.1:1/", "secret"), seconds=0)([])
    assert said[0].endswith("in all 0 delivered (0 twice), 0 retries, 0 refused, 0 given up, 0 under way")
