"""What is deleted of somebody who is forgotten: files that the person attached, and what cannot be read."""

import time
from collections.abc import Collection

import msgspec

from jira_assets import clock
from jira_assets.files import UnfitFile, read_file
from jira_assets.inbox.inbox import LARGEST_BYTES, DamagedDelivery, Inbox
from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.redaction import Redaction
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.attachments.wanted import files_of
from jira_assets.upkeep.stores import sweep, unfinished
from jira_assets.warehouse.database_file import set_aside


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


_MOMENT_S = 2.0


def remove_unfinished(settings: Settings) -> list[str]:
    """Deletes it from our folders. Tells of what is young, since writers may be at work on it, and of
    warehouses that were set aside.
    """
    sweep(settings)
    found = sorted(unfinished(settings))
    if found:
        time.sleep(_MOMENT_S)  # most are of writers at work, and gone by then
        found = [path for path in found if path.exists()]
    return [
        *(f"{path} is unfinished, perhaps since a crash: forget again in an hour" for path in found),
        *(f"{path} was damaged and is as it was: delete it" for path in set_aside(settings.warehouse_path)),
    ]


def remove_unreadable(settings: Settings, redaction: Redaction, problems: set[str]) -> int:
    """Deletes the deliveries that are no events and speak of people who are forgotten; says how many.

    What cannot be read is added to ``problems``.
    """
    unreadable = Inbox(settings.unreadable_dir, settings.keyring)
    found = [name for name in unreadable.names() if _speaks_of(unreadable, name, redaction, problems)]
    unreadable.remove(found)
    return len(found)


def _speaks_of(unreadable: Inbox, name: str, redaction: Redaction, problems: set[str]) -> bool:
    try:
        content = unreadable.read(name).body
    except DamagedDelivery:
        try:
            content = read_file(unreadable.folder / name, LARGEST_BYTES)
        except UnfitFile as error:
            problems.add(f"{unreadable.folder / name} {error}")
            return False
    except PrivacyError as error:
        problems.add(str(error))
        return False
    return redaction.payload(content) is not content
