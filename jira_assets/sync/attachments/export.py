"""The files of issues, decrypted and with their names, for people."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from jira_assets.files import replaced
from jira_assets.privacy.errors import Tampered
from jira_assets.raw.attachments import FileRecord, FileState
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.attachments.wanted import WantedFile, WantedFiles, files_of
from jira_assets.tables.file_paths import hierarchical_path
from jira_assets.tables.issues import ISSUES
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.read import built
from jira_assets.warehouse.store import SCHEMA

_CHUNK_BYTES = 1024 * 1024
# Keys that an issue had before it moved find it, too.
_PLACES = f"""
    SELECT wanted.key, issue_id, month FROM (SELECT unnest($keys) AS key) wanted
    JOIN {SCHEMA}.issues ON issue_key = wanted.key OR list_contains(previous_keys, wanted.key)
"""  # noqa: S608 - a declared name; keys are parameters


class UnknownIssues(Exception):
    """Some of the issues are not in the tables."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(keys)}: no such issue in the tables. Check the key, or materialise its month."
        )


@dataclass(frozen=True, slots=True)
class Exported:
    """One attachment: where it was written to, or why it was not (``problem``)."""

    path: Path
    problem: str | None = None


class _Unusable(Exception):
    """What is stored cannot be given out. The message says why."""


def export(settings: Settings, keys: Sequence[str], folder: Path) -> Iterator[Exported]:
    """Writes the files of these issues below a folder, each complete from the moment that it is there.

    A file that is there already is left alone, and a problem if it is another. Raises UnknownIssues before
    anything is written, and what reading the tables, the raw log and the settings raises.
    """
    keyring = settings.keyring  # first, or a key that is wrong would be told as issues that are unknown
    places = _places(settings, keys)
    raw = RawLog(settings.raw_dir, keyring)
    store = AttachmentStore(settings.attachments_dir, keyring)
    for issue_id, month in places:
        for issue in raw.latest(month, [issue_id]):
            files = files_of(issue)
            if files is not None:
                yield from (_export_one(store, files, file, folder) for file in files.wanted.values())


def _places(settings: Settings, keys: Sequence[str]) -> list[tuple[str, str]]:
    """The ids and months of issues, in the order of the keys, each once."""
    found: dict[str, tuple[str, str]] = {}
    if settings.warehouse_path.exists():
        with connect(settings.warehouse_path, read_only=True) as connection:
            if built(connection, [ISSUES]):
                rows = connection.execute(_PLACES, {"keys": list(keys)}).fetchall()
                found = {key: (issue_id, month) for key, issue_id, month in rows}
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise UnknownIssues(unknown)
    return list(dict.fromkeys(found[key] for key in keys))


def _export_one(store: AttachmentStore, files: WantedFiles, file: WantedFile, folder: Path) -> Exported:
    target = folder / hierarchical_path(files.key, file.attachment_id, file.name)
    record = files.known.get(file.attachment_id)
    if record is None or record.state is not FileState.STORED:
        return Exported(target, _why_not_stored(record))
    if target.exists():
        is_same = _digest(target) == record.sha256
        return Exported(target, None if is_same else "another file is there, and was left alone")
    try:
        _write(store, file, record, target)
    except _Unusable as error:
        return Exported(target, str(error))
    return Exported(target)


def _write(store: AttachmentStore, file: WantedFile, record: FileRecord, target: Path) -> None:
    digest = hashlib.sha256()
    try:
        with replaced(UPath(target)) as staged, staged.open("wb") as written:
            for piece in store.reading(file.issue_id, file.attachment_id):
                digest.update(piece)
                written.write(piece)
            if digest.hexdigest() != record.sha256:
                raise _Unusable("what is stored is not what was downloaded")
    except FileNotFoundError:
        raise _Unusable("it is not in the store any more") from None
    except Tampered as error:
        raise _Unusable(str(error)) from error


def _why_not_stored(record: FileRecord | None) -> str:
    if record is None:
        return "it was not downloaded"
    if record.state is FileState.TOO_LARGE:
        return "it was too large to be downloaded"
    return f"it could not be downloaded: {record.reason}"


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()
