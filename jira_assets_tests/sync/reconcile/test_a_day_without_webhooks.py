"""Reconciliation alone, with the runs that it causes, makes the tables equal the site."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.sandbox.custom_fields import field_catalogue
from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill, months_of

_ISSUES = 60


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """A copy of a generated site without security levels: of one's last issue deletion cannot be told."""
    issues = list(generate(_ISSUES))
    for issue in issues:
        issue["fields"]["security"] = None
    with serve(Site(issues, fields=field_catalogue())) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill(months_of(sandbox))
        copied.build()
        yield copied


def reconcile(copied: Copy) -> None:
    copied.sweep()
    assert copied.take_census(max_deleted_percent=50).is_believed
    copied.catch_up()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_of_all_that_people_do(copied: Copy, tmp_path: Path, seed: int) -> None:
    simulator = Simulator(copied.sandbox.site, seed)
    for _ in range(250):
        simulator.step()
    reconcile(copied)
    assert_equals_a_backfill(copied, tmp_path / "fresh")


@pytest.mark.parametrize(
    "about",
    [("link", "unlink", "move", "create", "delete"), ("comment", "delete_comment", "edit_comment", "delete")],
    ids=["issues", "comments"],
)
def test_a_day_of_what_happens_seldom(copied: Copy, tmp_path: Path, about: tuple[str, ...]) -> None:
    simulator = Simulator(copied.sandbox.site, only=about)
    for _ in range(40):
        simulator.step()
    reconcile(copied)
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_several_days_with_webhooks_that_come_now_and_then(copied: Copy, tmp_path: Path) -> None:
    rng, simulator = random.Random(5), Simulator(copied.sandbox.site, 5)
    for _ in range(3):
        for _ in range(40):
            events = simulator.step()
            if rng.random() < 0.5:
                copied.deliver(*events)
        reconcile(copied)
    assert_equals_a_backfill(copied, tmp_path / "fresh")


def test_what_was_reconciled_is_not_found_again(copied: Copy) -> None:
    simulator = Simulator(copied.sandbox.site)
    for _ in range(40):
        simulator.step()
    reconcile(copied)
    swept, census = copied.sweep(), copied.take_census(50)
    assert (swept.unknown, swept.outdated, swept.queued) == ([], [], 0)
    assert (census.unknown, census.outdated, census.gone, census.queued) == ([], [], [], 0)
    assert copied.queued() == []
