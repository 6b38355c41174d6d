"""One authenticated request on its way to a handler, and the answers a handler can give."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from jira_assets.sandbox.accounts import Account, Accounts
from jira_assets.sandbox.children import Children
from jira_assets.sandbox.searches import Searches
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.stored import StoredIssue
from jira_assets.sandbox.tokens import PageTokens

Body = TypeVar("Body", bound=msgspec.Struct)

MISSING_ISSUE = "Issue does not exist or you do not have permission to see it."
BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."


class RefusedError(Exception):
    """An answer other than success, with Jira's error body (or another one, where Jira's differs)."""

    def __init__(
        self, status: int, message: str = "", *, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errorMessages": [message], "errors": {}} if body is None else body
        self.headers = headers or {}


def bad_payload() -> RefusedError:
    """What Jira says of a body or a parameter that it cannot read; recorded without ``errors``."""
    return RefusedError(400, body={"errorMessages": [BAD_PAYLOAD]})


@dataclass(slots=True)
class Answer:
    """A successful answer; ``body`` is JSON unless a content type says otherwise.

    A long body is ``pieces``, made while they are sent; then a header tells how long it is.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterator[bytes] | None = None


def json_answer(value: Any) -> Answer:
    return Answer(msgspec.json.encode(value))


@dataclass(slots=True)
class Sandbox:
    """What all handlers share. ``changelog_created`` is how changelog/bulkfetch writes ``created``:
    ``milliseconds``, ``seconds`` (where exact), ``digits`` (milliseconds as text) or ``iso``.
    ``knows_ranges`` is whether the media host sends parts of files; where it does not, it sends all."""

    site: Site
    accounts: Accounts
    url: str = ""
    media_url: str = ""
    changelog_created: str = "milliseconds"
    knows_ranges: bool = True
    tokens: PageTokens = field(default_factory=PageTokens)
    searches: Searches = field(default_factory=Searches)
    children: Children = field(default_factory=Children)


@dataclass(slots=True)
class Call:
    """A request as handlers see it."""

    sandbox: Sandbox
    account: Account
    path: dict[str, str]
    query: dict[str, list[str]]
    body: bytes
    headers: dict[str, str]

    @property
    def site(self) -> Site:
        return self.sandbox.site

    def decode(self, body: type[Body]) -> Body:
        """The JSON body. Unknown properties and wrong types are refused, as Jira does."""
        try:
            return msgspec.json.decode(self.body, type=body)
        except msgspec.DecodeError as error:
            raise bad_payload() from error

    def check_parameters(self, allowed: Collection[str]) -> None:
        """Refuse parameters that the operation does not have, and repetitions that cannot be meant."""
        if not self.query.keys() <= set(allowed):
            raise bad_payload()

    def text(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def texts(self, name: str) -> list[str]:
        """An array parameter, repeated or as a comma list."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        value = self.text(name, "false").lower()
        if value not in {"true", "false"}:
            raise bad_payload()
        return value == "true"

    def number(self, name: str, default: int) -> int:
        """An integer parameter that is not negative."""
        value = self.text(name, str(default))
        if not value.isdigit():
            raise bad_payload()
        return int(value)

    def issue(self) -> StoredIssue:
        """The issue in the path; 404 whether it is missing or hidden, as Jira does not tell which."""
        found = self.find(self.path["issue"])
        if found is None:
            raise RefusedError(404, MISSING_ISSUE)
        return found

    def find(self, id_or_key: str) -> StoredIssue | None:
        """An issue as reads by id see it at this moment; None if it is missing or hidden."""
        found = self.site.readable().find(id_or_key)
        return found if found is not None and self.sees(found) else None

    def sees(self, issue: StoredIssue) -> bool:
        account = self.account
        in_sight = account.projects is None or issue.project in account.projects
        return in_sight and (account.sees_secured or not issue.secured)
