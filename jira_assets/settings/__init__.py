"""The one place that reads configuration and secrets: the environment, over `.env` in the working directory.

Loading never fails, so the code location always loads. A value is validated when it is asked for, and a
missing or malformed one then raises a ``SettingsError`` that names the variable and says what to do about it.
"""

import re
from datetime import date
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from jira_assets import clock
from jira_assets.settings.copy_settings import CopySettings
from jira_assets.settings.environment import SettingsError, read_variables, shown

DEFAULT_START_MONTH = "2015-01"

_ACCOUNT_PAGE = "https://id.atlassian.com/manage-profile/security/api-tokens"
_DOMAIN_HELP = "Set it to the host name in your browser's address bar, e.g. your-company.atlassian.net"
_CLOUD_ID_HELP = "Open https://<your site>/_edge/tenant_info in a browser and copy the value of cloudId"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_GATEWAY_HOST = "api.atlassian.com"

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]+")
_MONTH = re.compile(r"(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])", re.ASCII)


class Settings(CopySettings):
    """Typed, validated access to the ``VARIABLES``. Every attribute may raise ``SettingsError``."""

    __slots__ = ()

    @classmethod
    def load(cls) -> "Settings":
        """Reads the environment, and `.env` in the working directory for what the environment leaves out."""
        return cls(*read_variables(Path(".env")))

    def with_values(self, **values: str) -> "Settings":
        """These settings with some variables replaced; a blank value unsets one."""
        return Settings({**self._values, **values}, self._unreadable)

    @property
    def domain(self) -> str:
        """The site's host name, e.g. ``your-company.atlassian.net``; an address from a browser will do."""
        value = self._required("JIRA_DOMAIN", _DOMAIN_HELP)
        url = _split("JIRA_DOMAIN", value if "://" in value else f"https://{value}", _DOMAIN_HELP)
        host = url.hostname or ""
        pasted_from_browser = host.endswith(".atlassian.net")
        if host == _GATEWAY_HOST:
            problem = "is the API gateway, which every site shares"
            raise SettingsError(
                "JIRA_DOMAIN", problem, f"{_DOMAIN_HELP}, and put the cloud id into JIRA_CLOUD_ID"
            )
        if not _HOST.fullmatch(host) or url.port or (url.path.strip("/") and not pasted_from_browser):
            raise SettingsError("JIRA_DOMAIN", f"is {shown(value)}, which is not a host name", _DOMAIN_HELP)
        return host

    @property
    def base_url(self) -> str:
        """The address of the site without a trailing slash: JIRA_BASE_URL, or https:// and the domain."""
        value = self._optional("JIRA_BASE_URL")
        if value is None:
            return f"https://{self.domain}"
        remedy = "Set it to an address such as https://jira.example.com, or unset it and set JIRA_DOMAIN"
        url = _split("JIRA_BASE_URL", value, remedy)
        if not url.hostname or url.query or url.fragment:
            raise SettingsError(
                "JIRA_BASE_URL", f"is {shown(value)}, which is not the address of a site", remedy
            )
        if url.hostname == _GATEWAY_HOST:
            remedy = "Unset it; set JIRA_DOMAIN to the site and JIRA_CLOUD_ID to its cloud id"
            raise SettingsError("JIRA_BASE_URL", "is the API gateway, not a site", remedy)
        if url.scheme == "http" and url.hostname not in _LOOPBACK:
            problem = f"would send the token in the clear to {shown(url.hostname)}"
            raise SettingsError(
                "JIRA_BASE_URL", problem, "Use https://; http:// is only for 127.0.0.1 and localhost"
            )
        return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"

    @property
    def email(self) -> str | None:
        """The account's e-mail address; None for a service account, whose token is a Bearer token."""
        return self._email("JIRA_EMAIL")

    @property
    def api_token(self) -> str:
        """The API token, a secret."""
        remedy = f"Create a token at {_ACCOUNT_PAGE} and put it into the environment or into .env"
        self._required("JIRA_API_TOKEN", remedy)
        return self._secret("JIRA_API_TOKEN") or ""

    @property
    def has_api_token(self) -> bool:
        """Whether there is one, be it well formed or not."""
        return self._optional("JIRA_API_TOKEN") is not None

    @property
    def cloud_id(self) -> str | None:
        """The site's UUID; where it is set, requests go through the gateway, as scoped tokens require."""
        value = self._optional("JIRA_CLOUD_ID")
        if value is not None and not _UUID.fullmatch(value.lower()):
            raise SettingsError("JIRA_CLOUD_ID", f"is {shown(value)}, which is not a UUID", _CLOUD_ID_HELP)
        return value and value.lower()

    @property
    def projects(self) -> tuple[str, ...]:
        """Keys of the projects to copy, in the order given, each once. Empty means every visible project."""
        keys = [key for key in re.split(r"[\s,;]+", self._optional("JIRA_PROJECTS") or "") if key]
        for key in keys:
            if not _PROJECT_KEY.fullmatch(key):
                remedy = (
                    "List keys as in the numbers of issues (SUP for SUP-123), separated by commas: SUP,ENG"
                )
                raise SettingsError(
                    "JIRA_PROJECTS", f"contains {shown(key)}, which is not a project key", remedy
                )
        return tuple(dict.fromkeys(keys))

    @property
    def start_month(self) -> str:
        """The first month (``YYYY-MM``, UTC) that has a partition; 2015-01 unless set."""
        value = self._optional("JIRA_START_MONTH") or DEFAULT_START_MONTH
        remedy = "Set it to the month in which the oldest issue was created, e.g. 2019-07"
        if not _MONTH.fullmatch(value):
            raise SettingsError(
                "JIRA_START_MONTH", f"is {shown(value)}, which is not a month (YYYY-MM)", remedy
            )
        if value > clock.now().strftime("%Y-%m"):
            raise SettingsError("JIRA_START_MONTH", f"is {shown(value)}, which is in the future", remedy)
        return value

    @property
    def sla_email(self) -> str | None:
        """The account that reads SLAs, where that is not the main one."""
        return self._email("JIRA_SLA_EMAIL")

    @property
    def sla_api_token(self) -> str | None:
        """The token of the account that reads SLAs, a secret."""
        return self._secret("JIRA_SLA_API_TOKEN")

    @property
    def oauth_client_id(self) -> str | None:
        """The id of a service account's OAuth credential, where one is used instead of a token."""
        return self._optional("JIRA_OAUTH_CLIENT_ID")

    @property
    def oauth_client_secret(self) -> str | None:
        """Its secret."""
        return self._secret("JIRA_OAUTH_CLIENT_SECRET")

    @property
    def token_expires(self) -> date | None:
        """The last day of the API token, which Jira doesn't tell."""
        value = self._optional("JIRA_TOKEN_EXPIRES")
        try:
            return None if value is None else date.fromisoformat(value)
        except ValueError as error:
            remedy = f"Set it to the date that {_ACCOUNT_PAGE} shows, as 2027-05-31"
            raise SettingsError("JIRA_TOKEN_EXPIRES", f"is {shown(value or '')}", remedy) from error

    @property
    def alert_url(self) -> str | None:
        """Where alerts are posted to, a secret; None if nowhere."""
        value = self._optional("JIRA_ALERT_URL")
        if value is not None:
            _split(
                "JIRA_ALERT_URL",
                value,
                "Set it to the address of an incoming webhook, of Slack's for example",
            )
        return value

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What a webhook may be signed with: two secrets while one replaces the other, none if not set."""
        names = ("JIRA_WEBHOOK_SECRET", "JIRA_WEBHOOK_SECRET_PREVIOUS")
        return tuple(secret for name in names if (secret := self._optional(name)) is not None)


def _split(variable: str, value: str, remedy: str) -> SplitResult:
    """Splits an http(s) address; the port is checked too, because reading it is what raises."""
    try:
        url = urlsplit(value)
        well_formed = url.scheme in ("http", "https") and url.port != 0 and not re.search(r"\s", value)
    except ValueError:
        well_formed = False
    if not well_formed:
        raise SettingsError(variable, f"is {shown(value)}, which is not an address", remedy)
    if "@" in url.netloc:
        problem = "contains a user name or password"
        raise SettingsError(variable, problem, f"Those belong in JIRA_EMAIL and JIRA_API_TOKEN. {remedy}")
    return url
