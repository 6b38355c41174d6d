"""What follows from the declarations, whatever the issues are."""

import pytest

from jira_assets.raw.record import Part
from jira_assets.sandbox.custom_fields import field_catalogue
from jira_assets.sandbox.generate import generate
from jira_assets.tables.catalogue import version
from jira_assets.tables.declare import IssueTable, Personal, Treatment
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.frames import Built
from jira_assets.tables.issue import Site
from jira_assets.tables.policy import Policy
from jira_assets.tables.protection import Protection
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.tables.building import build, issue, parts_of
from jira_assets_tests.tables.sites import site_with

_SITE = site_with({field["id"]: field["name"] for field in field_catalogue()})


@pytest.fixture(scope="module")
def generated() -> Built:
    return build(*(parts_of(each) for each in generate(120, seed=5)), site=_SITE)


_EMPTY = ["unreadable_values", "deleted_issues"]
"""The tables that have no rows while all is well."""
_every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def test_a_generated_site_is_read_without_a_problem(generated: Built) -> None:
    assert generated.problems == []
    assert generated.issues == 120
    assert [name for name, frame in generated.frames.items() if not frame.height] == _EMPTY


@_every_table
def test_columns_and_types_are_the_declared_ones(table: IssueTable, generated: Built) -> None:
    assert generated.frames[table.name].schema == table.schema
    assert build().frames[table.name].schema == table.schema
    assert build({Part.ISSUE: issue()}).frames[table.name].schema == table.schema


@_every_table
def test_the_primary_key_is_unique_and_not_null(table: IssueTable, generated: Built) -> None:
    keys = generated.frames[table.name].select(table.primary_key)
    assert keys.is_duplicated().sum() == 0
    assert sum(keys.null_count().row(0)) == 0


@_every_table
def test_what_is_declared_not_null_is_not_null(table: IssueTable, generated: Built) -> None:
    never_null = [column.name for column in table.columns if not column.nullable]
    assert sum(generated.frames[table.name].select(never_null).null_count().row(0)) == 0


@_every_table
def test_accepted_values_are_all_that_occurs(table: IssueTable, generated: Built) -> None:
    for column in table.columns:
        if column.accepted:
            assert set(generated.frames[table.name][column.name].drop_nulls()) <= set(column.accepted)


@_every_table
def test_every_table_has_keys_descriptions_and_reads_the_issue(table: IssueTable) -> None:
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    assert {"month", "issue_id", "issue_key", *table.primary_key} <= set(names)
    assert all(column.description.endswith(".") for column in table.columns)
    assert table.description
    assert Part.ISSUE in table.parts or table is DELETED_ISSUES
    assert BY_NAME[table.name] is table


def test_known_defect_33_rows_do_not_depend_on_which_issues_are_built_together() -> None:
    issues = [parts_of(each) for each in generate(15, seed=2)]
    together = build(*issues, site=_SITE)
    one_by_one = [build(each, site=_SITE) for each in issues]
    for table in TABLES:
        assert together.frames[table.name].rows() == [
            row for each in one_by_one for row in each.frames[table.name].rows()
        ]


def test_the_version_of_rows_changes_with_the_sites_address_and_fields_and_the_policy() -> None:
    sites = (Site(), Site("https://a.example"), Site(None, (("customfield_1", "A"),)))
    dropping = Protection(Policy({Personal.CONTACT: Treatment.DROP}))
    versions = {version(site, Protection()) for site in sites} | {version(Site(), dropping)}
    assert len(versions) == 4
    assert version(Site(), Protection()) == version(Site(), Protection())
