"""Which months another version made: of the code, of the configuration, or with another key."""

from collections.abc import Sequence
from pathlib import Path

from jira_assets.tables.declare import Table
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.store import versions

_PATIENCE_S = 5.0


def outdated_months(database: Path, tables: Sequence[Table], version: str) -> list[str]:
    """The months of these tables that are not of this version, oldest first. Raises WarehouseError."""
    if not database.exists():
        return []
    with connect(database, read_only=True, patience_s=_PATIENCE_S) as connection:
        return sorted({month for month, made_by in versions(connection, tables) if made_by != version})


def protected_alike(version: str, other: str) -> bool:
    """Whether the same policy and key made two versions."""
    return version.rpartition("-")[2] == other.rpartition("-")[2]
