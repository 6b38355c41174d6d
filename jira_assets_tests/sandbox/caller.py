"""A plain HTTP client for tests of the sandbox, and small issues to put into it."""

import json
from typing import Any

import requests

from jira_assets.sandbox.accounts import Account
from jira_assets.sandbox.server import RunningSandbox

JANUARY = "2026-01-31T23:30:00.123-0800"


class Caller:
    """Calls ``/rest/api/3`` as an account; the site's own by default."""

    def __init__(self, running: RunningSandbox, account: Account | None = None, base_url: str = "") -> None:
        account = account or running.account
        self._base = (base_url or running.url) + "/rest/api/3"
        self._session = requests.Session()
        self._session.auth = (account.email, account.token)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self._session.get(self._base + path, params=query, timeout=10, allow_redirects=False)

    def post(self, path: str, body: Any) -> requests.Response:
        return self._session.post(self._base + path, data=json.dumps(body), timeout=10)

    def search(self, jql: str, **body: Any) -> list[dict[str, Any]]:
        """The issues of one page."""
        response = self.post("/search/jql", {"jql": jql, **body})
        assert response.status_code == 200, response.text
        issues: list[dict[str, Any]] = response.json()["issues"]
        return issues

    def keys(self, jql: str) -> list[str]:
        return [issue["key"] for issue in self.search(jql, fields=["key"])]


def issue(number: int, of: str = "APP", **fields: Any) -> dict[str, Any]:
    """A small full issue APP-<number> with id 10000 + number, created in that minute of 2026."""
    moment = f"2026-01-01T00:{number % 60:02d}:00.000+0000"
    basics = {
        "summary": f"Issue {number}",
        "created": moment,
        "updated": moment,
        "project": {"id": "1", "key": of, "name": of},
        "status": {"name": "Open", "statusCategory": {"key": "new", "name": "To Do"}},
    }
    return {"id": str(10_000 + number), "key": f"{of}-{number}", "fields": basics | fields}


def comment(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "created": f"2026-02-01T00:00:00.{number % 1000:03d}+0000",
        "body": f"c{number}",
    }


def history(number: int, moment: str = "2026-02-01T00:00:00.000+0000") -> dict[str, Any]:
    item = {"field": "summary", "fieldId": "summary", "fromString": "a", "toString": "b"}
    return {"id": str(number), "created": moment, "items": [item]}


def errors(response: requests.Response) -> tuple[int, list[str]]:
    """(status, messages) of a refusal."""
    return response.status_code, response.json()["errorMessages"]
