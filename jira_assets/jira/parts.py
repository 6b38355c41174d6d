"""The parts of one issue that have addresses of their own: comments, worklogs, history, remote links."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, Unavailable

COMMENTS_PER_PAGE = 100
WORKLOGS_PER_PAGE = 5000
HISTORIES_PER_PAGE = 100
MAX_PAGES = 1000
_READINGS = 3  # of a list that changes under our eyes


@dataclass(frozen=True, slots=True)
class PartList:
    """All elements of a part, as Jira wrote them, and when the (first) request for them was sent."""

    elements: list[Raw]
    sent_at: datetime


class _Page(msgspec.Struct):
    """A page of any of the lists: each endpoint has its own name for the elements."""

    comments: list[Raw] | None = None
    worklogs: list[Raw] | None = None
    values: list[Raw] | None = None
    total: int | None = None

    def elements(self) -> list[Raw] | None:
        return next((each for each in (self.comments, self.worklogs, self.values) if each is not None), None)


class _Identified(msgspec.Struct):
    id: str | int | None = None


def comments(client: JiraClient, issue_id: str) -> PartList:
    """All comments of an issue. Raises ``BrokenPaging`` if Jira counts more than it sends."""
    return _whole_list(client, _path(issue_id, "comment"), COMMENTS_PER_PAGE)


def worklogs(client: JiraClient, issue_id: str) -> PartList:
    """All worklogs of an issue. Raises as ``comments`` does."""
    return _whole_list(client, _path(issue_id, "worklog"), WORKLOGS_PER_PAGE)


def histories(client: JiraClient, issue_id: str) -> PartList:
    """The history of an issue, for where ``changelog/bulkfetch`` was silent. Raises as ``comments`` does."""
    return _whole_list(client, _path(issue_id, "changelog"), HISTORIES_PER_PAGE)


def remote_links(client: JiraClient, issue_id: str) -> PartList:
    """All remote links of an issue. Jira does not page them, and sends a single object at times."""
    path = _path(issue_id, "remotelink")
    answer = client.get(path, None, Raw)
    whole = bytes(answer.value)
    is_single = whole.startswith(b"{") and isinstance(_identity(answer.value), str)
    try:
        links = [answer.value] if is_single else msgspec.json.decode(whole, type=list[Raw])
    except msgspec.DecodeError:
        raise Unavailable("GET", path, 200, "the answer is not a list of remote links.") from None
    return PartList(links, answer.sent_at)


def distinct(elements: Iterable[Raw]) -> dict[str | bytes, Raw]:
    """The elements by id, the last of each; what has no id stands for itself."""
    return {_identity(element): element for element in elements}


def array_of(elements: Iterable[Raw]) -> bytes:
    """A JSON array of the elements, each once, in the order of their numeric ids, as Jira wrote them."""
    by_id = distinct(elements)
    return b"[" + b",".join(by_id[identity] for identity in sorted(by_id, key=_by_number)) + b"]"


def _by_number(identity: str | bytes) -> tuple[int, int, str]:
    if isinstance(identity, bytes):
        return 2, 0, identity.decode(errors="replace")
    return (0, int(identity), identity) if identity.isdecimal() else (1, 0, identity)


def _identity(element: Raw) -> str | bytes:
    try:
        identity = msgspec.json.decode(element, type=_Identified).id
    except msgspec.DecodeError:
        identity = None
    return bytes(element) if identity is None else str(identity)


def _path(issue_id: str, part: str) -> str:
    return f"/rest/api/3/issue/{quote(issue_id, safe='')}/{part}"


def _whole_list(client: JiraClient, path: str, per_page: int) -> PartList:
    """Reads the list from its beginning until the distinct elements are as many as Jira counts.

    An element deleted meanwhile moves the others to earlier pages, so that one of them is seen by no request:
    then the union is short of the total, or the total has shrunk, and the list is read again.
    """
    for _ in range(_READINGS):
        elements, total, is_stable, sent_at = _read_through(client, path, per_page)
        if is_stable and len(elements) >= total:
            return PartList(list(elements.values()), sent_at)
    raise BrokenPaging("GET", path, 200, f"Jira counts {total} elements but its pages hold {len(elements)}.")


def _read_through(
    client: JiraClient, path: str, per_page: int
) -> tuple[dict[str | bytes, Raw], int, bool, datetime]:
    """One reading: the distinct elements, the last total, whether that never shrank, when it began."""
    elements: dict[str | bytes, Raw] = {}
    start_at = 0
    total = 0
    is_stable = True
    first_sent_at: datetime | None = None
    for _ in range(MAX_PAGES):
        answer = client.get(path, {"startAt": start_at, "maxResults": per_page}, _Page)
        page = answer.value.elements()
        if page is None or answer.value.total is None:
            raise Unavailable("GET", path, 200, "the answer is not a page of a list.")
        first_sent_at = first_sent_at or answer.sent_at
        elements.update(distinct(page))
        is_stable = is_stable and answer.value.total >= total
        total = answer.value.total
        start_at += len(page)
        if len(elements) >= total or start_at >= total or not page:
            return elements, total, is_stable, first_sent_at
    raise BrokenPaging("GET", path, 200, f"more than {MAX_PAGES} pages.")
