"""A short form of `benchmarks/growth.py`."""

from pathlib import Path

from growth import grow, over_budget

from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.issues import full_issue


def test_everything_stays_within_its_budget(tmp_path: Path) -> None:
    grown = grow(tmp_path, Site([full_issue(number) for number in range(1, 9)]), events=50)
    assert over_budget(grown) == []
    assert all(grown.bytes[place] for place in ("raw", "warehouse", "events", "published"))
