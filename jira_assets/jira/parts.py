"""The parts of one issue that have addresses of their own: comments, worklogs, history, remote links."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, TooLarge, Unavailable

COMMENTS_PER_PAGE = 100
WORKLOGS_PER_PAGE = 5000
HISTORIES_PER_PAGE = 100
MAX_PAGES = 1000
_READINGS = 3  # of a list that changes under our eyes


@dataclass(frozen=True, slots=True)
class PartList:
    """The elements of a part, as Jira wrote them, and when the (first) request for them was sent.

    Each is there once. What Jira repeated, and so counts more than once, is in ``repeated``.
    """

    elements: list[Raw]
    sent_at: datetime
    repeated: Sequence[Raw] = ()

    @property
    def payload(self) -> bytes:
        """A JSON array of all, what is repeated at its end."""
        payload = array_of(self.elements)
        return payload[:-1] + b"".join(b"," + element for element in self.repeated) + b"]"


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


def comments(client: JiraClient, issue_id: str, shown: Sequence[Raw] = ()) -> PartList:
    """The comments of an issue that Jira shows, which may be fewer than it counts.

    ``shown`` are those that came inside the issue. Raises ``BrokenPaging`` if they change while they are
    read, time and again, or if none are there although some were shown.
    """
    return _whole_list(client, _path(issue_id, "comment"), COMMENTS_PER_PAGE, shown)


def worklogs(client: JiraClient, issue_id: str, shown: Sequence[Raw] = ()) -> PartList:
    """The worklogs of an issue. Takes and raises what ``comments`` does."""
    return _whole_list(client, _path(issue_id, "worklog"), WORKLOGS_PER_PAGE, shown)


def histories(client: JiraClient, issue_id: str, shown: Sequence[Raw] = ()) -> PartList:
    """The history of an issue, for where ``changelog/bulkfetch`` was silent. As ``comments``."""
    return _whole_list(client, _path(issue_id, "changelog"), HISTORIES_PER_PAGE, shown)


def remote_links(client: JiraClient, issue_id: str, shown: Sequence[Raw] = ()) -> PartList:
    """All remote links of an issue. Jira does not page them, and sends a single object at times."""
    del shown  # none ever are
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


def by_id(elements: Iterable[Raw]) -> dict[str | bytes, list[Raw]]:
    """The elements by id, all of each."""
    found: dict[str | bytes, list[Raw]] = {}
    for element in elements:
        found.setdefault(_identity(element), []).append(element)
    return found


def array_of(elements: Iterable[Raw]) -> bytes:
    """A JSON array of the elements, each once, in the order of their numeric ids, as Jira wrote them."""
    found = distinct(elements)
    return b"[" + b",".join(found[identity] for identity in sorted(found, key=_by_number)) + b"]"


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


@dataclass(slots=True)
class _Reading:
    """The pages of a list, read from its beginning: ``sent`` counts what is repeated, too."""

    sent_at: datetime
    elements: dict[str | bytes, Raw] = field(default_factory=dict)
    repeated: list[Raw] = field(default_factory=list)
    sent: int = 0
    total: int = 0
    is_stable: bool = True  # the total never shrank

    @property
    def is_whole(self) -> bool:
        return self.is_stable and len(self.elements) >= self.total

    def is_like(self, other: "_Reading") -> bool:
        return self.is_stable and self.total == other.total and self.elements.keys() == other.elements.keys()


def _whole_list(client: JiraClient, path: str, per_page: int, shown: Sequence[Raw]) -> PartList:
    """Reads the list from its beginning until the distinct elements are as many as Jira counts.

    An element deleted meanwhile moves the others to earlier pages, so that one of them is seen by no request:
    then the union is short of the total, or the total has shrunk, and the list is read again. If that brings
    the same, it is not for a change that it is short: Jira counts a repeated element twice, or one that
    nobody is shown.
    """
    before: _Reading | None = None
    for _ in range(_READINGS):
        reading = _read_through(client, path, per_page)
        if reading.is_whole or (before is not None and reading.is_like(before)):
            return _as_read(path, reading, shown)
        before = reading
    raise _short(path, reading.total, len(reading.elements))


def _as_read(path: str, reading: _Reading, shown: Sequence[Raw]) -> PartList:
    elements = reading.elements
    if shown and not elements:
        raise _short(path, reading.total, 0)  # it is not the list that is empty
    all_were_sent = reading.sent >= reading.total > len(elements)
    repeated = reading.repeated if all_were_sent else ()
    return PartList(list(elements.values()), reading.sent_at, repeated)


def _short(path: str, total: int, held: int) -> BrokenPaging:
    return BrokenPaging("GET", path, 200, f"Jira counts {total} elements but its pages hold {held}.")


def _read_through(client: JiraClient, path: str, per_page: int) -> _Reading:
    reading: _Reading | None = None
    for _ in range(MAX_PAGES):
        start_at = reading.sent if reading else 0
        try:
            answer = client.get(path, {"startAt": start_at, "maxResults": per_page}, _Page)
        except TooLarge:
            if per_page == 1:
                raise
            per_page //= 2
            continue
        page, total = answer.value.elements(), answer.value.total
        if page is None or total is None:
            raise Unavailable("GET", path, 200, "the answer is not a page of a list.")
        reading = reading or _Reading(answer.sent_at)
        for element in page:
            identity = _identity(element)
            if identity in reading.elements:
                reading.repeated.append(element)
            reading.elements[identity] = element
        reading.is_stable = reading.is_stable and total >= reading.total
        reading.total = total
        reading.sent += len(page)
        if len(reading.elements) >= total or reading.sent >= total or not page:
            return reading
    raise BrokenPaging("GET", path, 200, f"more than {MAX_PAGES} pages.")
