"""What a setting is: one variable, how its value is read, and what the documentation says of it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar, overload
from urllib.parse import SplitResult, urlsplit

from jira_assets import clock
from jira_assets.settings.environment import SettingsError

T = TypeVar("T")

ACCOUNT_PAGE = "https://id.atlassian.com/manage-profile/security/api-tokens"

_DOMAIN_HELP = "Set it to the host name in your browser's address bar, e.g. your-company.atlassian.net"
_CLOUD_ID_HELP = "Open https://<your site>/_edge/tenant_info in a browser and copy the value of cloudId"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_GATEWAY_HOST = "api.atlassian.com"
_HUNDRED_PERCENT = 100

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9_]+")
_MONTH = re.compile(r"(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Values:
    """The values of all variables, and why `.env` cannot be read, if it cannot."""

    _values: Mapping[str, str] = field(repr=False)
    _unreadable: str | None = field(default=None, repr=False)

    def value(self, name: str) -> str:
        """What the variable is set to, without blanks around it; empty if it is not set."""
        value = self._values.get(name, "").strip()
        if not value and self._unreadable:
            problem = f"may be in .env, which cannot be read: {self._unreadable}"
            raise SettingsError(name, problem, "Repair the file")
        return value


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A variable, as an attribute of the settings: ``read`` makes the value of its name and text.

    ``meaning`` is Markdown, for `.env.example` and the reference. ``default`` is the text that is read where
    none is set; ``otherwise`` says what happens then, where there is no default.
    """

    name: str
    section: str
    meaning: str
    read: Callable[[str, str], T]
    default: str = ""
    otherwise: str = ""
    example: str = ""
    is_secret: bool = False

    @overload
    def __get__(self, settings: None, owner: type) -> "Setting[T]": ...
    @overload
    def __get__(self, settings: Values, owner: type) -> T: ...
    def __get__(self, settings: Values | None, owner: type) -> "Setting[T] | T":
        return self if settings is None else self.read(self.name, settings.value(self.name) or self.default)


def text(_name: str, value: str) -> str | None:
    """Whatever it is."""
    return value or None


def path(_name: str, value: str) -> Path | None:
    """A file."""
    return Path(value).expanduser().absolute() if value else None


def email(name: str, value: str) -> str | None:
    """An account's address."""
    if value and not re.fullmatch(r"[^\s@:]+@[^\s@:]+", value):
        remedy = "Set it to the address you sign in to Atlassian with; leave it out for a Bearer token"
        raise SettingsError(name, "is not an e-mail address", remedy)
    return value or None


def token(name: str, value: str) -> str | None:
    """A token, or another secret that is sent in a header."""
    if not (value.isascii() and all(character.isprintable() and character != " " for character in value)):
        problem = "contains a blank or a character that no token has"
        raise SettingsError(name, problem, "Copy the token again, without quotes or line breaks inside")
    return value or None


def required_token(name: str, value: str) -> str:
    """A token that nothing works without."""
    found = token(name, value)
    if found is None:
        remedy = f"Create a token at {ACCOUNT_PAGE} and put it into the environment or into .env"
        raise SettingsError(name, "is not set", remedy)
    return found


def host(name: str, value: str) -> str:
    """The site's host name; an address from a browser will do."""
    if not value:
        raise SettingsError(name, "is not set", _DOMAIN_HELP)
    url = _split(name, value if "://" in value else f"https://{value}", _DOMAIN_HELP)
    found = url.hostname or ""
    pasted_from_browser = found.endswith(".atlassian.net")
    if found == _GATEWAY_HOST:
        remedy = f"{_DOMAIN_HELP}, and put the cloud id into JIRA_CLOUD_ID"
        raise SettingsError(name, "is the API gateway, which every site shares", remedy)
    if not _HOST.fullmatch(found) or url.port or (url.path.strip("/") and not pasted_from_browser):
        raise SettingsError(name, f"is {_shown(value)}, which is not a host name", _DOMAIN_HELP)
    return found


def site_address(name: str, value: str) -> str | None:
    """The address of a site, without a trailing slash."""
    if not value:
        return None
    remedy = "Set it to an address such as https://jira.example.com, or unset it and set JIRA_DOMAIN"
    url = _split(name, value, remedy)
    if not url.hostname or url.query or url.fragment:
        raise SettingsError(name, f"is {_shown(value)}, which is not the address of a site", remedy)
    if url.hostname == _GATEWAY_HOST:
        remedy = "Unset it; set JIRA_DOMAIN to the site and JIRA_CLOUD_ID to its cloud id"
        raise SettingsError(name, "is the API gateway, not a site", remedy)
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        problem = f"would send the token in the clear to {_shown(url.hostname)}"
        raise SettingsError(name, problem, "Use https://; http:// is only for 127.0.0.1 and localhost")
    return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"


def incoming_webhook(name: str, value: str) -> str | None:
    """An address that is a secret."""
    if value:
        _split(name, value, "Set it to the address of an incoming webhook, of Slack's for example")
    return value or None


def cloud_id(name: str, value: str) -> str | None:
    """A site's UUID, in lower case."""
    if value and not _UUID.fullmatch(value.lower()):
        raise SettingsError(name, f"is {_shown(value)}, which is not a UUID", _CLOUD_ID_HELP)
    return value.lower() or None


def project_keys(name: str, value: str) -> tuple[str, ...]:
    """Keys of projects, in the order given, each once."""
    keys = [key for key in re.split(r"[\s,;]+", value) if key]
    for key in keys:
        if not _PROJECT_KEY.fullmatch(key):
            remedy = "List keys as in the numbers of issues (SUP for SUP-123), separated by commas: SUP,ENG"
            raise SettingsError(name, f"contains {_shown(key)}, which is not a project key", remedy)
    return tuple(dict.fromkeys(keys))


def past_month(name: str, value: str) -> str:
    """A month (``YYYY-MM``) that has begun."""
    remedy = "Set it to the month in which the oldest issue was created, e.g. 2019-07"
    if not _MONTH.fullmatch(value):
        raise SettingsError(name, f"is {_shown(value)}, which is not a month (YYYY-MM)", remedy)
    if value > clock.now().strftime("%Y-%m"):
        raise SettingsError(name, f"is {_shown(value)}, which is in the future", remedy)
    return value


def day(name: str, value: str) -> date | None:
    """A date."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        remedy = f"Set it to the date that {ACCOUNT_PAGE} shows, as 2027-05-31"
        raise SettingsError(name, f"is {_shown(value)}", remedy) from error


def percentage(name: str, value: str) -> float:
    """A number from 0 to 100."""
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", value, re.ASCII) or float(value) > _HUNDRED_PERCENT:
        raise SettingsError(name, f"is {_shown(value)}", "Set it to a number between 0 and 100")
    return float(value)


def count(name: str, value: str) -> int:
    """A number, 0 or more."""
    if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
        raise SettingsError(name, f"is {_shown(value)}", "Set it to a number, 0 or more")
    return int(value)


def days(name: str, value: str) -> int:
    """A number of days."""
    if not re.fullmatch(r"[1-9][0-9]{0,4}", value):
        raise SettingsError(name, f"is {_shown(value)}", "Set it to a number of days, 1 or more")
    return int(value)


def megabytes(name: str, value: str) -> int:
    """A size, in bytes."""
    if not re.fullmatch(r"[1-9][0-9]{0,6}", value):
        raise SettingsError(name, f"is {_shown(value)}", "Set it to a number of megabytes, 1 or more")
    return int(value) * 1_000_000


def one_of(accepted: Iterable[T]) -> Callable[[str, str], T]:
    """One of these, by its name."""
    by_name = {str(each): each for each in accepted}

    def read(name: str, value: str) -> T:
        if value not in by_name:
            raise SettingsError(name, f"is {_shown(value)}", f"Set it to {' or '.join(by_name)}")
        return by_name[value]

    return read


def _split(name: str, value: str, remedy: str) -> SplitResult:
    """Splits an http(s) address; the port is checked too, because reading it is what raises."""
    try:
        url = urlsplit(value)
        well_formed = url.scheme in ("http", "https") and url.port != 0 and not re.search(r"\s", value)
    except ValueError:
        well_formed = False
    if not well_formed:
        raise SettingsError(name, f"is {_shown(value)}, which is not an address", remedy)
    if "@" in url.netloc:
        problem = "contains a user name or password"
        raise SettingsError(name, problem, f"Those belong in JIRA_EMAIL and JIRA_API_TOKEN. {remedy}")
    return url


def _shown(value: str) -> str:
    """The value as it may appear in a message: a long one may be a token pasted into the wrong variable."""
    return repr(value) if len(value) <= 20 and "@" not in value else f"a value of {len(value)} characters"
