"""Somebody who is forgotten, and what is left of a value then."""

import json
from typing import Any

from jira_assets.privacy.forgotten import Forgotten, Traces
from jira_assets.privacy.redaction import Redaction

ACCOUNT = "557058:f58131cb-b67d-43c7-b30d-6b58d40bd077"
NAME = "Maria-José Núñez"
ADDRESS = "maria.nunez@example.com"
MARIA: dict[str, Any] = {
    "self": f"https://example.atlassian.net/rest/api/3/user?accountId={ACCOUNT.replace(':', '%3A')}",
    "accountId": ACCOUNT,
    "accountType": "atlassian",
    "displayName": NAME,
    "emailAddress": ADDRESS,
    "avatarUrls": {"48x48": f"https://avatars.example.com/{ACCOUNT}/48"},
    "timeZone": "Europe/Madrid",
    "active": True,
}
BOB: dict[str, Any] = {"accountId": "5b10a2844c20165700ede21g", "displayName": "Bob Builder", "active": True}


def forgotten(account_id: str = ACCOUNT, *, issues: tuple[str, ...] = (), **known: str) -> Forgotten:
    """One person, whose full name and address are known."""
    one = Forgotten(b"salt").with_account(account_id)
    names, addresses = {known.get("name", NAME)}, {known.get("address", ADDRESS)}
    return one.with_traces({one.people[0].tombstone: Traces(names, addresses, set(issues))})


FORGOTTEN = forgotten()
TOMBSTONE = FORGOTTEN.people[0].tombstone
NOBODY = {"accountId": TOMBSTONE, "accountType": "atlassian", "displayName": None, "active": False}
_redaction = Redaction(FORGOTTEN)


def redacted(value: Any, redaction: Redaction = _redaction, issue_id: str | None = None) -> Any:
    payload = json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")
    return json.loads(redaction.payload(payload, issue_id))


def document(*content: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": list(content)}]}


REMOVED = document({"type": "text", "text": "[removed]"})
