"""Sites on which single actions are done, and what came of them."""

import json
from collections.abc import Collection
from typing import Any

from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.sent_events import SentEvent
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import parse_time

NOW = parse_time("2026-11-20T12:00:00.000+0000")


def quiet_site(issues: int = 60) -> Site:
    """A generated site on which it is always :data:`NOW`."""
    site = generated_site(issues)
    site.clock = lambda: NOW
    return site


def act(
    site: Site,
    action: str,
    steps: int = 1,
    projects: Collection[str] | None = None,
    issues: Collection[str] | None = None,
) -> list[SentEvent]:
    """Do one kind of thing a few times."""
    simulator = Simulator(site, only={action}, projects=projects, issues=issues)
    return [event for _ in range(steps) for event in simulator.step()]


def body_of(event: SentEvent) -> Any:
    return json.loads(event.body)


def last_items(site: Site, issue_id: str) -> dict[str, Any]:
    """{field: (fromString, toString)} of an issue's latest history."""
    items = site.get(issue_id)["changelog"]["histories"][-1]["items"]
    return {item["field"]: (item["fromString"], item["toString"]) for item in items}
