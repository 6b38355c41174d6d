"""The doctor's checks of this machine: settings, disk, database. None of them calls Jira."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from jira_assets.jira.auth import credential
from jira_assets.jira.finding import Finding, fail, ok, warn
from jira_assets.settings import Settings, SettingsError

_COUNT_TABLES = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'jira'"
_PATIENCE_SECONDS = 1.0
_GIGABYTE = 1_000_000_000
_FREE_ENOUGH = 5 * _GIGABYTE
_FREE_TOO_LITTLE = _GIGABYTE // 5


def settings_are_well_formed(settings: Settings) -> Iterator[Finding]:
    """One FAIL for each variable that is missing or malformed, or one OK that sums the settings up."""
    readers: tuple[Callable[[], object], ...] = (
        lambda: settings.base_url,
        lambda: settings.cloud_id,
        lambda: credential(settings),
        lambda: settings.projects,
        lambda: settings.start_month,
        lambda: settings.data_dir,
        lambda: settings.sla_email,
        lambda: settings.sla_api_token,
        lambda: settings.webhook_secrets,
    )
    problems = {error.variable: error for reader in readers if (error := _error_of(reader))}
    for error in problems.values():
        yield fail("settings", f"{error.variable} {error.problem}", f"{error.remedy}.")
    if not problems:
        account = settings.email or "a service account"
        copied = ", ".join(settings.projects) or "every visible project"
        yield ok("settings", f"{settings.base_url} as {account}; {copied}; from {settings.start_month}")


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder and the database's can be written to, and have room."""
    folder = settings.data_dir
    if folder.protocol not in ("", "file"):
        yield _remote_folder(settings)
        yield _local_folder(settings.warehouse_path.parent)
    else:
        yield _local_folder(Path(folder.path))


def database(settings: Settings) -> Iterator[Finding]:
    """Whether the database opens, or who holds it."""
    path = settings.warehouse_path
    if not path.exists():
        yield ok("database", f"{path} does not exist yet; the first run makes it")
        return
    from jira_assets.warehouse.connection import WarehouseBusy, WarehouseError, connect  # imports DuckDB

    try:
        with connect(path, read_only=True, patience_s=_PATIENCE_SECONDS) as connection:
            counted = connection.execute(_COUNT_TABLES).fetchone()
    except WarehouseBusy as error:
        yield warn("database", str(error), "Wait if that process is a run; otherwise end it.")
    except WarehouseError as error:
        remedy = "Move the file away and materialise the tables again: they are rebuilt from the raw log."
        yield fail("database", " ".join(str(error).split()), remedy)
    else:
        yield ok("database", f"{path} opens and has {counted[0] if counted else 0} tables")


def _error_of(reader: Callable[[], object]) -> SettingsError | None:
    try:
        reader()
    except SettingsError as error:
        return error
    return None


def _remote_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        remedy = (
            "Check the bucket's name, the credentials in the environment, and the right to write and delete."
        )
        return fail("disk", f"{folder} cannot be written to: {error}", remedy)
    return ok("disk", f"{folder} can be written to")


def _local_folder(folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    remedy = "Set JIRA_DATA_DIR to a folder that this user may write to."
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        return fail("disk", f"{folder} cannot be written to: {error.strerror}", remedy)
    message = f"{folder} can be written to, {free / _GIGABYTE:.1f} GB free"
    remedy = "Free some space, or set JIRA_DATA_DIR to a folder on a larger disk."
    if free < _FREE_TOO_LITTLE:
        return fail("disk", message, remedy)
    return warn("disk", message, remedy) if free < _FREE_ENOUGH else ok("disk", message)
