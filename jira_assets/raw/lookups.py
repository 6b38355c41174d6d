"""What the site calls things: its lists of projects, statuses, people and so on, each entry as Jira sent it.

A file per list, `site/<list>.json` under the raw folder, sealed if there is a key. What is no longer listed
is remembered with its last name, because issues go on referring to it, and a project also with the keys that
it had. Per entry the latest answer counts, so that lists may be read at the same time, and in any order.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from msgspec import Raw
from upath import UPath

from jira_assets.files import make_folder_anywhere, remove_leftovers, replaced
from jira_assets.privacy.errors import PrivacyError, Tampered, UnknownKey
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.keyring import NO_KEYS, Keyring, key_id_of
from jira_assets.privacy.redaction import Redaction
from jira_assets.privacy.rewriting import Change, Rewritten, unchanged
from jira_assets.raw.errors import RawLogError
from jira_assets.timestamps import epoch_milliseconds

T = TypeVar("T")

PROJECTS = "projects"
_CONTENTS = "contents.json"  # which lists there are, and what tells that one has changed


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing: ``entry`` is what Jira sent, at ``read_at`` (milliseconds since the epoch).

    ``of`` is the project or board in whose list it is. ``former_keys`` are those that a project had.
    """

    entry: Raw
    read_at: int
    of: str | None = None
    listed: bool = True
    former_keys: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """What refers to it refers to this."""
        return _identified(self.entry).text


class _Identified(msgspec.Struct):
    id: Any = None
    accountId: Any = None
    key: Any = None
    projectKeys: Any = None

    @property
    def text(self) -> str | None:
        found = self.id if self.accountId is None else self.accountId
        return str(found) if isinstance(found, str | int) else None

    @property
    def keys(self) -> list[str]:
        """A project's, those that it had before it the one that it has."""
        former = self.projectKeys if isinstance(self.projectKeys, list) else []
        return [key for key in (*former, self.key) if isinstance(key, str)]


class _State(msgspec.Struct, frozen=True):
    """Of a list: a digest of its entries, and when a reading found them so first."""

    digest: str
    changed_at: int


class LookupStore:
    """The lists under the root of the raw log. Methods raise RawLogError."""

    def __init__(self, root: UPath, keyring: Keyring = NO_KEYS) -> None:
        self._folder = root / "site"
        self._keyring = keyring
        self._forgetting = Forgetting(root, keyring)

    def version(self, names: Collection[str]) -> str:
        """Another one after any change of these lists; empty while none of them was ever read."""
        states = {name: state for name, state in self._states().items() if name in names}
        return sha256(msgspec.json.encode(states)).hexdigest()[:12] if states else ""

    def lists(self) -> list[str]:
        """The names of the lists that were read."""
        found = self._folder.glob("*.json") if self._folder.exists() else ()
        return sorted(path.stem for path in found if path.name != _CONTENTS)

    def read(self, name: str) -> list[Entry]:
        """All entries of a list, by id; none while it was never read."""
        return self.read_as(name, Entry)

    def read_as(self, name: str, entry: type[T]) -> list[T]:
        """As ``read``, with what is in an entry decoded as a type has it, and all else passed over."""
        path = self._path(name)
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._damaged(name, str(error)) from error
        try:
            return msgspec.json.decode(self._keyring.unseal(stored, self._place(name)), type=list[entry])  # type: ignore[valid-type]
        except (msgspec.MsgspecError, UnicodeDecodeError, PrivacyError) as error:
            raise self._damaged(name, str(error)) from error

    def renamed_projects(self) -> dict[str, str]:
        """From the keys that projects had to those that they have, unless another has that one by now."""
        entries = self.read(PROJECTS)
        current = {each.id: _identified(each.entry).key for each in entries}
        in_use = set(current.values())
        return {
            former: key
            for each in entries
            if isinstance(key := current[each.id], str)
            for former in each.former_keys
            if former not in in_use
        }

    def current_keys(self, projects: Collection[str]) -> tuple[str, ...]:
        """The keys that projects have now which are called by these. Without a readable list they are these:
        whoever reads the lists tells of that.
        """
        try:
            renamed = self.renamed_projects() if projects else {}
        except RawLogError:
            renamed = {}
        return tuple(dict.fromkeys(renamed.get(key, key) for key in projects))

    def write(
        self,
        name: str,
        found: Mapping[str | None, Sequence[Raw]],
        sent_at: datetime,
        unread: Collection[str] = (),
        now: datetime | None = None,
    ) -> None:
        """Take over what Jira listed when it was asked at ``sent_at``: entries by the project or board in
        whose list they are, or all under None. Those of ``unread`` ones are as they were; all others that
        were not found are no longer listed. What is stored as read after ``now``, by Jira's clock, was read
        when ours was ahead: it is older than this.
        """
        redaction = self._redaction(raw for entries in found.values() for raw in entries)
        at = epoch_milliseconds(sent_at)
        entries = [
            Entry(raw if redaction is None else Raw(redaction.payload(bytes(raw))), at, of)
            for of, raws in found.items()
            for raw in raws
        ]
        stored = [_not_after(each, now, at) for each in self.read(name)]
        self._write(name, _merged(name, stored, entries, at, unread), at)
        in_force = self._in_force()
        if in_force is not None and in_force is not redaction:  # somebody was forgotten meanwhile
            self.rewrite(name, in_force.payload)

    def rewrite(self, name: str, change: Change = unchanged) -> Rewritten:
        """Seals a list with the key that writes now, and changes entries as ``change`` does."""
        done = Rewritten(seen=1)
        try:
            entries = self.read(name)
            key_id = self._key_of(name)
        except RawLogError as error:
            done.problems.append(str(error))
            return done
        changed = [msgspec.structs.replace(each, entry=_changed(each.entry, change)) for each in entries]
        pairs = zip(entries, changed, strict=True)
        done.changed = sum(before.entry is not after.entry for before, after in pairs)
        if done.changed or key_id != self._keyring.writing:
            done.resealed = int(not done.changed)
            newest = max((each.read_at for each in entries), default=0)
            self._write(name, _by_id(changed), newest)
        return done

    def count_by_key(self, name: str) -> Counter[str | None]:
        """With which key a list is sealed; None stands for no key."""
        return Counter([self._key_of(name)])

    def _key_of(self, name: str) -> str | None:
        try:
            return key_id_of(self._path(name).read_bytes(), self._place(name))
        except (OSError, Tampered, UnknownKey) as error:
            raise self._damaged(name, str(error)) from error

    def _write(self, name: str, entries: Mapping[str, Entry], at: int) -> None:
        ordered = [entry for _, entry in sorted(entries.items())]
        digest = _digest(ordered)
        states = self._states()
        try:
            make_folder_anywhere(self._folder, within=self._folder)
            remove_leftovers(self._folder)
            with replaced(self._path(name)) as staged:
                content = self._keyring.seal(msgspec.json.encode(ordered), self._place(name))
                staged.write_bytes(content)
            # Then what says so: whoever reads in between has newer names than it thinks, and compares again.
            if name not in states or states[name].digest != digest:
                states[name] = _State(digest, at)
                with replaced(self._folder / _CONTENTS) as staged:
                    staged.write_bytes(msgspec.json.encode(dict(sorted(states.items()))))
        except OSError as error:
            reason = f"cannot write {self._path(name)}: {error.strerror or error}"
            raise RawLogError(f"{reason}. Check the disk's free space and permissions.") from error

    def _states(self) -> dict[str, _State]:
        try:
            stored = (self._folder / _CONTENTS).read_bytes()
            return msgspec.json.decode(stored, type=dict[str, _State])
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}  # all is compared anew, and the next reading writes it

    def _redaction(self, payloads: Iterable[Raw]) -> Redaction | None:
        try:
            return self._forgetting.for_storing(map(bytes, payloads))
        except (OSError, PrivacyError) as error:
            raise _unknown(error) from error

    def _in_force(self) -> Redaction | None:
        try:
            return self._forgetting.in_force()
        except (OSError, PrivacyError) as error:
            raise _unknown(error) from error

    def _path(self, name: str) -> UPath:
        return self._folder / f"{name}.json"

    def _place(self, name: str) -> str:
        return f"site/{name}"

    def _damaged(self, name: str, reason: str) -> RawLogError:
        remedy = (
            "Restore it from a backup, or delete it: the list is read again, without what is gone from it."
        )
        return RawLogError(f"{self._path(name)} cannot be read ({reason}). {remedy}.")


def _unknown(error: Exception) -> RawLogError:
    return RawLogError(f"nothing is stored unless it is known who is forgotten: {error}")


def _merged(
    name: str, stored: Sequence[Entry], found: Sequence[Entry], at: int, unread: Collection[str]
) -> dict[str, Entry]:
    """By id, the latest of each. What was not found when everything was asked for is no longer listed."""
    merged = _by_id(stored)
    ambiguous = _ambiguous(found) if name == PROJECTS else set()
    latest = {entry_id: entry for entry_id, entry in _by_id(found).items() if entry_id not in ambiguous}
    for entry_id, entry in merged.items():
        if entry.read_at <= at and not (entry_id in latest or entry_id in ambiguous or entry.of in unread):
            merged[entry_id] = msgspec.structs.replace(entry, listed=False)
    for entry_id, entry in latest.items():
        before = merged.get(entry_id)
        winner = entry if before is None or before.read_at <= entry.read_at else before
        if name == PROJECTS:
            winner = msgspec.structs.replace(winner, former_keys=_former_keys(winner, before, entry))
        merged[entry_id] = winner
    return merged


def _not_after(entry: Entry, now: datetime | None, at: int) -> Entry:
    is_of_the_future = now is not None and entry.read_at > epoch_milliseconds(now)
    return msgspec.structs.replace(entry, read_at=at) if is_of_the_future else entry


def _ambiguous(found: Sequence[Entry]) -> set[str]:
    """The ids that one answer gives to projects of several keys: they tell nobody which is meant."""
    keys: dict[str, set[object]] = {}
    for entry in found:
        shown = _identified(entry.entry)
        keys.setdefault(shown.text or "", set()).add(shown.key)
    return {entry_id for entry_id, of_id in keys.items() if len(of_id) > 1}


def _former_keys(winner: Entry, *known: Entry | None) -> tuple[str, ...]:
    """The keys by which a project was known, oldest first, but for the one that it has."""
    current = _identified(winner.entry).key
    keys = [key for entry in known if entry for key in (*entry.former_keys, *_identified(entry.entry).keys)]
    return tuple(key for key in dict.fromkeys(keys) if key != current)


def _by_id(entries: Iterable[Entry]) -> dict[str, Entry]:
    """What has no id cannot be referred to."""
    return {entry_id: entry for entry in entries if (entry_id := entry.id) is not None}


def _identified(entry: Raw) -> _Identified:
    try:
        return msgspec.json.decode(entry, type=_Identified)
    except msgspec.MsgspecError:
        return _Identified()


def _changed(entry: Raw, change: Change) -> Raw:
    before = bytes(entry)
    after = change(before)
    return entry if after is before else Raw(after)


def _digest(entries: Iterable[Entry]) -> str:
    """Of all but when they were read."""
    digest = sha256()
    for entry in entries:
        digest.update(msgspec.json.encode(msgspec.structs.replace(entry, read_at=0)) + b"\n")
    return digest.hexdigest()[:16]
