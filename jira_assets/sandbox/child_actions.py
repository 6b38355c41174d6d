"""Actions on comments, worklogs and attachments. Each returns False where an issue has nothing to act on."""

from typing import Any

from jira_assets.sandbox.changes import NOTHING, Turn, address
from jira_assets.sandbox.documents import plain_document, random_document, sentence
from jira_assets.sandbox.event_payloads import attachment_event, comment_event, worklog_event
from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.times import iso

_HOUR = 3_600
_FILES = (
    ("screen shot.png", "image/png"),
    ("Протокол.log", "text/plain"),
    ("../../etc/passwd", "text/plain"),
)


def comment(turn: Turn) -> bool:
    """Write a comment; in a service desk perhaps an internal note. There is no ``jira:issue_updated``."""
    number = turn.site.numbering.child_id()
    kind = (turn.fields.get("project") or {}).get("projectTypeKey")
    written: dict[str, Any] = {
        "self": f"{address(turn.issue)}/comment/{number}",
        "id": number,
        "author": turn.author,
        "updateAuthor": turn.author,
        "body": random_document(turn.rng, turn.rng.randint(1, 3)),
        "created": turn.stamp,
        "updated": turn.stamp,
        "jsdPublic": kind != "service_desk" or turn.rng.random() < 0.7,
    }
    if turn.rng.random() < 0.05:
        written["visibility"] = {"type": "role", "value": "Administrators", "identifier": "10002"}
    _elements(turn, "comment", "comments").append(written)
    turn.save()
    turn.send(comment_event("comment_created", turn.issue, written, turn.moment), turn.issue["id"])
    return True


def edit_comment(turn: Turn) -> bool:
    comments = _elements(turn, "comment", "comments")
    if not comments:
        return False
    edited = turn.rng.choice(comments)
    edited |= {"body": random_document(turn.rng, 2), "updateAuthor": turn.author, "updated": turn.stamp}
    turn.save()
    turn.send(comment_event("comment_updated", turn.issue, edited, turn.moment), turn.issue["id"])
    return True


def delete_comment(turn: Turn) -> bool:
    """Whether Jira then moves the issue's ``updated`` is not known, so it is left to chance."""
    comments = _elements(turn, "comment", "comments")
    if not comments:
        return False
    gone = comments.pop(turn.rng.randrange(len(comments)))
    if turn.rng.random() < 0.5:
        turn.save()
    else:
        turn.site.put(turn.issue)
    turn.send(comment_event("comment_deleted", turn.issue, gone, turn.moment), turn.issue["id"])
    return True


def log_work(turn: Turn) -> bool:
    number, seconds = turn.site.numbering.child_id(), turn.rng.randint(1, 8) * _HOUR
    logged = {
        "self": f"{address(turn.issue)}/worklog/{number}",
        "author": turn.author,
        "updateAuthor": turn.author,
        "comment": plain_document(sentence(turn.rng)),
        "created": turn.stamp,
        "updated": turn.stamp,
        "started": iso(turn.moment - seconds * 1000),
        "timeSpent": _duration(seconds),
        "timeSpentSeconds": seconds,
        "id": number,
        "issueId": turn.issue["id"],
    }
    _elements(turn, "worklog", "worklogs").append(logged)
    _spend(turn, seconds)
    _tell_of_work(turn, "worklog_created", "issue_work_logged", logged)
    return True


def edit_work(turn: Turn) -> bool:
    worklogs = _elements(turn, "worklog", "worklogs")
    if not worklogs:
        return False
    edited = turn.rng.choice(worklogs)
    before, after = edited.get("timeSpentSeconds") or 0, turn.rng.randint(1, 8) * _HOUR
    edited |= {"timeSpentSeconds": after, "timeSpent": _duration(after), "issueId": turn.issue["id"]}
    edited |= {"updateAuthor": turn.author, "updated": turn.stamp}
    turn.note("WorklogId", None, (edited["id"], edited["id"]), NOTHING)
    _spend(turn, after - before)
    _tell_of_work(turn, "worklog_updated", "issue_worklog_updated", edited)
    return True


def delete_work(turn: Turn) -> bool:
    worklogs = _elements(turn, "worklog", "worklogs")
    if not worklogs:
        return False
    gone = worklogs.pop(turn.rng.randrange(len(worklogs)))
    gone["issueId"] = turn.issue["id"]
    turn.note("WorklogId", None, (gone["id"], gone["id"]), NOTHING)
    _spend(turn, -(gone.get("timeSpentSeconds") or 0))
    _tell_of_work(turn, "worklog_deleted", "issue_worklog_deleted", gone)
    return True


def attach(turn: Turn) -> bool:
    number = turn.site.numbering.child_id()
    filename, mime_type = turn.rng.choice(_FILES)
    content = f"{BASE_URL}/rest/api/3/attachment/content/{number}"
    attached = {
        "self": f"{BASE_URL}/rest/api/3/attachment/{number}",
        "id": number,
        "filename": filename,
        "author": turn.author,
        "created": turn.stamp,
        "size": turn.rng.randint(0, 200_000),
        "mimeType": mime_type,
        "content": content,
    }
    if mime_type == "image/png":
        attached["thumbnail"] = content.replace("/content/", "/thumbnail/")
    turn.fields["attachment"] = [*(turn.fields.get("attachment") or ()), attached]
    turn.note("Attachment", "attachment", NOTHING, (number, filename))
    turn.send(attachment_event("attachment_created", attached, turn.moment), turn.issue["id"])
    turn.save_and_tell("issue_updated")
    return True


def remove_attachment(turn: Turn) -> bool:
    attachments = list(turn.fields.get("attachment") or ())
    if not attachments:
        return False
    gone = attachments.pop(turn.rng.randrange(len(attachments)))
    turn.fields["attachment"] = attachments
    turn.note("Attachment", "attachment", (gone["id"], gone["filename"]), NOTHING)
    turn.send(attachment_event("attachment_deleted", gone, turn.moment), turn.issue["id"])
    turn.save_and_tell("issue_updated")
    return True


def _elements(turn: Turn, field_id: str, name: str) -> list[dict[str, Any]]:
    """The list in a field that is a page of comments or worklogs; made if the issue has none."""
    page = turn.fields[field_id] = turn.fields.get(field_id) or {}
    elements: list[dict[str, Any]] = page.setdefault(name, [])
    return elements


def _tell_of_work(turn: Turn, name: str, event_type: str, worklog: dict[str, Any]) -> None:
    turn.send(worklog_event(name, worklog, turn.moment), turn.issue["id"])
    turn.save_and_tell(event_type)


def _spend(turn: Turn, seconds: int) -> None:
    before = turn.fields.get("timespent")
    after = max(0, (before or 0) + seconds) or None
    turn.fields["timespent"] = after
    turn.fields["timetracking"] = {"timeSpent": _duration(after), "timeSpentSeconds": after} if after else {}
    shown = [(None, None) if value is None else (str(value), str(value)) for value in (before, after)]
    turn.note("timespent", "timespent", shown[0], shown[1])


def _duration(seconds: int) -> str:
    return f"{seconds // _HOUR}h"
