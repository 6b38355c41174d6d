"""Finding comments, worklogs, attachments and links by their own ids."""

from threading import Lock

import msgspec
from msgspec import Raw

from jira_assets.sandbox.answers import comments_of, worklogs_of
from jira_assets.sandbox.known_issues import KnownIssues
from jira_assets.sandbox.stored import Contents, StoredIssue
from jira_assets.sandbox.times import parse_time


class _Identity(msgspec.Struct, gc=False):
    id: str | int
    updated: str | None = None
    created: str | None = None


class _Directory:
    """Which issue a child belongs to; for worklogs also when they were updated (epoch milliseconds)."""

    def __init__(self) -> None:
        self.comments: dict[int, str] = {}
        self.attachments: dict[int, str] = {}
        self.worklogs: dict[int, tuple[str, int]] = {}
        self.links: dict[int, set[str]] = {}
        self._read: dict[str, StoredIssue] = {}

    def catch_up(self, issues: KnownIssues) -> None:
        """Read the issues that have changed since the last time."""
        present = {issue.id: issue for issue in issues}
        for issue_id, before in list(self._read.items()):
            if present.get(issue_id) is not before:
                self._forget(self._read.pop(issue_id))
        for issue_id, issue in present.items():
            if issue_id not in self._read:
                self._read[issue_id] = issue
                self._enter(issue)

    def _enter(self, issue: StoredIssue) -> None:
        contents = issue.contents()
        self.comments.update((_id(raw), issue.id) for raw in comments_of(contents))
        self.attachments.update((_id(raw), issue.id) for raw in _elements(contents, "attachment"))
        for raw in _elements(contents, "issuelinks"):
            self.links.setdefault(_id(raw), set()).add(issue.id)
        for raw in worklogs_of(contents):
            worklog = _IDENTITY.decode(raw)
            updated = worklog.updated or worklog.created
            self.worklogs[int(worklog.id)] = issue.id, parse_time(updated) if updated else 0

    def _forget(self, issue: StoredIssue) -> None:
        contents = issue.contents()
        for raw in comments_of(contents):
            self.comments.pop(_id(raw), None)
        for raw in _elements(contents, "attachment"):
            self.attachments.pop(_id(raw), None)
        for raw in _elements(contents, "issuelinks"):
            self.links.get(_id(raw), set()).discard(issue.id)
        for raw in worklogs_of(contents):
            self.worklogs.pop(_id(raw), None)


_IDENTITY = msgspec.json.Decoder(_Identity)
_RAWS = msgspec.json.Decoder(list[Raw] | None)


class Children:
    """Reads every issue when somebody first asks for a child by its id, and later those that have changed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version = -1
        self._directory = _Directory()

    def comment(self, issues: KnownIssues, comment_id: int) -> tuple[str, Raw] | None:
        """(issue id, the comment)."""
        issue = issues.get(self._current(issues).comments.get(comment_id, ""))
        return _pick(issue.id, comments_of(issue.contents()), comment_id) if issue else None

    def worklog(self, issues: KnownIssues, worklog_id: int) -> tuple[str, Raw] | None:
        """(issue id, the worklog)."""
        issue_id, _ = self._current(issues).worklogs.get(worklog_id, ("", 0))
        issue = issues.get(issue_id)
        return _pick(issue.id, worklogs_of(issue.contents()), worklog_id) if issue else None

    def attachment(self, issues: KnownIssues, attachment_id: int) -> tuple[str, Raw] | None:
        """(issue id, the attachment as in ``fields.attachment``)."""
        issue = issues.get(self._current(issues).attachments.get(attachment_id, ""))
        return _pick(issue.id, _elements(issue.contents(), "attachment"), attachment_id) if issue else None

    def link(self, issues: KnownIssues, link_id: int) -> tuple[str, Raw] | None:
        """(id of an issue that shows it, the link as in ``fields.issuelinks``)."""
        shown_by = self._current(issues).links.get(link_id)
        issue = issues.get(min(shown_by)) if shown_by else None
        return _pick(issue.id, _elements(issue.contents(), "issuelinks"), link_id) if issue else None

    def worklog_updates(self, issues: KnownIssues) -> list[tuple[int, int, str]]:
        """(epoch milliseconds of ``updated``, worklog id, issue id), oldest first."""
        worklogs = self._current(issues).worklogs.items()
        return sorted((updated, worklog_id, issue_id) for worklog_id, (issue_id, updated) in worklogs)

    def _current(self, issues: KnownIssues) -> _Directory:
        with self._lock:
            version = issues.version
            if self._version != version:
                self._directory.catch_up(issues)
                self._version = version
            return self._directory


def _elements(contents: Contents, field: str) -> list[Raw]:
    return _RAWS.decode(contents.value(field)) or []


def _pick(issue_id: str, raws: list[Raw], wanted: int) -> tuple[str, Raw] | None:
    found = next((raw for raw in raws if _id(raw) == wanted), None)
    return None if found is None else (issue_id, found)


def _id(raw: Raw) -> int:
    return int(_IDENTITY.decode(raw).id)
