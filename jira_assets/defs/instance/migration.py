"""Dagster's history of an older copy: what the UI shows of assets is carried to the keys that they have now.

Until now keys had no prefix: `issues` is `jira/issues`.
"""

from collections.abc import Callable, Iterable, Iterator

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    AssetRecordsFilter,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    EventLogEntry,
    EventLogRecord,
)

from jira_assets.checks.rules import rules_of_any
from jira_assets.defs.keys import asset_key
from jira_assets.defs.upstream import (
    InstigatorState,
    InstigatorStatus,
    get_possibly_temporary_instance_for_cli,
)
from jira_assets.sync.configuration import catalogue, table_rules

_CARRIED = 100  # materializations of an asset without partitions; of others the last one of each partition
_SCHEDULES = {"daily_health": "hourly_health"}
_CHECKS = {  # those that are no rules of tables, and what they were checks of
    "raw_issues": ("every_part_fetched", "no_event_waits"),
    "issues": ("fields_are_mapped",),
}
_OF_SITE = {
    "reconcile_census": ("access_kept", "deletions_plausible"),
    "reconcile_audit": ("published_equals_jira",),
}


def migrate_configured_history(tell: Callable[[str], None]) -> None:
    """Of the instance that `dagster dev` uses in this folder."""
    with get_possibly_temporary_instance_for_cli("jira-assets migrate") as instance:
        migrate_history(instance, tell)


def migrate_history(instance: DagsterInstance, tell: Callable[[str], None]) -> None:
    """Doing it again does the rest. The old keys leave the catalogue once their state is carried over; the
    events of their runs stay.
    """
    tables = (*catalogue().tables, *catalogue().unpartitioned)
    names = [*(table.name for table in tables), "raw_issues", "published"]
    known = {*instance.get_asset_keys()}
    old = [key for name in names if (key := AssetKey(name)) in known]
    for key in old:
        new = asset_key(key.path[0])
        missing = list(_missing(instance, key))
        for record in missing:
            _carry(instance, record, new)
        tell(f"{key.to_user_string()} is {new.to_user_string()} now: {len(missing)} materializations")
    checks = sum(_carry_check(instance, before, now) for before, now in _check_keys())
    tell(f"{checks} checks")
    old += [key for name in (*_OF_SITE, "reconcile_recent") if (key := AssetKey(name)) in known]
    instance.wipe_assets(old)
    for state in instance.all_instigator_state():
        _carry_schedule(instance, state)


def _missing(instance: DagsterInstance, key: AssetKey) -> Iterator[EventLogRecord]:
    """The materializations that the new key lacks, oldest first."""
    log, new = instance.event_log_storage, asset_key(key.path[0])
    kind = DagsterEventType.ASSET_MATERIALIZATION
    newest = log.get_latest_storage_id_by_partition(key, kind)
    if newest:
        done = log.get_latest_storage_id_by_partition(new, kind).keys()
        wanted = sorted(storage_id for partition, storage_id in newest.items() if partition not in done)
        for storage_id in wanted:
            yield from instance.fetch_materializations(
                AssetRecordsFilter(key, storage_ids=[storage_id]), limit=1
            ).records
    elif not instance.fetch_materializations(new, limit=1).records:
        yield from reversed(instance.fetch_materializations(key, limit=_CARRIED).records)


def _carry(instance: DagsterInstance, record: EventLogRecord, key: AssetKey) -> None:
    event = record.event_log_entry.get_dagster_event()
    data = event.step_materialization_data
    data = data._replace(materialization=data.materialization._replace(asset_key=key))
    _report(instance, record.event_log_entry, event._replace(event_specific_data=data))


def _check_keys() -> Iterator[tuple[AssetCheckKey, AssetCheckKey]]:
    rules = [*table_rules(), *(rule for table in catalogue().unpartitioned for rule in rules_of_any(table))]
    named: Iterable[tuple[str, str]] = [(rule.table, rule.name) for rule in rules]
    named = [*named, *((asset, name) for asset, checks in _CHECKS.items() for name in checks)]
    for asset, name in named:
        yield AssetCheckKey(AssetKey(asset), name), AssetCheckKey(asset_key(asset), name)
    for asset, checks in _OF_SITE.items():
        for name in checks:
            yield AssetCheckKey(AssetKey(asset), name), AssetCheckKey(asset_key("site"), name)


def _carry_check(instance: DagsterInstance, before: AssetCheckKey, now: AssetCheckKey) -> bool:
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key([before, now])
    record = found.get(before)
    said = record.evaluation if record else None
    if record is None or record.event is None or said is None or now in found:
        return False
    evaluation = AssetCheckEvaluation(
        asset_key=now.asset_key,
        check_name=now.name,
        passed=said.passed,
        metadata=said.metadata,
        severity=said.severity,
        description=said.description,
    )
    event = record.event.get_dagster_event()._replace(event_specific_data=evaluation)
    _report(instance, record.event, event)
    return True


def _carry_schedule(instance: DagsterInstance, state: InstigatorState) -> None:
    """A schedule that somebody has stopped, and that is called otherwise now, stays stopped."""
    name = _SCHEDULES.get(state.instigator_name)
    if name is None or state.status is not InstigatorStatus.STOPPED:
        return
    origin = state.origin._replace(instigator_name=name)
    if instance.get_instigator_state(origin.get_id(), origin.get_selector().get_id()) is None:
        instance.add_instigator_state(state._replace(origin=origin))


def _report(instance: DagsterInstance, entry: EventLogEntry, event: DagsterEvent) -> None:
    """As an event of the same run, at the same time."""
    instance.report_dagster_event(event, entry.run_id, timestamp=entry.timestamp)
