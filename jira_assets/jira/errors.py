"""What can go wrong between us and Jira, by what to do about it.

No message holds a credential, a query string or a signed address: these errors end up in logs and in the UI.
"""

import html
import re
from typing import ClassVar

import msgspec

_LONGEST_MESSAGE = 400  # characters
_LONGEST_BODY = 65_536  # bytes of a body that is not JSON
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_QUERY_OF_ADDRESS = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*", re.IGNORECASE)
_USER_OF_ADDRESS = re.compile(r"(https?://)[^\s/@\"'<>]*@", re.IGNORECASE)


class JiraError(Exception):
    """A request that Jira did not answer as asked.

    ``status`` is the HTTP status, None where there was no answer; ``reason`` is Jira's own message or what
    happened on the way; ``advice`` says what to do.
    """

    advice: ClassVar[str] = "Look at Jira's message."
    reason_is_ours: ClassVar[bool] = False

    def __init__(self, method: str, path: str, status: int | None, reason: str) -> None:
        super().__init__(method, path, status, reason)
        self.method = method
        self.path = path
        self.status = status
        self.reason = reason

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.advice

    @property
    def without_reason(self) -> str:
        """What happened, without Jira's words: those may quote names and texts of the site."""
        is_ours = self.status is None or self.reason_is_ours
        answered = self.reason if is_ours else f"{self.status}."
        return f"{self.method} {self.path}: {answered} {self.remedy}"

    def __str__(self) -> str:
        status = "" if self.status is None else f"{self.status}, "
        return f"{self.method} {self.path}: {status}{self.reason} {self.remedy}"


class Unauthorised(JiraError):
    """401, or Jira's word that it did not accept the credential. Nothing more is sent with it.

    ``is_login_refused`` is whether that word was given: without it, a 401 may be an accident.
    """

    is_login_refused = False
    advice = (
        "The token is wrong, revoked or expired, or belongs to another address than JIRA_EMAIL: create one "
        "at https://id.atlassian.com/manage-profile/security/api-tokens. A token with scopes works only "
        "through the gateway: set JIRA_CLOUD_ID. After many wrong attempts, sign in once with a browser."
    )


class Forbidden(JiraError):
    """403: the account is known but may not do this."""

    advice = "Give the account permission to browse the project, and the token the scope read:jira-work."


class ScopeMissing(Forbidden):
    """The token is good, and lacks the scope for one endpoint. Whatever needs others goes on."""

    @property
    def remedy(self) -> str:
        """Which scope to give: those of https://developer.atlassian.com/cloud/jira/platform/rest/v3."""
        scope = "read:jira-user" if self.path.endswith("/myself") else "read:jira-work"
        return (
            f"The token lacks a scope: make one with {scope}, or, if yours has granular scopes, with those "
            f"that Atlassian's documentation of the REST API names for {self.method} {self.path}."
        )


class MissingOrForbidden(JiraError):
    """404: Jira does not tell what is missing from what the account may not see."""

    advice = (
        "Check that it exists and that the account may see it; if everything is missing, check JIRA_CLOUD_ID."
    )


class Gone(JiraError):
    """410: Atlassian has removed this part of the API."""

    advice = "This version of jira_assets is too old for the site: update it."


class BadQuery(JiraError):
    """400 or another plain 4xx: the request itself is at fault, so repeating it cannot help."""

    advice = "Check JIRA_PROJECTS and the site address; otherwise this is a defect of jira_assets."


class RateLimited(JiraError):
    """429, still, after waiting as long as one call may."""

    advice = "Run this again later; what was fetched before is kept."


class Unavailable(JiraError):
    """5xx, a timeout, a broken connection or an unreadable answer, still, after several tries."""

    advice = (
        "Check https://status.atlassian.com and the network, then run this again; what was fetched is kept."
    )


class TooLarge(Unavailable):
    """An answer has more bytes than may be held. Not tried again: it is asked for in smaller pieces."""

    reason_is_ours = True
    advice = (
        "Nothing smaller can be asked for: look at it in Jira. If it is right, raise JIRA_MAX_ANSWER_MB, as "
        "far as there is memory."
    )


class UnreadablePage(Unavailable):
    """A page of a search, down to a single issue, though the search itself works: an issue is at fault."""

    advice = "Look at the issue that follows those that were read, and report it to Atlassian."


class Redirected(JiraError):
    """3xx: the API is elsewhere. Not followed, because the credential belongs to the configured host only."""

    advice = "Set JIRA_DOMAIN (or JIRA_BASE_URL) to the site's own address."


class BrokenPaging(JiraError):
    """Jira's pages do not come to an end, or hold less than Jira itself counts."""

    reason_is_ours = True
    advice = "Run this again; if it persists, report it to Atlassian with this message."


class ProjectsNotVisible(JiraError):
    """A project cannot be seen, from the start or any more: Jira would send empty pages instead of errors."""

    advice = (
        "Check the spelling of the keys in JIRA_PROJECTS and the account's permission to browse the projects."
    )


class NoProjectVisible(ProjectsNotVisible):
    """Nothing is left to be copied: what else is asked would be answered with nothing."""


def kind_of_status(status: int) -> type[JiraError]:
    """Which error an HTTP status is."""
    if 300 <= status < 400:
        return Redirected
    if status >= 500 or status in (408, 425):
        return Unavailable
    kinds: dict[int, type[JiraError]] = {
        401: Unauthorised,
        403: Forbidden,
        404: MissingOrForbidden,
        410: Gone,
        429: RateLimited,
    }
    return kinds.get(status, BadQuery)


def lacks_scope(status: int, message: str) -> bool:
    """Whether the gateway refuses one endpoint to a good token ("Unauthorized; scope does not match")."""
    return status in (401, 403) and "scope does not match" in message.lower()


def message_of(body: bytes) -> str:
    """Jira's own words in the body of an error, as they are: ``one_line`` makes them fit to be shown.

    Reads the shapes of the platform (errorMessages, errors), of Service Management (errorMessage,
    i18nErrorMessage), of the gateway (message, error) and, failing these, plain text or HTML.
    """
    try:
        found = _words_of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = [body[:_LONGEST_BODY].decode(errors="replace")]
    return " ".join(found) or "no message"


def one_line(text: str) -> str:
    """``text`` fit for a log: without markup, line breaks and private parts of addresses, and not long."""
    text = html.unescape(_MARKUP.sub(" ", text))
    text = _USER_OF_ADDRESS.sub(r"\1", _QUERY_OF_ADDRESS.sub(r"\1", text))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) > _LONGEST_MESSAGE:
        return f"{text[:_LONGEST_MESSAGE]}…"
    return text if not text or text[-1] in ".!?" else f"{text}."


def _words_of(decoded: object) -> list[str]:
    if not isinstance(decoded, dict):
        return [decoded] if isinstance(decoded, str) else []
    for name in ("errorMessages", "errorMessage", "message", "i18nErrorMessage", "error"):
        words = decoded.get(name)
        candidates = words if isinstance(words, list) else [words]
        found = [word for word in candidates if isinstance(word, str) and word]
        by_field = decoded.get("errors") if name == "errorMessages" else None
        if isinstance(by_field, dict):
            found += [f"{field}: {problem}" for field, problem in by_field.items()]
        if found:
            return found
    return []
