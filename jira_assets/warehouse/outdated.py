"""Which months another version made: of code or configuration, with another key, or with other names.

What made a month is written beside it as `<version>+<names>`. A month of the same version and of other names
is outdated only if some issue of it shows a name that is no longer right.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from jira_assets.tables.declare import Table
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.names import Names
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import connect, transaction
from jira_assets.warehouse.renamed import Issues, renamed_issues
from jira_assets.warehouse.store import renew_versions, versions

_PATIENCE_S = 5.0


def made_by(version: str, names: Names) -> str:
    """What is written beside a month that this version makes with these names."""
    return f"{version}+{names.version}"


def outdated_months(
    database: Path, tables: Sequence[Table], version: str, names: Names, protection: Protection
) -> list[str]:
    """The months of these tables that are to be made anew, oldest first. Raises WarehouseError.

    Months of which only the names are others, and no issue shows any that has changed, are noted to be up to
    date: a new name costs one look at the issues, and not one a minute.
    """
    if not database.exists():
        return []
    now = made_by(version, names)
    with connect(database, read_only=True, patience_s=_PATIENCE_S) as connection:
        others = {(month, was) for month, was in versions(connection, tables) if was != now}
    outdated = {month for month, was in others if not made_alike(was, now)}
    if others_named := sorted({month for month, _ in others} - outdated):
        # Nobody may write a month between our look at its issues and the note that they are right.
        with transaction(database, patience_s=_PATIENCE_S) as connection:
            renamed = renamed_by_month(connection, tables, others_named, names, protection)
            unchanged = [month for month in others_named if renamed.get(month) == set()]
            renew_versions(connection, tables, unchanged, now)
        outdated.update(set(others_named) - set(unchanged))
    return sorted(outdated)


def renamed_by_month(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    months: Sequence[str],
    names: Names,
    protection: Protection,
) -> Issues:
    """The issues of these months that show other names than they have now. A month is missing if that cannot
    be told of it, because `issues` is not among the tables, or was made with other names than another table.
    """
    made: dict[str, set[str]] = {}
    for month, was in versions(connection, tables):
        made.setdefault(month, set()).add(was)
    alike = [month for month in months if len(made.get(month, ())) == 1]
    if not alike or not any(table.name == ISSUES.name for table in tables):
        return {}
    renamed = renamed_issues(connection, tables, alike, names, protection)
    return {month: renamed.get(month, set()) for month in alike}


def made_alike(version: str, other: str) -> bool:
    """Whether two of what is written beside months differ in nothing but names."""
    return version.partition("+")[0] == other.partition("+")[0]


def protected_alike(version: str, other: str) -> bool:
    """Whether the same policy and key made them."""
    return _protection_of(version) == _protection_of(other)


def _protection_of(version: str) -> str:
    return version.partition("+")[0].rpartition("-")[2]
