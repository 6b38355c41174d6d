"""The comments, worklogs, attachments and remote links of a generated issue."""

import random
from typing import Any

from jira_assets.sandbox.documents import Node, plain_document, random_document, sentence
from jira_assets.sandbox.people import BASE_URL, someone, someone_or_nobody
from jira_assets.sandbox.plan import Outline
from jira_assets.sandbox.times import iso

_FIRST_COMMENT = 400_000_000
_FIRST_WORKLOG = 500_000_000
_FIRST_ATTACHMENT = 600_000
_IDS_PER_ISSUE = 512
_ATTACHMENTS_PER_ISSUE = 8
_HOUR = 3_600_000
_FILES = (
    ("screen shot.png", "image/png"),
    ("Протокол ошибок.log", "text/plain"),
    ("../../etc/passwd", "text/plain"),
)
_APPLICATIONS: tuple[dict[str, str], ...] = (
    {"type": "com.atlassian.confluence", "name": "Confluence"},
    {"type": "com.github.integration", "name": "GitHub"},
    {},
)


def comments(rng: random.Random, outline: Outline, count: int, until: int) -> list[dict[str, Any]]:
    """``count`` comments, oldest first; in a service desk some are internal notes."""
    moments = sorted(rng.randint(outline.created, until) for _ in range(count))
    return [_comment(rng, outline, number, moment) for number, moment in enumerate(moments)]


def worklogs(rng: random.Random, outline: Outline, count: int, until: int) -> list[dict[str, Any]]:
    moments = sorted(rng.randint(outline.created, until) for _ in range(count))
    return [_worklog(rng, outline, number, moment) for number, moment in enumerate(moments)]


def attachments(rng: random.Random, outline: Outline, count: int, until: int) -> list[dict[str, Any]]:
    moments = sorted(rng.randint(outline.created, until) for _ in range(count))
    return [_attachment(rng, outline, number, moment) for number, moment in enumerate(moments)]


def remote_links(rng: random.Random, outline: Outline, count: int) -> list[dict[str, Any]]:
    """``count`` remote links; only id, self, and the object's url and title are always there."""
    return [_remote_link(rng, outline, number) for number in range(count)]


def _comment(rng: random.Random, outline: Outline, number: int, moment: int) -> dict[str, Any]:
    comment_id = str(_FIRST_COMMENT + outline.place * _IDS_PER_ISSUE + number)
    comment: dict[str, Any] = {
        "self": f"{BASE_URL}/rest/api/3/issue/{outline.id}/comment/{comment_id}",
        "id": comment_id,
    }
    author = someone_or_nobody(rng)
    edited = rng.random() < 0.2
    if author is not None:
        comment |= {"author": author, "updateAuthor": someone(rng) if edited else author}
    comment["body"] = _body(rng)
    comment["created"] = iso(moment, outline.offset_minutes)
    comment["updated"] = iso(moment + _HOUR if edited else moment, outline.offset_minutes)
    if rng.random() < 0.03:
        comment["visibility"] = {"type": "role", "value": "Administrators", "identifier": "10002"}
    comment["jsdPublic"] = outline.project.kind != "service_desk" or rng.random() < 0.7
    return comment


def _body(rng: random.Random) -> Node:
    if rng.random() < 0.02:
        return plain_document("before\x00after 👩‍👩‍👧‍👦")
    return random_document(rng, rng.randint(1, 3))


def _worklog(rng: random.Random, outline: Outline, number: int, moment: int) -> dict[str, Any]:
    worklog_id = str(_FIRST_WORKLOG + outline.place * _IDS_PER_ISSUE + number)
    hours = rng.randint(1, 8)
    worklog: dict[str, Any] = {"self": f"{BASE_URL}/rest/api/3/issue/{outline.id}/worklog/{worklog_id}"}
    author = someone_or_nobody(rng)
    if author is not None:
        worklog |= {"author": author, "updateAuthor": author}
    if rng.random() < 0.6:
        worklog["comment"] = plain_document(sentence(rng))
    return worklog | {
        "created": iso(moment, outline.offset_minutes),
        "updated": iso(moment, outline.offset_minutes),
        "started": iso(moment - hours * _HOUR, outline.offset_minutes),
        "timeSpent": f"{hours}h",
        "timeSpentSeconds": hours * 3600,
        "id": worklog_id,
        "issueId": outline.id,
    }


def _attachment(rng: random.Random, outline: Outline, number: int, moment: int) -> dict[str, Any]:
    attachment_id = str(_FIRST_ATTACHMENT + outline.place * _ATTACHMENTS_PER_ISSUE + number)
    filename, mime_type = rng.choice(_FILES)
    attachment: dict[str, Any] = {
        "self": f"{BASE_URL}/rest/api/3/attachment/{attachment_id}",
        "id": attachment_id,
        "filename": filename,
    }
    author = someone_or_nobody(rng)
    if author is not None:
        attachment["author"] = author
    attachment |= {
        "created": iso(moment, outline.offset_minutes),
        "size": rng.randint(0, 200_000),
        "mimeType": mime_type,
        "content": f"{BASE_URL}/rest/api/3/attachment/content/{attachment_id}",
    }
    if mime_type == "image/png":
        attachment["thumbnail"] = f"{BASE_URL}/rest/api/3/attachment/thumbnail/{attachment_id}"
    return attachment


def _remote_link(rng: random.Random, outline: Outline, number: int) -> dict[str, Any]:
    link_id = 700_000 + outline.place * _ATTACHMENTS_PER_ISSUE + number
    title = sentence(rng, 2, 6) if rng.random() < 0.9 else "A very long title, " * 20
    link: dict[str, Any] = {
        "id": link_id,
        "self": f"{BASE_URL}/rest/api/3/issue/{outline.key}/remotelink/{link_id}",
        "application": rng.choice(_APPLICATIONS),
        "object": {
            "url": f"https://example.com/{rng.randint(1, 9999)}?{'q' * rng.choice((3, 3, 900))}",
            "title": title,
        },
    }
    if rng.random() < 0.7:
        link["globalId"] = f"system=https://example.com&id={link_id}"
    if rng.random() < 0.7:
        link["relationship"] = rng.choice(("mentioned on", "causes", "Wiki Page"))
    if rng.random() < 0.5:
        link["object"]["status"] = {"resolved": rng.random() < 0.5, "icon": {}}
    return link
