"""The issues that the sandbox holds: compressed, indexed, and safe to change while it answers."""

import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from jira_assets.sandbox.catalogue import FIELDS_OF_SETTINGS, infer_fields
from jira_assets.sandbox.directory import Directory
from jira_assets.sandbox.index import IssueIndex
from jira_assets.sandbox.known_issues import KnownIssues
from jira_assets.sandbox.lag import Lag
from jira_assets.sandbox.lines import read_lines
from jira_assets.sandbox.neighbours import Neighbours, looks_the_same, with_briefs
from jira_assets.sandbox.numbering import Numbering
from jira_assets.sandbox.stored import Contents, StoredIssue, pack
from jira_assets.sandbox.times import iso

_DEFAULT_CLOUD_NAME = "Sandbox"


class Site:
    """A Jira site's issues. Every method may be called from any thread.

    ``issues`` are full issues: Jira's issue JSON with complete lists, and ``remotelinks`` at the top level.
    ``fields`` is the site's ``/field`` catalogue; without one it is inferred from the issues.
    ``switched_off`` may hold settings of ``GET configuration``: what an administrator has switched off.
    ``clock`` gives the site's idea of now, in epoch milliseconds.
    """

    def __init__(
        self,
        issues: Iterable[dict[str, Any]] = (),
        *,
        fields: list[dict[str, Any]] | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._lock = RLock()
        self._issues = KnownIssues()
        self._readable = KnownIssues()
        self._index = IssueIndex()
        self._read_lag = Lag(self._readable)
        self._search_lag = Lag(self._index)
        self._neighbours = Neighbours()
        self._latest = 0
        self._projects: dict[str, bytes] = {}
        self._field_ids: dict[str, None] = {}
        self._sla_field_ids: set[str] = set()
        self._fields = fields
        self.deleted_worklogs: list[tuple[int, int]] = []
        self.failing_fields: dict[str, set[str]] = {}
        self.attachment_contents: dict[str, bytes] = {}
        self.switched_off: set[str] = set()
        self.clock = clock
        self.opened_at = clock()
        self.slas_run = False
        self.numbering = Numbering()
        self.directory = Directory()
        self.title = _DEFAULT_CLOUD_NAME
        for issue in issues:
            self._store(msgspec.json.encode(issue))

    @classmethod
    def from_lines(cls, path: str | Path, *, fields: list[dict[str, Any]] | None = None) -> "Site":
        """A site from a file with one full issue per line, plain or gzipped.

        Raises ValueError naming the file and the line if a line is not an issue.
        """
        site = cls(fields=fields)
        for number, line in read_lines(Path(path)):
            try:
                site._store(line)
            except (msgspec.DecodeError, ValueError) as error:
                raise ValueError(f"{path}, line {number} is not a Jira issue: {error}") from error
        return site

    def __len__(self) -> int:
        return len(self._issues)

    def __iter__(self) -> Iterator[StoredIssue]:
        """The issues as they are, by id."""
        return iter(self._issues)

    @property
    def hidden_fields(self) -> set[str]:
        """The fields that no issue has because of what is switched off."""
        return {name for setting in self.switched_off for name in FIELDS_OF_SETTINGS[setting]}

    @property
    def version(self) -> int:
        """Another one after every change."""
        return self._issues.version

    # -- changing the site ---------------------------------------------------------------------------

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other threads from changing the site, so that one may read, change and put back."""
        with self._lock:
            yield

    def next_moment(self) -> int:
        """The time of a change, in epoch milliseconds: now, but after every ``updated`` and moment so far."""
        with self._lock:
            self._latest = max(self.clock(), self._latest + 1)
            return self._latest

    def put(self, issue: dict[str, Any]) -> None:
        """Create or replace one issue as it is: ``updated`` is not touched.

        As in Jira, it shows the issues that it is linked with as they are, and they show it as it is now.
        Reads and searches see all this after their lag.
        """
        line = msgspec.json.encode(issue)
        with self._lock:
            _, contents = pack(line, self.clock)
            held = {name: self._issues.get(name) for name in contents.mentions()}
            line = with_briefs(line, {name: other.contents() for name, other in held.items() if other})
            before = self._issues.get(str(contents.id))
            self._store(line)
            if before is None or not looks_the_same(before.contents(), contents):
                self._renew_neighbours(str(contents.id), contents)

    def delete(self, issue_id: str) -> None:
        """Remove an issue, with its comments and worklogs, and from other issues their links with it.

        Raises KeyError if there is none.
        """
        with self._lock:
            issue = self._issues.get(issue_id)
            if issue is None:
                raise KeyError(issue_id)
            self._note_deleted_worklogs(issue, None)
            self._neighbours.note(issue_id, issue, None)
            self._show(issue_id, None)
            self._renew_neighbours(issue_id, None)

    def move(self, issue_id: str, new_key: str) -> None:
        """Give an issue a new key, as moving it to another project does: the old key keeps resolving."""
        with self._lock:
            issue = self.get(issue_id)
            old_key, stamp = issue["key"], iso(self.next_moment())
            project = new_key.rpartition("-")[0]
            known = self._projects.get(project)
            before = issue["fields"].get("project") or {}
            new = {**before, "id": str(zlib.crc32(project.encode())), "key": project, "name": project}
            after = msgspec.json.decode(known) if known else new
            items = [
                _change("project", before.get("id"), before.get("name"), after.get("id"), after.get("name")),
                _change("Key", None, old_key, None, new_key),
            ]
            histories = issue.setdefault("changelog", {}).setdefault("histories", [])
            histories.append({"id": self.numbering.child_id(), "created": stamp, "items": items})
            issue["key"] = new_key
            issue["fields"] |= {"project": after, "updated": stamp}
            self.put(issue)

    # -- what is seen of changes ---------------------------------------------------------------------

    @property
    def search_lag(self) -> float:
        """Seconds until search sees a change."""
        return self._search_lag.seconds

    @search_lag.setter
    def search_lag(self, seconds: float) -> None:
        self._search_lag.seconds = seconds

    @property
    def read_lag(self) -> float:
        """Seconds until reads by id see a change: until then they show the issue as it was before."""
        return self._read_lag.seconds

    @read_lag.setter
    def read_lag(self, seconds: float) -> None:
        self._read_lag.seconds = seconds

    def hold_search(self) -> None:
        """From now on search does not see changes, until :meth:`release_search`."""
        with self._lock:
            self._search_lag.hold()

    def release_search(self) -> None:
        """Let search see everything that it has been kept from."""
        with self._lock:
            self._search_lag.release()

    def hold_reads(self) -> None:
        """From now on reads by id do not see changes, until :meth:`release_reads`."""
        with self._lock:
            self._read_lag.hold()

    def release_reads(self) -> None:
        """Let reads by id see everything that they have been kept from."""
        with self._lock:
            self._read_lag.release()

    def searchable(self) -> IssueIndex:
        """What search sees at this moment."""
        with self._lock:
            self._search_lag.catch_up()
            return self._index

    def readable(self) -> KnownIssues:
        """What reads by id see at this moment."""
        with self._lock:
            self._read_lag.catch_up()
            return self._readable

    # -- reading it ----------------------------------------------------------------------------------

    def find(self, id_or_key: str) -> StoredIssue | None:
        """The issue with this id, key (any case) or former key, as it is now."""
        return self._issues.find(id_or_key)

    def get(self, id_or_key: str) -> dict[str, Any]:
        """A copy of the full issue, to look at or to change and :meth:`put` back. Raises KeyError."""
        issue = self.find(id_or_key)
        if issue is None:
            raise KeyError(id_or_key)
        decoded: dict[str, Any] = msgspec.json.decode(issue.json())
        return decoded

    def projects(self) -> dict[str, bytes]:
        """The projects by key, as they appear in ``fields.project`` (JSON)."""
        with self._lock:
            return dict(sorted(self._projects.items()))

    def fields(self) -> list[dict[str, Any]]:
        """The ``/field`` catalogue."""
        if self._fields is not None:
            return self._fields
        with self._lock:
            return infer_fields(self._field_ids, self._sla_field_ids)

    def sla_field_ids(self) -> Collection[str]:
        """Ids of the fields that hold service level agreements."""
        return self._sla_field_ids

    def fail_field(self, issue_id: str, field_id: str) -> None:
        """Let loading one field of one issue fail: Jira then silently leaves it out of its answers."""
        self.failing_fields.setdefault(issue_id, set()).add(field_id)

    # -- inside --------------------------------------------------------------------------------------

    def _store(self, line: bytes) -> None:
        issue, contents = pack(line, self.clock)
        with self._lock:
            before = self._issues.get(issue.id)
            if before is not None and before.project != issue.project:
                self._note_renamed_project(before, contents)
            self._note(issue, contents, line)
            self._neighbours.note(issue.id, before, issue)
            if before is not None:
                self._note_deleted_worklogs(before, issue)
            self._show(issue.id, issue)

    def _renew_neighbours(self, issue_id: str, now: Contents | None) -> None:
        for other_id in self._neighbours.of(issue_id):
            other = self._issues.get(other_id)
            if other is None:
                continue
            line = other.json()
            renewed = with_briefs(line, {issue_id: now})
            if renewed is not line:
                self._store(renewed)

    def _note(self, issue: StoredIssue, contents: Contents, line: bytes) -> None:
        if issue.project:
            known = contents.value("project")
            named = msgspec.json.encode({"key": issue.project, "name": issue.project})
            self._projects[issue.project] = named if known == b"null" else known
        self.directory.note(issue)
        self._latest = max(self._latest, issue.updated)
        self.numbering.note(issue.number, (issue.key, *issue.former_keys))
        self._field_ids.update(dict.fromkeys(contents.fields))
        if b'"completedCycles"' in line:
            agreements = (name for name, raw in contents.fields.items() if b'"completedCycles"' in bytes(raw))
            self._sla_field_ids.update(agreements)

    def _note_renamed_project(self, before: StoredIssue, after: Contents) -> None:
        """A project of the same id under another key is the same one: no other move keeps the id."""
        was, now = (_members(each.value("project")) for each in (before.contents(), after))
        if was.get("id") is not None and was.get("id") == now.get("id"):
            self._projects.pop(before.project, None)

    def _note_deleted_worklogs(self, before: StoredIssue, after: StoredIssue | None) -> None:
        gone = before.worklog_ids() - (after.worklog_ids() if after else set())
        self.deleted_worklogs.extend((self.clock(), worklog_id) for worklog_id in sorted(gone))

    def _show(self, issue_id: str, issue: StoredIssue | None) -> None:
        self._issues.set(issue_id, issue)
        self._read_lag.add(issue_id, issue)
        self._search_lag.add(issue_id, issue)


def _members(raw: bytes) -> dict[str, Any]:
    decoded = msgspec.json.decode(raw)
    return decoded if isinstance(decoded, dict) else {}


def _change(field: str, from_id: Any, from_text: Any, to_id: Any, to_text: Any) -> dict[str, Any]:
    return {
        "field": field,
        "fieldtype": "jira",
        "fieldId": field.lower(),
        "from": from_id,
        "fromString": from_text,
        "to": to_id,
        "toString": to_text,
    }
