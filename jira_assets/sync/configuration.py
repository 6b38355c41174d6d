"""The tables and the site as the settings make them: what runs, checks and views go by."""

from collections.abc import Sequence
from functools import cache

from jira_assets.checks.rules import COMPLETE, Rule, rules
from jira_assets.raw.lookups import LookupStore
from jira_assets.raw.site import read_fields, read_resolved, write_resolved
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.tables.catalogue import Catalogue, version
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.issue import Site
from jira_assets.tables.mapping_file import MappingError, read_mapping
from jira_assets.tables.names import Names
from jira_assets.tables.policy import Policy, PolicyError, default_policy, load_policy
from jira_assets.tables.protection import Protection
from jira_assets.tables.resolve import FieldResolution, resolve
from jira_assets.warehouse.outdated import made_by, outdated_months


@cache
def catalogue() -> Catalogue:
    """All tables. Made once in a process, so that all of it agrees on them. Raises ``SettingsError``."""
    settings = Settings.load()
    made = Catalogue(field_mapping(settings), privacy_policy(settings))
    try:
        made.policy.check((*made.tables, *made.unpartitioned))
    except PolicyError as error:
        raise _unusable("JIRA_PRIVACY", error) from error
    return made


@cache
def table_rules() -> Sequence[Rule]:
    """The rules of the tables by month: what is found in a month is found by all of them at once."""
    return (*rules(catalogue().tables), COMPLETE)


def field_mapping(settings: Settings) -> FieldMapping:
    """The configured columns of `issues`. Raises ``SettingsError``, also for what is wrong in the file."""
    try:
        return read_mapping(settings.fields_file)
    except MappingError as error:
        raise _unusable("JIRA_FIELDS", error) from error


def privacy_policy(settings: Settings) -> Policy:
    """What becomes of personal data in the tables. Raises ``SettingsError``, also for what is in the file."""
    has_key = settings.encryption_keys is not None
    try:
        path = settings.privacy_file
        return default_policy(has_key=has_key) if path is None else load_policy(path, has_key=has_key)
    except PolicyError as error:
        raise _unusable("JIRA_PRIVACY", error) from error


def protection(settings: Settings) -> Protection:
    """What does to rows what the policy asks for. Raises ``SettingsError`` and ``PrivacyError``."""
    return Protection(catalogue().policy, settings.keyring)


def resolution(settings: Settings) -> FieldResolution:
    """The fields that the configured columns show. Raises ``SettingsError``, ``RawLogError``."""
    fields, remembered = read_fields(settings.raw_dir), read_resolved(settings.raw_dir)
    return resolve(catalogue().mapping, fields, remembered)


def remember(settings: Settings, resolved: FieldResolution) -> None:
    """From now on the columns keep the fields that they show, whatever those are called later.

    Raises ``SettingsError``, ``RawLogError``.
    """
    write_resolved(settings.raw_dir, resolved.ids_by_name)


def site(settings: Settings, resolved: FieldResolution) -> Site:
    """What the tables need to know beside the issues. Raises ``SettingsError``."""
    # Rebuilding needs no access to Jira; only addresses of issues behind the gateway need the domain.
    try:
        url: str | None = f"https://{settings.domain}"
    except SettingsError:
        url = None
    return resolved.site(url, settings.rendering)


def outdated(settings: Settings) -> tuple[str, list[str]]:
    """Today's version of the tables, and the months that are of another.

    Raises ``SettingsError``, ``PrivacyError``, ``RawLogError`` and ``WarehouseError``.
    """
    protected = protection(settings)
    today = version(site(settings, resolution(settings)), protected)
    names = Names(LookupStore(settings.raw_dir, settings.keyring))
    months = outdated_months(settings.warehouse_path, catalogue().tables, today, names, protected)
    return made_by(today, names), months


def _unusable(variable: str, error: Exception) -> SettingsError:
    remedy = "Repair the file, or unset the variable to have the default"
    return SettingsError(variable, f"names a file that cannot be used: {error}", remedy)
