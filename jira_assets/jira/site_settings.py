"""What an administrator has switched on and off for all issues of a site."""

from jira_assets.jira.batches import TRIES
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, RateLimited, Unauthorised
from jira_assets.jira.shared import Shared

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
