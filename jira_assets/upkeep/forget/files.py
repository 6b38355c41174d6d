"""The issues that somebody was found in: their keys, and the files that the person had attached to them."""

from collections.abc import Collection

import msgspec

from jira_assets import clock
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.attachments.wanted import files_of


class _Keyed(msgspec.Struct):
    key: str


def keys_of(raw: RawLog, month: str, issue_ids: Collection[str]) -> dict[str, str]:
    """The keys of issues by their ids; the ids themselves of those that have none. Raises RawLogError."""
    if not issue_ids:
        return {}
    return {issue.issue_id: _key(issue) for issue in raw.latest(month, issue_ids)}


def delete_files(raw: RawLog, store: AttachmentStore, month: str, issue_ids: Collection[str]) -> int:
    """Deletes the files that these issues, as they are stored, do not have any more; says how many.

    First the log is told that they are not there. Raises RawLogError and OSError.
    """
    deleted = 0
    for issue in raw.latest(month, issue_ids):
        files = files_of(issue)
        if files is None:
            continue
        kept = {name: record for name, record in files.known.items() if name in files.wanted}
        if kept != files.known:
            raw.append(month, [files.record(kept, clock.now())])
        surplus = store.attachment_ids(issue.issue_id) - files.wanted.keys()
        store.remove(issue.issue_id, surplus)
        deleted += len(surplus)
    return deleted


def _key(issue: LatestIssue) -> str:
    payload = issue.payloads.get(Part.ISSUE) or (issue.tombstone.payload if issue.tombstone else b"{}")
    try:
        return msgspec.json.decode(payload, type=_Keyed).key
    except msgspec.DecodeError:
        return issue.issue_id
