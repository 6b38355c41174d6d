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

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    Forbidden,
    JiraError,
    MissingOrForbidden,
    ScopeMissing,
)
from jira_assets.jira.site_settings import ISSUE_LINKING, TIME_TRACKING, SiteSettings
from jira_assets.raw.record import NOT_GRANTED, SWITCHED_OFF, Part

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
