"""A short form of `make soak`."""

from soak import soak


def test_tables_survive_kills_at_any_moment() -> None:
    lines: list[str] = []
    outcome = soak(rounds=10, seed=1, issues=30, report=lines.append)
    assert outcome.problems == []
    assert outcome.kills.total() == 10
    assert lines
