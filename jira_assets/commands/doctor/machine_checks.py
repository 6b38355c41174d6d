"""The doctor's checks of this machine: settings, disk, database. None of them calls Jira."""

import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

from jira_assets.commands.doctor.finding import Finding, fail, ok, warn
from jira_assets.jira.auth import WARN_DAYS, credential, sla_credential, token_days_left
from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.in_use import MANY_VALUES, KeysInUse
from jira_assets.settings import SETTINGS, SIGN_IN, Settings
from jira_assets.settings.environment import SettingsError

_COUNT_TABLES = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'jira'"
_PATIENCE_SECONDS = 1.0
_GIGABYTE = 1_000_000_000
_FREE_ENOUGH = 5 * _GIGABYTE
_FREE_TOO_LITTLE = _GIGABYTE // 5

_OF_OTHERS = 0o077


def settings_are_well_formed(settings: Settings) -> Iterator[Finding]:
    """One FAIL for each variable that is missing or malformed, or one OK that sums the settings up."""
    readers: tuple[Callable[[], object], ...] = (
        lambda: settings.base_url,
        lambda: settings.cloud_id,
        lambda: credential(settings),
        *(partial(setting.__get__, settings, Settings) for setting in SETTINGS if setting.section != SIGN_IN),
        lambda: settings.data_dir,
        lambda: sla_credential(settings),
        lambda: settings.token_expires,
        lambda: _columns(settings),
        lambda: _policy(settings),
    )
    problems = {error.variable: error for reader in readers if (error := _error_of(reader))}
    for error in problems.values():
        yield fail("settings", f"{error.variable} {error.problem}", f"{error.remedy}.")
    if not problems:
        account = (not settings.oauth_client_id and settings.email) or "a service account"
        copied = ", ".join(settings.projects) or "every visible project"
        yield ok("settings", f"{settings.base_url} as {account}; {copied}; from {settings.start_month}")


def environment_file(path: Path) -> Iterator[Finding]:
    """Whether somebody else may read the secrets in `.env`; nothing if not, or if there is none."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if mode & _OF_OTHERS:
        yield warn(
            ".env", f"others of this machine may read or change it (mode {mode:04o})", f"chmod 600 {path}"
        )


def token_life(settings: Settings, today: date) -> Iterator[Finding]:
    """Whether the token will do for some time: at most it lives for a year, and Jira doesn't tell."""
    days = token_days_left(settings, today)
    remedy = (
        "Make a new token at https://id.atlassian.com/manage-profile/security/api-tokens, put it into "
        "JIRA_API_TOKEN and its last day into JIRA_TOKEN_EXPIRES."
    )
    if days is None and settings.oauth_client_id is None:
        message = "not known: set JIRA_TOKEN_EXPIRES to the token's last day, to be warned before it ends"
        yield ok("token life", message)
    elif days is not None and days < 0:
        yield fail("token life", f"the token expired on {settings.token_expires}", remedy)
    elif days is not None:
        message = f"the token expires on {settings.token_expires}, in {days} day{'' if days == 1 else 's'}"
        yield warn("token life", message, remedy) if days <= WARN_DAYS else ok("token life", message)


def keys(settings: Settings) -> Iterator[Finding]:
    """Whether the data can be read: with which key they are encrypted, if they are."""
    try:
        writing = settings.keyring.writing
        values = KeysInUse(settings.keys_file).values_of_writing(settings.keyring) or 0
    except PrivacyError as error:
        yield fail("keys", str(error), "`jira-assets keys list` shows which keys there are.")
        return
    except OSError as error:
        yield fail("keys", f"{settings.keys_file} cannot be read: {error.strerror}", "See below: the disk.")
        return
    if writing is None:
        yield ok("keys", "none: what is kept is not encrypted")
    elif values >= MANY_VALUES:
        message = f"{writing} has encrypted up to {values:,} values, which is enough for one key"
        yield warn("keys", message, "Replace it: `jira-assets keys rotate --help` says how.")
    else:
        yield ok("keys", f"what is kept is encrypted with {writing}")


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder and the database's can be written to, and have room."""
    folder = settings.data_dir
    if folder.protocol not in ("", "file"):
        yield _remote_folder(settings)
        yield _local_folder(settings.warehouse_path.parent)
    else:
        yield _local_folder(Path(folder.path))


def folders(settings: Settings) -> Iterator[Finding]:
    """What lies in the inbox and the queue and will never be read; nothing if all is well."""
    from jira_assets.sync.health.waiting import (
        passed_over,  # imports the queue, which most commands never need
    )

    try:
        strange = passed_over(settings)
    except OSError as error:
        yield fail("folders", f"{error.filename} cannot be listed: {error.strerror}", "See above: the disk.")
        return
    if strange:
        yield warn("folders", f"passed over: {', '.join(strange)}", "Remove what is no file of jira_assets.")


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


def _columns(settings: Settings) -> object:
    from jira_assets.sync.configuration import field_mapping  # imports Polars

    return field_mapping(settings)


def _policy(settings: Settings) -> object:
    from jira_assets.sync.configuration import privacy_policy  # likewise

    return privacy_policy(settings)


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
