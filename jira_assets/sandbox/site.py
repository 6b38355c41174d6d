"""The issues that the sandbox holds: compressed, indexed, and safe to change while it answers."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec

from jira_assets.sandbox.catalogue import infer_fields
from jira_assets.sandbox.index import IssueIndex
from jira_assets.sandbox.lines import read_lines
from jira_assets.sandbox.stored import Contents, StoredIssue, pack
from jira_assets.sandbox.times import iso

_DEFAULT_CLOUD_NAME = "Sandbox"


class Site:
    """A Jira site's issues. Every method may be called from any thread.

    ``issues`` are full issues: Jira's issue JSON with complete lists, and ``remotelinks`` at the top level.
    ``fields`` is the site's ``/field`` catalogue; without one it is inferred from the issues.
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
        self._issues: dict[str, StoredIssue] = {}
        self._ids_by_key: dict[str, str] = {}
        self._projects: dict[str, bytes] = {}
        self._field_ids: dict[str, None] = {}
        self._sla_field_ids: set[str] = set()
        self._fields = fields
        self._index = IssueIndex()
        self._unindexed: deque[tuple[float, str, StoredIssue | None]] = deque()
        self._search_held = False
        self.version = 0
        self.deleted_worklogs: list[tuple[int, int]] = []
        self.failing_fields: dict[str, set[str]] = {}
        self.attachment_contents: dict[str, bytes] = {}
        self.clock = clock
        self.opened_at = clock()
        self.slas_run = False
        self.search_lag = 0.0
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
        with self._lock:
            return iter(sorted(self._issues.values(), key=attrgetter("number")))

    # -- changing the site ---------------------------------------------------------------------------

    def put(self, issue: dict[str, Any]) -> None:
        """Create or replace one issue as it is: ``updated`` is not touched. Search sees it after the lag."""
        self._store(msgspec.json.encode(issue))

    def delete(self, issue_id: str) -> None:
        """Remove an issue, with its comments, worklogs and links. Raises KeyError if there is none."""
        with self._lock:
            issue = self._issues.pop(issue_id)
            self._ids_by_key = {key: kept for key, kept in self._ids_by_key.items() if kept != issue_id}
            self._note_deleted_worklogs(issue, None)
            self._show_to_search(issue_id, None)

    def move(self, issue_id: str, new_key: str) -> None:
        """Give an issue a new key, as moving it to another project does: the old key keeps resolving."""
        with self._lock:
            issue = self.get(issue_id)
            old_key, now = issue["key"], self.clock()
            project = new_key.rpartition("-")[0]
            known = self._projects.get(project)
            before = issue["fields"].get("project") or {}
            after = msgspec.json.decode(known) if known else {**before, "key": project, "name": project}
            stamp = iso(now)
            items = [
                _change("project", before.get("id"), before.get("name"), after.get("id"), after.get("name")),
                _change("Key", None, old_key, None, new_key),
            ]
            histories = issue.setdefault("changelog", {}).setdefault("histories", [])
            histories.append({"id": str(now), "created": stamp, "items": items})
            issue["key"] = new_key
            issue["fields"] |= {"project": after, "updated": stamp}
            self.put(issue)

    def hold_search(self) -> None:
        """From now on search does not see changes, until :meth:`release_search`."""
        self._search_held = True

    def release_search(self) -> None:
        """Let search see everything that it has been kept from."""
        with self._lock:
            self._search_held = False
            while self._unindexed:
                self._index.set(*self._unindexed.popleft()[1:])

    # -- reading it ----------------------------------------------------------------------------------

    def find(self, id_or_key: str) -> StoredIssue | None:
        """The issue with this id, key (any case) or former key, as it is now."""
        with self._lock:
            by_key = self._ids_by_key.get(id_or_key.upper(), id_or_key)
            return self._issues.get(by_key)

    def get(self, id_or_key: str) -> dict[str, Any]:
        """A copy of the full issue, to look at or to change and :meth:`put` back. Raises KeyError."""
        issue = self.find(id_or_key)
        if issue is None:
            raise KeyError(id_or_key)
        decoded: dict[str, Any] = msgspec.json.decode(issue.json())
        return decoded

    def searchable(self) -> IssueIndex:
        """What search sees at this moment."""
        with self._lock:
            while self._unindexed and not self._search_held and self._unindexed[0][0] <= time.monotonic():
                self._index.set(*self._unindexed.popleft()[1:])
            return self._index

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
            self._issues[issue.id] = issue
            self._ids_by_key[issue.key.upper()] = issue.id
            self._note(issue, contents, line)
            if before is None:
                self._resolve_former_keys(issue, contents)
            else:
                self._note_deleted_worklogs(before, issue)
            self._show_to_search(issue.id, issue)

    def _note(self, issue: StoredIssue, contents: Contents, line: bytes) -> None:
        if issue.project not in self._projects and issue.project:
            known = contents.value("project")
            named = msgspec.json.encode({"key": issue.project, "name": issue.project})
            self._projects[issue.project] = named if known == b"null" else known
        self._field_ids.update(dict.fromkeys(contents.fields))
        if b'"completedCycles"' in line:
            agreements = (name for name, raw in contents.fields.items() if b'"completedCycles"' in bytes(raw))
            self._sla_field_ids.update(agreements)

    def _resolve_former_keys(self, issue: StoredIssue, contents: Contents) -> None:
        for former in contents.former_keys():
            self._ids_by_key.setdefault(former.upper(), issue.id)

    def _note_deleted_worklogs(self, before: StoredIssue, after: StoredIssue | None) -> None:
        gone = before.worklog_ids() - (after.worklog_ids() if after else set())
        self.deleted_worklogs.extend((self.clock(), worklog_id) for worklog_id in sorted(gone))

    def _show_to_search(self, issue_id: str, issue: StoredIssue | None) -> None:
        self.version += 1
        if self.search_lag or self._search_held or self._unindexed:
            self._unindexed.append((time.monotonic() + self.search_lag, issue_id, issue))
        else:
            self._index.set(issue_id, issue)


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
