"""Fields that Jira left out of a good answer: it does so with what is gone, and with what it failed to load.

Without ``failFast`` Jira silently omits fields that fail (jira_cloud.md 1.2). With it, an answer is whole or
an error. So what was stored and is absent now is asked for once more, by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from jira_assets.jira.batches import TRIES
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, Unauthorised
from jira_assets.raw.partial import Fields, decoded

# Lists with addresses of their own, where they are read if an issue does not show them whole.
_LISTS = frozenset({"comment", "worklog"})


@dataclass(frozen=True, slots=True)
class Completed:
    """An issue with the fields that were asked for once more. It is ``without`` those that cannot be had.

    ``lists`` are those that it lacks, and that are read where they are whole.
    """

    payload: bytes
    without: tuple[str, ...]
    lists: frozenset[str]


class _Shown(msgspec.Struct):
    fields: Fields = {}


def complete(
    client: JiraClient, payloads: Mapping[str, bytes], stored: Mapping[str, Collection[str]]
) -> dict[str, Completed]:
    """Those issues that lack a field which is ``stored`` of them, with what Jira answers about it.

    ``payloads`` and ``stored``, the ids of fields that are not null, are by issue id. Raises
    ``Unauthorised``.
    """
    lacking = {
        issue_id: sorted(missing)
        for issue_id, payload in payloads.items()
        if (missing := set(stored.get(issue_id, ())) - decoded(payload)[1].keys())
    }
    if not lacking:
        return {}
    with ThreadPoolExecutor(client.concurrency, thread_name_prefix="jira fields left out") as pool:
        fields_of = {issue_id: [n for n in names if n not in _LISTS] for issue_id, names in lacking.items()}
        found = pool.map(lambda issue_id: _asked_for(client, issue_id, fields_of[issue_id]), lacking)
        return {
            issue_id: Completed(
                with_fields(payloads[issue_id], fields),
                tuple(name for name in lacking[issue_id] if name in failed),
                _LISTS.intersection(lacking[issue_id]),
            )
            for issue_id, (fields, failed) in zip(lacking, found, strict=True)
        }


def with_fields(payload: bytes, fields: Fields) -> bytes:
    """An issue with these fields as they are here."""
    if not fields:
        return payload
    issue, others = decoded(payload)
    return msgspec.json.encode({**(issue or {}), "fields": {**others, **fields}})


def _asked_for(
    client: JiraClient, issue_id: str, names: Sequence[str], tries: int = TRIES
) -> tuple[Fields, set[str]]:
    """The fields of these names that the issue has, and those that cannot be loaded: halves are asked for
    until those are alone.
    """
    if not names:
        return {}, set()
    params = {"fields": ",".join(names), "failFast": "true"}
    try:
        path = f"/rest/api/3/issue/{quote(issue_id, safe='')}"
        shown = client.get(path, params, _Shown, tries=tries).value.fields
        return {name: shown[name] for name in names if name in shown}, set()
    except Unauthorised:
        raise
    except JiraError:
        if len(names) == 1:
            return {}, {*names}
    middle = len(names) // 2
    halves = [_asked_for(client, issue_id, half, 1) for half in (names[:middle], names[middle:])]
    return {**halves[0][0], **halves[1][0]}, halves[0][1] | halves[1][1]
