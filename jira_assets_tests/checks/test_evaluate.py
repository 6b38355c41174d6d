"""What is shown of a check is the sum of what was found in each month, whichever months a run looked at."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.checks.evaluate import Evaluation
from jira_assets.checks.rules import Rule, rules_of_any
from jira_assets.raw.extent import Position
from jira_assets.tables.comments import COMMENTS
from jira_assets.warehouse.connection import connect, transaction
from jira_assets.warehouse.store import MonthChange, begin_changes, create, finish_changes, read_marks

MONTHS = ("2024-01", "2024-02", "2024-03")
KEY: Rule = next(rule for rule in rules_of_any(COMMENTS) if rule.name == "primary_key")
RULES = tuple(rules_of_any(COMMENTS))


class Warehouse:
    """With comments in three months, of which each may have too many."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "warehouse.duckdb"
        self._runs = 0
        for month in MONTHS:
            self.write(month, 1)

    def write(self, month: str, rows: int) -> None:
        """As a run of the tables does: so many comments of one id are all that there is of a month."""
        self._runs += 1
        with transaction(self.database) as connection:
            create(connection, [COMMENTS])
            changes = [MonthChange(month, None, Position(self._runs, "a"))]
            begin_changes(connection, [COMMENTS], changes, read_marks(connection, [COMMENTS], [month]))
            self._insert(connection, month, rows)
            finish_changes(connection, [COMMENTS], changes, "1")

    def damage(self, month: str) -> None:
        """As nobody should: a row that no run has written."""
        with transaction(self.database) as connection:
            self._insert(connection, month, 1)

    def failing(self, months: Collection[str] | None, run: str = "") -> list[str]:
        """What a run that looks at these months shows, and keeps."""
        self._runs += 1
        with connect(self.database, read_only=True) as connection:
            found = Evaluation.ask(connection, RULES, months, run or str(self._runs))
        found.keep(self.database)
        assert found.verdict(KEY).passed == (not found.failing_months(KEY))
        return found.failing_months(KEY)

    @staticmethod
    def _insert(connection: duckdb.DuckDBPyConnection, month: str, rows: int) -> None:
        values = f"SELECT '{month}' AS month, '1' AS issue_id, 'A-1' AS issue_key, '5' AS comment_id"
        connection.execute(f"INSERT INTO jira.comments BY NAME {values} FROM range({rows})")


_runs = st.tuples(st.sampled_from(MONTHS), st.integers(1, 2), st.sets(st.sampled_from(MONTHS)))


@settings(max_examples=15, deadline=None)
@given(st.lists(_runs, max_size=6))
def test_after_any_runs_a_check_fails_for_the_months_that_break_it(
    runs: list[tuple[str, int, set[str]]],
) -> None:
    with TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        rows = dict.fromkeys(MONTHS, 1)
        for month, count, looked_at in runs:
            warehouse.write(month, count)
            rows[month] = count
            assert warehouse.failing(looked_at) == [each for each in MONTHS if rows[each] > 1]


def test_a_month_that_no_run_is_about_is_shown_as_it_was_found(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    assert warehouse.failing([MONTHS[0]]) == []
    warehouse.damage(MONTHS[1])
    assert warehouse.failing([MONTHS[0]]) == []
    assert warehouse.failing([MONTHS[1]]) == [MONTHS[1]]
    assert warehouse.failing([MONTHS[0]]) == [MONTHS[1]]
    assert warehouse.failing(None) == [MONTHS[1]]


def test_one_run_looks_at_a_month_once(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    assert warehouse.failing(MONTHS, "run") == []
    warehouse.damage(MONTHS[0])
    assert warehouse.failing(MONTHS, "run") == []
    assert warehouse.failing(MONTHS, "another") == [MONTHS[0]]


def test_rules_that_ask_something_else_ask_all_months(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.failing(MONTHS)
    other = Rule(
        "comments", "one_month", ".", "SELECT month, 'x' AS offender FROM jira.comments WHERE {within}"
    )
    with connect(warehouse.database, read_only=True) as connection:
        found = Evaluation.ask(connection, [*RULES, other], [MONTHS[0]])
    assert found.failing_months(other) == [*MONTHS]


def test_a_month_and_a_table_that_are_wrong_are_withheld_by_themselves(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.write(MONTHS[1], 2)
    with connect(warehouse.database, read_only=True) as connection:
        found = Evaluation.ask(connection, RULES, MONTHS)
    assert found.withheld_tables == {}
    reasons = [found.withheld_month(month) for month in MONTHS]
    assert reasons == [None, "comments.primary_key failed (5 1 (2 rows))", None]
    with transaction(warehouse.database) as connection:
        connection.execute("ALTER TABLE jira.comments DROP COLUMN comment_id")
    with connect(warehouse.database, read_only=True) as connection:
        found = Evaluation.ask(connection, RULES, MONTHS)
    assert found.withheld_tables.keys() == {"comments"}
    assert [found.withheld_month(month) for month in MONTHS] == [None] * 3


def test_only_the_rules_that_are_chosen_are_asked(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.write(MONTHS[0], 2)
    broken = Rule("comments", "broken", ".", "SELECT month, 'x' AS offender FROM jira.nothing WHERE {within}")
    with connect(warehouse.database, read_only=True) as connection:
        found = Evaluation.ask(connection, [*RULES, broken], MONTHS, chosen=[KEY])
    assert (found.failing_months(KEY), found.by_table) == ([MONTHS[0]], {})


def test_what_breaks_a_rule_that_is_not_blocking_is_shown_and_published(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    asked = "SELECT month, 'x' AS offender FROM jira.comments WHERE {within}"
    told = Rule("comments", "told", ".", asked)
    of_all = Rule("comments", "of_all", ".", "SELECT 'x' AS offender FROM jira.comments", by_month=False)
    blocking = replace(told, name="blocking", blocking=True)
    with connect(warehouse.database, read_only=True) as connection:
        shown = Evaluation.ask(connection, [told, of_all], None)
        withheld = Evaluation.ask(connection, [told, blocking, replace(of_all, blocking=True)], None)
    assert (shown.withheld_month(MONTHS[0]), shown.withheld_tables) == (None, {})
    assert [shown.verdict(rule).metadata["count"] for rule in (told, of_all)] == [3, 3]
    assert withheld.withheld_month(MONTHS[0]) == "comments.blocking failed (x)"
    assert withheld.withheld_tables == {"comments": "comments.of_all failed (x, x, x)"}
