"""Jira's time by the headers of its answers, whatever they and this machine's clock say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets import clock
from jira_assets.jira.clock import JiraClock

SECOND = timedelta(seconds=1)
START = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR, YEARS = timedelta(hours=1), timedelta(days=4000)


class Machine:
    """A machine on which as much time passes as a test says; its clock is ``off`` by so much."""

    def __init__(self) -> None:
        self.passed = self.off = timedelta(0)

    def jira(self) -> datetime:
        """What the time really is."""
        return START + self.passed

    def told(self) -> datetime:
        return self.jira().replace(microsecond=0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr("jira_assets.jira.clock.monotonic", lambda: machine.passed.total_seconds())
    monkeypatch.setattr(clock, "now", lambda: machine.jira() + machine.off)
    return machine


def tell(jira: JiraClock, machine: Machine, off: timedelta = timedelta(0)) -> None:
    """An answer that says the time, perhaps a wrong one."""
    sent = jira.reading()
    machine.passed += SECOND / 10
    jira.note(machine.told() + off, sent)
    machine.passed += SECOND


@pytest.mark.parametrize("off", [HOUR, -HOUR, YEARS, -YEARS, timedelta(0)], ids=str)
def test_it_is_jiras_whatever_ours_says_and_however_that_jumps(machine: Machine, off: timedelta) -> None:
    machine.off = off
    jira = JiraClock()
    asked = jira.reading()
    assert not jira.is_told
    tell(jira, machine)
    machine.off = -off * 2
    assert abs(jira.at(asked) - START) <= 2 * SECOND
    machine.passed += HOUR
    assert abs(jira.now - machine.jira()) <= 2 * SECOND


def test_clocks_that_agree_within_a_second_tell_the_same_time(machine: Machine) -> None:
    machine.passed = SECOND * 0.9
    one, other = JiraClock(), JiraClock()
    tell(one, machine)
    tell(other, machine)
    assert one.now == other.now == machine.jira()


def test_before_jira_has_told_it_is_ours(machine: Machine) -> None:
    machine.off = HOUR
    assert JiraClock().now == START + HOUR


@pytest.mark.parametrize("off", [HOUR, YEARS, timedelta(days=300_000)], ids=str)
def test_a_few_headers_that_are_far_ahead_are_passed_over(machine: Machine, off: timedelta) -> None:
    jira = JiraClock()
    for wrong in (timedelta(0), off, timedelta(0), off, timedelta(0)):
        tell(jira, machine, wrong)
        assert abs(jira.now - machine.jira()) <= 2 * SECOND


def test_what_most_of_them_say_is_true_as_after_a_machine_has_slept(machine: Machine) -> None:
    jira = JiraClock()
    tell(jira, machine)
    for _ in range(3):
        tell(jira, machine, HOUR)
    assert abs(jira.now - machine.jira() - HOUR) <= 2 * SECOND


@given(offs=st.lists(st.sampled_from([0, -1, 2, 7, -7, 3600, -3600, 10**8, -(10**8), 10**10]), max_size=12))
def test_it_never_goes_back(offs: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        passed = 0.0
        patched.setattr("jira_assets.jira.clock.monotonic", lambda: passed)
        jira = JiraClock()
        moments: list[datetime] = []
        for off in offs:
            sent = jira.reading()
            passed += 0.25
            jira.note(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=off), sent)
            moments += [jira.now] if jira.is_told else []
        assert moments == sorted(moments)


def test_it_does_not_go_back_from_one_client_of_a_site_to_the_next(machine: Machine) -> None:
    one = JiraClock("https://still.example")
    tell(one, machine)
    before = one.now
    machine.passed += 5 * SECOND
    for site, least in (("https://still.example", before + 5 * SECOND), ("https://other.example", START)):
        other = JiraClock(site)
        other.note(START, other.reading())  # the header stands still
        assert least <= other.now <= least + 2 * SECOND


def test_what_an_earlier_client_took_for_the_time_is_no_more_if_it_was_far_from_it(machine: Machine) -> None:
    tell(JiraClock("https://wrong.example"), machine, HOUR)
    jira = JiraClock("https://wrong.example")
    tell(jira, machine)
    assert abs(jira.now - machine.jira()) <= 2 * SECOND
