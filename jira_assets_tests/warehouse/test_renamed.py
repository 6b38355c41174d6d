"""Only issues that show another name than they would get now are made anew, however names are protected."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from jira_assets.sandbox.renaming import rename
from jira_assets.sandbox.site import Site as SandboxSite
from jira_assets.tables.catalogue import Catalogue, version
from jira_assets.tables.declare import Personal, Treatment
from jira_assets.tables.issue import Site
from jira_assets.tables.names import Names
from jira_assets.tables.policy import PRESETS, Policy
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.outdated import outdated_months
from jira_assets.warehouse.refresh import Refresh, Refreshed
from jira_assets_tests.default_tables import MAPPING
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.oddities.odd_site import OddCopy, odd_copy
from jira_assets_tests.privacy.keys import keyring

FEBRUARY = "2024-02"
BOB: dict[str, Any] = {"accountId": "5b10a2844c20165700ede21b", "displayName": "Bob Builder"}
ANN: dict[str, Any] = {"accountId": "5b10a2844c20165700ede21a", "displayName": "Ann Lee"}
_ENCRYPTED = {Personal.IDENTITY: Treatment.ENCRYPT, Personal.CONTACT: Treatment.DROP}
POLICIES = [
    *(Policy(classes, name=name) for name, classes in PRESETS.items()),
    Policy(_ENCRYPTED, name="encrypted"),
]


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[tuple[SandboxSite, OddCopy]]:
    """Of January one that Ann has commented on and one of Bob's, and of February one that she reported."""
    said = full_issue(1)
    said["fields"]["comment"]["comments"] = [
        {"id": "1", "author": ANN, "created": "2024-02-01T00:00:00.000+0000"}
    ]
    reported = full_issue(3, created="2024-02-03T10:00:00.000+0000", reporter=ANN)
    with odd_copy([said, full_issue(2, reporter=BOB), reported], tmp_path) as (site, copy):
        copy.backfill([MONTH, FEBRUARY])
        copy.refresh_lookups()
        yield site, copy


class Warehouse:
    """The tables of a copy, as a policy wants them."""

    def __init__(self, copy: OddCopy, policy: Policy) -> None:
        self._copy = copy
        self._tables = Catalogue(MAPPING, policy).tables
        self._protection = Protection(policy, keyring("k1"))

    def refresh(self, *months: str) -> Refreshed:
        copy = self._copy
        return Refresh(copy.raw, copy.database, self._tables, Site(), self._protection).run(months)

    def outdated(self) -> list[str]:
        names, made_by = Names(self._copy.raw.lookups), version(Site(), self._protection)
        return outdated_months(self._copy.database, self._tables, made_by, names, self._protection)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_issues_that_show_a_person_follow_the_name(
    copied: tuple[SandboxSite, OddCopy], policy: Policy
) -> None:
    site, copy = copied
    warehouse = Warehouse(copy, policy)
    warehouse.refresh(MONTH, FEBRUARY)
    copy.refresh_lookups()
    assert warehouse.refresh(MONTH, FEBRUARY).issues == 0
    rename(site, "users", ANN["accountId"], displayName="Ann Smith")
    copy.refresh_lookups()
    assert warehouse.outdated() == [MONTH, FEBRUARY]
    assert warehouse.refresh(MONTH, FEBRUARY).issues == 2
    assert (warehouse.outdated(), warehouse.refresh(MONTH, FEBRUARY).issues) == ([], 0)


def test_a_name_that_no_issue_shows_is_looked_for_once(
    copied: tuple[SandboxSite, OddCopy], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, copy = copied
    warehouse = Warehouse(copy, Policy())
    warehouse.refresh(MONTH, FEBRUARY)
    site.directory.add("users", {"accountId": "new", "displayName": "New"})
    copy.refresh_lookups()
    assert warehouse.outdated() == []
    monkeypatch.setattr("jira_assets.warehouse.outdated.renamed_issues", _never)
    assert warehouse.outdated() == []
    assert warehouse.refresh(MONTH, FEBRUARY).issues == 0


def _never(*_arguments: object) -> None:
    raise AssertionError("nothing has changed since")


def test_tables_that_were_made_with_other_names_than_issues_are_made_whole(
    copied: tuple[SandboxSite, OddCopy],
) -> None:
    site, copy = copied
    warehouse = Warehouse(copy, Policy())
    warehouse.refresh(MONTH, FEBRUARY)
    rename(site, "projects", "1", key="HELP")
    copy.refresh_lookups()
    comments = [table for table in Catalogue(MAPPING).tables if table.name != "comments"]
    Refresh(copy.raw, copy.database, comments, Site(), Protection(Policy(), keyring("k1"))).run([MONTH])
    assert warehouse.outdated() == [MONTH, FEBRUARY]
    warehouse.refresh(MONTH, FEBRUARY)
    with duckdb.connect(str(copy.database), read_only=True) as connection:
        keys = connection.execute(
            "SELECT issue_key FROM jira.issues UNION SELECT issue_key FROM jira.comments"
        )
        assert sorted(keys.fetchall()) == [("HELP-1",), ("HELP-2",), ("HELP-3",)]
