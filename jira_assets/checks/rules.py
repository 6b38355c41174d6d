"""Rules that tables must obey: each is one query for the rows that break it.

Nearly all judge month by month: what is wrong in one month is no reason to hold another one back.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jira_assets.raw.attachments import FileState
from jira_assets.raw.record import NO_AGENT_LICENCE, NOT_GRANTED
from jira_assets.tables.completeness import FAILED
from jira_assets.tables.declare import Column, IssueTable, Table
from jira_assets.warehouse.store import SCHEMA

_STALE_AFTER_DAYS = 7


class Severity(StrEnum):
    """How bad it is to break a rule."""

    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Rule:
    """A rule of a table, in words and as a query for what breaks it.

    The query has a text column `offender`; that of a rule which is `by_month` has a column `month` too, and
    looks at the rows for which `{within}` holds, so that a month costs what it holds. What breaks a rule that
    is `blocking` is not published: the month that it is found in, or the table if the rule is not by month.
    """

    table: str
    name: str
    description: str
    query: str
    severity: Severity = Severity.ERROR
    blocking: bool = False
    by_month: bool = True

    @property
    def offenders(self) -> str:
        """The query, for all months."""
        return self.query.replace("{within}", "true")

    def offenders_in(self, months: Collection[str]) -> str:
        """The query, for these months."""
        listed = ", ".join(f"'{month}'" for month in months)
        return self.query.replace("{within}", f"month IN ({listed})" if months else "false")


DECLARED = (  # for one table each; a new check is an entry here
    Rule(
        "issues",
        "month_of_creation",
        "Every issue stands in the month, in UTC, in which it was created.",
        f"""
        SELECT month, issue_key || ' of ' || coalesce(created_at::VARCHAR, 'no date') || ' in ' || month
            AS offender
        FROM {SCHEMA}.issues
        WHERE {{within}} AND strftime(created_at AT TIME ZONE 'UTC', '%Y-%m') IS DISTINCT FROM month
        """,
        blocking=True,
    ),
    Rule(
        "issues",
        "month_has_begun",
        "No issue is of a month that has not begun. Until then such issues are kept with the last month.",
        f"""
        SELECT issue_key || ', created ' || coalesce(created_at::VARCHAR, 'at no date') AS offender
        FROM {SCHEMA}.issues WHERE month > strftime(now() AT TIME ZONE 'UTC', '%Y-%m')
        """,
        severity=Severity.WARN,
        by_month=False,  # it becomes true without anything being written
    ),
    Rule(
        "issues",
        "fresh",
        f"Some issue was updated in the last {_STALE_AFTER_DAYS} days; counts look healthy in frozen data.",
        f"""
        SELECT 'the newest update is of ' || coalesce(max(updated_at)::VARCHAR, 'never') AS offender
        FROM {SCHEMA}.issues WHERE updated_at <= now()
        HAVING coalesce(max(updated_at) < now() - INTERVAL {_STALE_AFTER_DAYS} DAYS, true)
        """,
        severity=Severity.WARN,
        by_month=False,
    ),
    Rule(
        "deleted_issues",
        "is_gone",
        "No row is about an issue that is there.",
        f"""
        SELECT DISTINCT gone.month, gone.issue_key || ' in ' || gone.month AS offender
        FROM (SELECT month, issue_id, issue_key FROM {SCHEMA}.deleted_issues WHERE {{within}}) AS gone
        JOIN {SCHEMA}.issues USING (issue_id)
        """,
        blocking=True,
    ),
    Rule(
        "unreadable_values",
        "everything_was_read",
        "Every value that Jira sent could be read.",
        f"""
        SELECT month, issue_key || ' ' || field || ': ' || reason AS offender
        FROM {SCHEMA}.unreadable_values WHERE {{within}}
        """,
        severity=Severity.WARN,
    ),
    Rule(
        "completeness",
        "slas_are_readable",
        "The account that reads SLAs may read them. What it may not read keeps its stored value.",
        f"""
        SELECT month, error || ' (' || count(*) || ' issues, ' || min(issue_key) || ')' AS offender
        FROM {SCHEMA}.completeness WHERE {{within}} AND starts_with(error, '{NO_AGENT_LICENCE}')
        GROUP BY month, error
        """,
        severity=Severity.WARN,
    ),
    Rule(
        "completeness",
        "nothing_repeated",
        "Jira listed no comment, change, link or other part of an issue twice. What it did is one row.",
        f"""
        SELECT month, issue_key || ' ' || part || ': ' || repeated || ' more than once' AS offender
        FROM {SCHEMA}.completeness WHERE {{within}} AND repeated > 0
        """,
        severity=Severity.WARN,
    ),
    Rule(
        "completeness",
        "parts_are_readable",
        "The account and its token may read every part of issues. What they may not keeps its stored value.",
        f"""
        SELECT month, part || ': ' || error || ' (' || count(*) || ' issues, ' || min(issue_key) || ')'
            AS offender
        FROM {SCHEMA}.completeness WHERE {{within}} AND starts_with(error, '{NOT_GRANTED}')
        GROUP BY month, part, error
        """,
        severity=Severity.WARN,
    ),
    Rule(
        "attachments",
        "content_is_stored",
        "No attempt to download an attachment has failed. The next run of its issue tries again.",
        f"""
        SELECT month, issue_key || ' (' || count(*) || ' files)' AS offender
        FROM {SCHEMA}.attachments WHERE {{within}} AND download_state = '{FileState.FAILED}'
        GROUP BY month, issue_key
        """,
        severity=Severity.WARN,
    ),
)

COMPLETE = Rule(
    "completeness",
    "complete",
    "What Jira says an issue has is stored, and the last attempt to fetch each part succeeded.",
    f"""
    SELECT month, issue_key || ' ' || part || ': '
        || coalesce(error, coalesce(stored::VARCHAR, 'nothing') || ' of ' || expected || ' stored')
        AS offender
    FROM {SCHEMA}.completeness
    WHERE {{within}} AND ({FAILED} OR coalesce(stored, 0) < coalesce(expected, 0))
    """,
)
"""It turns a run red and holds nothing back: an incomplete issue is worth publishing."""


def rules(tables: Sequence[Table]) -> Iterator[Rule]:
    """All rules of these tables by month."""
    for table in tables:
        yield from rules_of_any(table)
        if table.primary_key != ("issue_id",):  # rows about what an issue has
            yield _belongs_to_an_issue(table)
        yield from (_accepted_values(table, column) for column in table.columns if column.accepted)
        yield from (rule for rule in DECLARED if rule.table == table.name)


def rules_of_any(table: Table) -> Iterator[Rule]:
    """The rules of a table whatever it is about."""
    yield _schema(table)
    yield _primary_key(table, by_month=isinstance(table, IssueTable))


def _schema(table: Table) -> Rule:
    declared = ", ".join(f"('{column.name}', '{column.stored.sql}')" for column in table.columns)
    return Rule(
        table.name,
        "schema",
        "The columns and their types are the declared ones, in any order.",
        f"""
        WITH declared(column_name, data_type) AS (VALUES {declared}),
        actual AS (
            SELECT column_name, data_type FROM duckdb_columns()
            WHERE schema_name = '{SCHEMA}' AND table_name = '{table.name}'
        )
        SELECT coalesce(declared.column_name, actual.column_name)
            || ' is ' || coalesce(actual.data_type, 'missing')
            || ', declared ' || coalesce(declared.data_type, 'nowhere') AS offender
        FROM declared FULL JOIN actual USING (column_name)
        WHERE declared.data_type IS DISTINCT FROM actual.data_type
        """,
        blocking=True,
        by_month=False,
    )


def _primary_key(table: Table, *, by_month: bool) -> Rule:
    never_null = [column.name for column in table.columns if not column.nullable]
    key = ", ".join(f'"{name}"' for name in table.primary_key)
    anything_null = " OR ".join(f'"{name}" IS NULL' for name in table.primary_key if name in never_null)
    shown = " || ' ' || ".join(f"coalesce(\"{name}\"::VARCHAR, 'NULL')" for name in table.primary_key)
    month = "month, " if by_month else ""
    return Rule(
        table.name,
        "primary_key",
        f"({', '.join(table.primary_key)}) is unique, and known wherever it has to be.",
        f"""
        SELECT {month}{shown} || ' (' || count(*) || ' rows)' AS offender
        FROM {SCHEMA}.{table.name} WHERE {{within}}
        GROUP BY {month}{key} HAVING count(*) > 1 OR {anything_null or "false"}
        """,
        blocking=True,
        by_month=by_month,
    )


def _belongs_to_an_issue(table: Table) -> Rule:
    return Rule(
        table.name,
        "belongs_to_an_issue",
        "Every row belongs to an issue of the table issues, of the same month and key.",
        f"""
        SELECT DISTINCT month, issue_key || ' in ' || month AS offender
        FROM (SELECT month, issue_id, issue_key FROM {SCHEMA}.{table.name} WHERE {{within}})
        ANTI JOIN (SELECT month, issue_id, issue_key FROM {SCHEMA}.issues WHERE {{within}})
            USING (month, issue_id, issue_key)
        """,
        blocking=True,
    )


def _accepted_values(table: Table, column: Column) -> Rule:
    accepted = ", ".join(f"'{value}'" for value in column.accepted)
    return Rule(
        table.name,
        f"{column.name}_is_known",
        f"{column.name} is one of {', '.join(column.accepted)}.",
        f"""
        SELECT month, issue_key || ': ' || "{column.name}" AS offender
        FROM {SCHEMA}.{table.name} WHERE {{within}} AND "{column.name}" NOT IN ({accepted})
        """,
        # Jira may well invent a value that is as good as those that we know.
        severity=Severity.WARN,
    )
