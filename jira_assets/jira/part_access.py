"""Which parts can be read at all: a site's setting or an account's right is no failure of each issue.

A part is withheld from all issues when one of these says so:

* the site's settings (``GET configuration``): then it is not asked for;
* the gateway, that the token lacks the scope;
* the endpoint itself, in words such as "Time Tracking is not enabled.": for the project of the issue, because
  projects have settings of their own, and for all once three projects, and no issue so far, say so;
* the endpoint, by 403 without such words, for ten issues of several projects or 25 of one, and for none not.
  A single issue that may not be seen is a failure of its own.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock

from jira_assets.jira.batches import TRIES
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    Forbidden,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    ScopeMissing,
    Unauthorised,
)
from jira_assets.jira.shared import Shared
from jira_assets.raw.record import NOT_GRANTED, SWITCHED_OFF, Part

_CONFIGURATION = "/rest/api/3/configuration"

ISSUE_LINKING = "issue linking"
TIME_TRACKING = "time tracking"

_SETTINGS = {
    "issueLinkingEnabled": ISSUE_LINKING,
    "timeTrackingEnabled": TIME_TRACKING,
    "attachmentsEnabled": "attachments",
    "votingEnabled": "voting",
    "watchingEnabled": "watching",
}


class SiteSettings:
    """The settings of one client's site, asked for once; to be had from ``JiraClient.kept``."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._off = Shared(self._ask)

    def is_off(self, setting: str) -> bool:
        """Whether Jira says that this is off. Where it doesn't tell, nothing is."""
        return setting in self._off.get()

    def _ask(self) -> frozenset[str]:
        try:
            return switched_off(self._client)
        except (Unauthorised, RateLimited):
            raise
        except JiraError:
            return frozenset()  # then the parts' own endpoints tell


def switched_off(client: JiraClient) -> frozenset[str]:
    """What is switched off, from ``GET configuration``. Raises ``JiraError``.

    Source: developer.atlassian.com/cloud/jira/platform/rest/v3, "Get global settings".
    """
    answer = client.get(_CONFIGURATION, None, dict[str, object], tries=TRIES)
    return frozenset(name for field, name in _SETTINGS.items() if answer.value.get(field) is False)


_SETTING_OF = {Part.REMOTE_LINKS: ISSUE_LINKING, Part.WORKLOGS: TIME_TRACKING}
_NAMED = {
    Part.REMOTE_LINKS: re.compile(r"\blink", re.IGNORECASE),
    Part.WORKLOGS: re.compile(r"time.?tracking|work.?log", re.IGNORECASE),
}
_OFF = re.compile(
    r"\b(disabled|deactivated|inactive|(not|isn't|aren't) (currently )?(enabled|active|available)"
    r"|(turned|switched) off|is off)\b",
    re.IGNORECASE,
)
_PROJECTS = 3
_ISSUES, _ISSUES_OF_ONE_PROJECT = 10, 25


@dataclass(slots=True)
class _Heard:
    """What the endpoint of one part has said, about which projects and issues."""

    is_readable: bool = False
    reason: str | None = None
    off: set[str] = field(default_factory=set)
    refused: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class PartAccess:
    """What one client has found out about the parts; to be had from ``JiraClient.kept``.

    Safe to share between threads.
    """

    def __init__(self, client: JiraClient) -> None:
        self._settings = client.kept(SiteSettings)
        self._lock = Lock()
        self._heard: dict[Part, _Heard] = defaultdict(_Heard)

    def withheld(self, part: Part, key: str) -> str | None:
        """Why this part of an issue is not to be asked for; None if it is. Raises ``Unauthorised``."""
        setting = _SETTING_OF.get(part)
        if setting is not None and self._settings.is_off(setting):
            return f"{SWITCHED_OFF}: {setting}"
        with self._lock:
            heard = self._heard[part]
            if heard.reason is None and _project(key) in heard.off:
                return f"{SWITCHED_OFF}: {setting}"
            return heard.reason

    def succeeded(self, part: Part) -> None:
        """Notes that a part of some issue was read."""
        with self._lock:
            self._heard[part].is_readable = True

    def refused(self, part: Part, key: str, error: JiraError) -> None:
        """Notes why a part of an issue could not be read: ``withheld`` tells what that means."""
        with self._lock:
            heard = self._heard[part]
            if isinstance(error, ScopeMissing):
                heard.reason = f"{NOT_GRANTED}: {error.without_reason}"
            elif _says_off(part, error):
                heard.off.add(_project(key))
                if not heard.is_readable and len(heard.off) >= _PROJECTS:
                    heard.reason = f"{SWITCHED_OFF}: {_SETTING_OF[part]}"
            elif isinstance(error, Forbidden) and not heard.is_readable:
                heard.refused[_project(key)].add(key)
                issues, projects = sum(map(len, heard.refused.values())), len(heard.refused)
                if issues >= (_ISSUES if projects > 1 else _ISSUES_OF_ONE_PROJECT):
                    heard.reason = f"{NOT_GRANTED}: {error.status} for {part} of every issue"


def _says_off(part: Part, error: JiraError) -> bool:
    named = _NAMED.get(part)
    is_refusal = isinstance(error, (BadQuery, Forbidden, MissingOrForbidden))
    return is_refusal and named is not None and bool(named.search(error.reason) and _OFF.search(error.reason))


def _project(key: str) -> str:
    return key.rpartition("-")[0]
