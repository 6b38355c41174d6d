"""What holds for all assets of a group, mapped once over their specs: owners, layers, freshness."""

from collections.abc import Mapping
from datetime import timedelta

from dagster import AssetSpec, FreshnessPolicy

_OWNERS = ["team:data"]
_LAYERS = {"raw": "bronze", "tables": "silver", "lookups": "silver", "fields": "silver", "slas": "silver"}
_BY_GROUP: Mapping[str, FreshnessPolicy] = {
    # Twice the time from one refresh to the next is a warning, an hour or a day more a failure.
    "slas": FreshnessPolicy.time_window(fail_window=timedelta(hours=1), warn_window=timedelta(minutes=30)),
    "health": FreshnessPolicy.time_window(fail_window=timedelta(hours=3), warn_window=timedelta(hours=2)),
    "fields": FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=25)),
    "lookups": FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=25)),
}


def with_policies(spec: AssetSpec) -> AssetSpec:
    """What `jira/data_health` measures is how fresh the tables by month are: they have no policy here."""
    group = spec.group_name or ""
    spec = spec.replace_attributes(owners=_OWNERS, freshness_policy=_BY_GROUP.get(group))
    return spec.merge_attributes(tags={"layer": _LAYERS.get(group, group)})
