"""Which stored issues show another name than what they refer to has now: they are made anew, and no others.

A month's mark tells which names it was made with. Only months of other names are looked at, by joining the
issues with the lists of names as `Names` has them.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl

from jira_assets.tables.declare import Kind, Table
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.names import REFERENCES, Names, Reference
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA, ArrowStream

Issues = Mapping[str, set[str]]
"""Ids of issues by month."""

_PROJECT_OF = "regexp_replace({}, '-[^-]*$', '')"
_NUMBER = "regexp_extract(issue_key, '[^-]*$')"
_IN_MONTHS = "list_contains($months, month)"


def renamed_issues(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    months: Sequence[str],
    names: Names,
    protection: Protection,
) -> Issues:
    """The issues of these months of which a column shows a name that is not the one that it would get now.

    ``tables`` are as the policy has made them, `issues` among them. An account id that is encrypted, or
    dropped, tells nobody whose name it is: those names stay until an issue is fetched again.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for month, issue_id in _found(connection, built(connection, tables), months, names, protection):
        found[month].add(issue_id)
    return found


def _found(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    months: Sequence[str],
    names: Names,
    protection: Protection,
) -> Iterator[tuple[str, str]]:
    by_name = {table.name: table for table in tables}

    def ask(query: str, about: pl.DataFrame) -> list[tuple[Any, ...]]:
        incoming = ArrowStream(about)  # noqa: F841 - DuckDB looks the name up here
        return connection.execute(query, {"months": list(months)}).fetchall()

    for reference in REFERENCES:
        if reference.table not in by_name or not names.known(reference.list_name):
            continue
        expected = _expected(reference, by_name[reference.table], names, protection)
        for month, issue_id, shown, now in ask(_differing(reference), expected):
            pairs = zip(shown, now, strict=True)
            if any(new is not None and protection.differ(old, new) for old, new in pairs):
                yield month, issue_id
    former = pl.DataFrame({"former": list(names.renamed_keys)}, schema={"former": pl.String()})
    for query in _showing_former_keys(by_name) if len(former) else ():
        yield from ask(query, former)
    if names.former_keys:
        of_projects = [(project_id, list(keys)) for project_id, keys in names.former_keys.items()]
        schema = {"project_id": pl.String(), "former_keys": pl.List(pl.String())}
        yield from ask(_WITHOUT_PREVIOUS_KEYS, pl.DataFrame(of_projects, schema=schema, orient="row"))


def _expected(reference: Reference, table: Table, names: Names, protection: Protection) -> pl.DataFrame:
    """What a list says, in the columns of the table that show it, and protected as they are."""
    places = [place for place, name in enumerate(reference.columns) if name]
    shown = (reference.id_column, *filter(None, reference.columns))
    known = names.known(reference.list_name).items()
    rows = [(entry_id, *(each.values[place] for place in places), each.read_at) for entry_id, each in known]
    schema = {**dict.fromkeys(shown, pl.String()), "read_at": pl.Int64()}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.col("read_at").cast(Kind.TIMESTAMP.polars)
    )
    columns = (column for column in table.columns if column.name in shown)
    as_shown = Table(table.name, "", tuple(replace(each, kind=Kind.TEXT) for each in columns), ())
    return protection.frame(as_shown, frame)


def _differing(reference: Reference) -> str:
    """Month, id, shown names and present names of issues that differ; what is encrypted always seems to."""
    columns = list(filter(None, reference.columns))
    of_table = ", ".join(
        f"unnest({name}) AS {name}" if reference.is_list else name for name in (reference.id_column, *columns)
    )
    source = f"SELECT month, issue_id, {of_table} FROM {SCHEMA}.{reference.table} WHERE {_IN_MONTHS}"
    asked = f"SELECT month, issue_id, _synced_at FROM {SCHEMA}.{ISSUES.name} WHERE {_IN_MONTHS}"
    conditions = " OR ".join(
        f"(incoming.{name} IS NOT NULL AND shown.{name} IS DISTINCT FROM incoming.{name} "
        f"AND (_synced_at <= read_at OR shown.{name} IS NULL))"
        for name in columns
    )
    shown, now = (", ".join(f"{of}.{name}" for name in columns) for of in ("shown", "incoming"))
    return (
        f"SELECT month, issue_id, [{shown}], [{now}] FROM ({source}) AS shown "
        f"JOIN incoming USING ({reference.id_column}) JOIN ({asked}) USING (month, issue_id) "
        f"WHERE {conditions}"
    )


def _showing_former_keys(tables: Container[str]) -> Iterator[str]:
    """Queries for the issues that show the key of another, or their own, as it was."""
    own = f"project_id IS NULL AND {_PROJECT_OF.format('issue_key')} IN (FROM incoming)"
    parent = f"{_PROJECT_OF.format('parent_key')} IN (FROM incoming)"
    yield f"SELECT month, issue_id FROM {SCHEMA}.{ISSUES.name} WHERE {_IN_MONTHS} AND ({own} OR {parent})"
    if ISSUELINKS.name in tables:
        linked = f"{_PROJECT_OF.format('linked_issue_key')} IN (FROM incoming)"
        yield f"SELECT month, issue_id FROM {SCHEMA}.{ISSUELINKS.name} WHERE {_IN_MONTHS} AND {linked}"


# That a former key is the one that the issue has by its project says that nobody needs to be told of it.
_WITHOUT_PREVIOUS_KEYS = f"""
    SELECT month, issue_id FROM {SCHEMA}.{ISSUES.name} JOIN incoming USING (project_id)
    WHERE {_IN_MONTHS} AND NOT list_has_all(
        list_append(coalesce(previous_keys, []), issue_key),
        list_transform(former_keys, lambda former: former || '-' || {_NUMBER}))
"""
