"""Each rule finds what breaks it, and nothing in clean tables."""

import shutil
from pathlib import Path

import duckdb
import pytest

from jira_assets.checks.evaluate import Verdict, evaluate
from jira_assets.checks.rules import COMPLETE, Rule, Severity, rules
from jira_assets.raw.record import NO_AGENT_LICENCE, NOT_GRANTED
from jira_assets.sandbox.generate import generated_site
from jira_assets_tests.default_tables import BY_NAME, TABLES
from jira_assets_tests.pipeline import pipeline

ALL = (*rules(TABLES), COMPLETE)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which every table has rows, but for what could not be read."""
    folder = tmp_path_factory.mktemp("clean")
    with pipeline(generated_site(60), folder) as pipe:
        run = pipe.run("2026-01", "2026-10", assets=["raw_issues", *BY_NAME])
        assert run.success, run.errors
        pipe.change("UPDATE jira.issues SET updated_at = now() WHERE rowid = 0")
        return pipe.database


@pytest.fixture
def warehouse(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(clean, tmp_path))


UNREADABLE = (
    "INSERT INTO jira.unreadable_values "
    "SELECT month, issue_id, issue_key, 0, 'votes', 'odd' FROM jira.issues LIMIT 1"
)


PLANTED = {
    "unreadable_values": f"{UNREADABLE};",
    "deleted_issues": "INSERT INTO jira.deleted_issues BY NAME "
    "SELECT month, '99' AS issue_id, issue_key FROM jira.issues LIMIT 1;",
}
"""What makes a row where clean tables have none."""


def violation(rule: Rule) -> str:
    """SQL that breaks a rule in one row."""
    return PLANTED.get(rule.table, "") + _violation(rule)


_VIOLATIONS = {
    "content_is_stored": "download_state = 'failed'",
    "nothing_repeated": "repeated = 1",
    "slas_are_readable": f"error = '{NO_AGENT_LICENCE}'",
    "parts_are_readable": f"error = '{NOT_GRANTED}'",
    "month_of_creation": "created_at = '2026-11-01 00:00:00+00'",
    "month_has_begun": "month = '9999-01'",
    "belongs_to_an_issue": "month = '1999-01'",
}


def _violation(rule: Rule) -> str:
    table = f"jira.{rule.table}"
    match rule.name:
        case name if name in _VIOLATIONS:
            return f"UPDATE {table} SET {_VIOLATIONS[name]} WHERE rowid = 0"
        case "is_gone":
            return f"UPDATE {table} SET issue_id = (SELECT min(issue_id) FROM jira.issues)"
        case "everything_was_read":
            return "SELECT 'one that could not be is enough'"
        case "schema":
            return f"ALTER TABLE {table} ADD COLUMN surprise INTEGER"
        case "primary_key":
            return f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1"
        case "fresh":
            return f"UPDATE {table} SET updated_at = now() - INTERVAL 8 DAYS"
        case "complete":
            first = f"SELECT min(rowid) FROM {table} WHERE expected IS NOT NULL"
            return f"UPDATE {table} SET expected = stored + 1 WHERE rowid = ({first})"
    column = rule.name.removesuffix("_is_known")
    return f"UPDATE {table} SET {column} = 'surprise' WHERE rowid = 0"


def verdict(rule: Rule, warehouse: Path) -> Verdict:
    [found] = evaluate(warehouse, ALL, [rule])
    return found


def test_clean_tables_break_no_rule(warehouse: Path) -> None:
    found = evaluate(warehouse, ALL, ALL)
    assert len(found) == len(ALL)
    assert [each.rule.name for each in found if not each.passed] == []


@pytest.mark.parametrize("name", sorted({rule.name for rule in ALL}))
def test_a_rule_finds_what_breaks_it_in_each_table(name: str, warehouse: Path) -> None:
    alike = [rule for rule in ALL if rule.name == name]
    with duckdb.connect(str(warehouse)) as connection:
        for rule in alike:
            connection.execute(violation(rule))
    found = evaluate(warehouse, ALL, alike)
    assert [each.rule for each in found if not each.passed] == alike
    assert [each.metadata["count"] for each in found] == [1] * len(alike)


def test_a_null_in_a_primary_key_is_found_in_each_table(warehouse: Path) -> None:
    alike = [rule for rule in ALL if rule.name == "primary_key"]
    with duckdb.connect(str(warehouse)) as connection:
        for rule in alike:
            connection.execute(PLANTED.get(rule.table, ""))
            column = BY_NAME[rule.table].primary_key[0]
            connection.execute(f"UPDATE jira.{rule.table} SET {column} = NULL WHERE rowid = 0")
    assert [each.rule for each in evaluate(warehouse, ALL, alike) if not each.passed] == alike
    assert len(alike) == len(BY_NAME)


def test_the_order_of_columns_does_not_matter(warehouse: Path) -> None:
    rule = next(rule for rule in ALL if (rule.table, rule.name) == ("comments", "schema"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE shuffled AS SELECT body, * EXCLUDE (body) FROM jira.comments")
        connection.execute("CREATE OR REPLACE TABLE jira.comments AS FROM shuffled")
    assert verdict(rule, warehouse).passed


def test_a_failed_attempt_is_incomplete_even_if_everything_is_stored(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("UPDATE jira.completeness SET error = '403' WHERE part = 'remote_links'")
    found = verdict(COMPLETE, warehouse)
    assert not found.passed
    assert "remote_links: 403" in str(found.metadata["offenders"])


def test_only_wrong_data_hold_back_what_follows() -> None:
    blocking = {rule.name for rule in ALL if rule.blocking}
    assert blocking == {"schema", "primary_key", "month_of_creation", "belongs_to_an_issue", "is_gone"}
    warning = {rule.name for rule in ALL if rule.severity is Severity.WARN}
    assert warning == {rule.name for rule in ALL if rule.name.endswith("_is_known")} | {
        "content_is_stored",
        "fresh",
        "everything_was_read",
        "month_has_begun",
        "nothing_repeated",
        "slas_are_readable",
        "parts_are_readable",
    }


def test_a_table_that_is_missing_has_not_passed(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("DROP TABLE jira.comments")
    of_comments = [rule for rule in ALL if rule.table == "comments"]
    found = evaluate(warehouse, ALL, of_comments)
    assert [each.passed for each in found] == [False] * len(of_comments)


def test_without_a_database_nothing_has_passed(tmp_path: Path) -> None:
    found = verdict(COMPLETE, tmp_path / "warehouse.duckdb")
    assert "materialise a month first" in str(found.metadata["offenders"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_has_not_passed(warehouse: Path) -> None:
    warehouse.write_bytes(b"nonsense" * 1000)
    assert "cannot open" in str(verdict(COMPLETE, warehouse).metadata["offenders"])
