"""A short form of `make soak`."""

from soak import soak


def test_tables_survive_kills_at_any_moment() -> None:
    outcome = soak(rounds=6, seed=1, issues=30, report=print)
    assert outcome.problems == []
    assert outcome.kills.total() == 6
