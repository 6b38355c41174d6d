"""Finding comments, worklogs and attachments by their own ids."""

from threading import Lock

import msgspec
from msgspec import Raw

from jira_assets.sandbox.answers import comments_of, worklogs_of
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import parse_time


class _Identity(msgspec.Struct, gc=False):
    id: str | int
    updated: str | None = None
    created: str | None = None


class _Directory(msgspec.Struct):
    comments: dict[int, str] = {}
    attachments: dict[int, str] = {}
    worklogs: dict[int, tuple[str, int]] = {}


_IDENTITY = msgspec.json.Decoder(_Identity)
_RAWS = msgspec.json.Decoder(list[Raw] | None)


class Children:
    """Reads every issue once per change of the site, when somebody first asks for a child by its id."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version = -1
        self._directory = _Directory()

    def comment(self, site: Site, comment_id: int) -> tuple[str, Raw] | None:
        """(issue id, the comment)."""
        issue_id = self._current(site).comments.get(comment_id)
        issue = site.find(issue_id) if issue_id else None
        return _pick(issue.id, comments_of(issue.contents()), comment_id) if issue else None

    def worklog(self, site: Site, worklog_id: int) -> tuple[str, Raw] | None:
        """(issue id, the worklog)."""
        issue_id, _ = self._current(site).worklogs.get(worklog_id, ("", 0))
        issue = site.find(issue_id) if issue_id else None
        return _pick(issue.id, worklogs_of(issue.contents()), worklog_id) if issue else None

    def attachment(self, site: Site, attachment_id: int) -> tuple[str, Raw] | None:
        """(issue id, the attachment as in ``fields.attachment``)."""
        issue_id = self._current(site).attachments.get(attachment_id)
        issue = site.find(issue_id) if issue_id else None
        if issue is None:
            return None
        return _pick(issue.id, _RAWS.decode(issue.contents().value("attachment")) or [], attachment_id)

    def worklog_updates(self, site: Site) -> list[tuple[int, int, str]]:
        """(epoch milliseconds of ``updated``, worklog id, issue id), oldest first."""
        worklogs = self._current(site).worklogs.items()
        return sorted((updated, worklog_id, issue_id) for worklog_id, (issue_id, updated) in worklogs)

    def _current(self, site: Site) -> _Directory:
        with self._lock:
            if self._version != site.version:
                self._version, self._directory = site.version, _read(site)
            return self._directory


def _read(site: Site) -> _Directory:
    directory = _Directory({}, {}, {})
    for issue in site:
        contents = issue.contents()
        directory.comments.update((_id(raw), issue.id) for raw in comments_of(contents))
        attachments = _RAWS.decode(contents.value("attachment")) or []
        directory.attachments.update((_id(raw), issue.id) for raw in attachments)
        for raw in worklogs_of(contents):
            worklog = _IDENTITY.decode(raw)
            updated = worklog.updated or worklog.created
            directory.worklogs[int(worklog.id)] = issue.id, parse_time(updated) if updated else 0
    return directory


def _pick(issue_id: str, raws: list[Raw], wanted: int) -> tuple[str, Raw] | None:
    found = next((raw for raw in raws if _id(raw) == wanted), None)
    return None if found is None else (issue_id, found)


def _id(raw: Raw) -> int:
    return int(_IDENTITY.decode(raw).id)
