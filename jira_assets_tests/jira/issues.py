"""Issues for a sandbox, as small as a test needs them."""

import zlib
from typing import Any

MONTH = "2024-01"
_PROJECT_IDS = {"SUP": "1"}


def elements(count: int, first_id: int = 1000) -> list[dict[str, Any]]:
    """Comments, worklogs or histories: whatever has an id, a time and something to say."""
    return [
        {
            "id": str(first_id + n),
            "created": f"2024-02-01T00:{n // 60:02}:{n % 60:02}.000+0000",
            "items": [],
        }
        for n in range(count)
    ]


def full_issue(
    number: int,
    *,
    project: str = "SUP",
    created: str | None = None,
    comments: int = 0,
    worklogs: int = 0,
    histories: int = 0,
    remote_links: int = 0,
    **fields: Any,
) -> dict[str, Any]:
    """A full issue, of January 2024 unless ``created`` says otherwise. Its lists are given by length."""
    created = created or f"2024-01-{number % 28 + 1:02}T10:00:00.000+0000"
    links = [
        {"id": number * 100 + n, "object": {"url": f"https://example.com/{n}", "title": str(n)}}
        for n in range(remote_links)
    ]
    named = {"key": project, "name": f"Project {project}"}
    return {
        "id": str(10_000 + number),
        "key": f"{project}-{number}",
        "self": f"https://example.atlassian.net/rest/api/3/issue/{10_000 + number}",
        "fields": {
            "created": created,
            "updated": "2024-03-01T10:00:00.123+0000",
            "project": {"id": _PROJECT_IDS.get(project) or str(zlib.crc32(project.encode())), **named},
            "summary": f"Issue {number}",
            "comment": {"comments": elements(comments)},
            "worklog": {"worklogs": elements(worklogs)},
            **fields,
        },
        "changelog": {"histories": elements(histories)},
        "remotelinks": links,
    }
