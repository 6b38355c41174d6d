"""Keys, what they do to data, and reading what is encrypted: ``jira_assets.privacy.connect``."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from jira_assets.privacy.keyring import Keyring


def connect(path: "str | Path", keys: "str | Keyring") -> "duckdb.DuckDBPyConnection":
    """See ``jira_assets.privacy.reading.connect``: for notebooks, under a name that is easily remembered."""
    from jira_assets.privacy import reading  # DuckDB only for who reads

    return reading.connect(path, keys)
