"""The doctor's first call to Jira: does the site answer, and does it know us? If not, why not?"""

import msgspec
import requests

from jira_assets.jira import auth
from jira_assets.jira.bulk import Account, myself
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.finding import Finding, fail, ok, refused
from jira_assets.jira.throttle import Patience, Throttle
from jira_assets.settings import Settings, SettingsError

_TIMEOUT = (10.0, 30.0)
_UNREACHABLE = "Check the spelling of JIRA_DOMAIN, the network, and HTTPS_PROXY if there is a proxy."
_SCOPES = "read:jira-work and read:jira-user"


class _TenantInfo(msgspec.Struct, rename="camel"):
    cloud_id: str


def impatient_client(settings: Settings) -> JiraClient:
    """A client that gives up within a minute: whoever runs the doctor waits for the answer."""
    throttle = Throttle(patience=Patience(tries=2, base_seconds=0.5, total_seconds=30.0))
    return JiraClient(auth.base_url(settings), auth.credential(settings), throttle, _TIMEOUT)


def sign_in(client: JiraClient, settings: Settings) -> list[Finding]:
    """Findings on the site and on the credentials; the last one is a FAIL if no other call can succeed."""
    try:
        account = myself(client)
    except (Redirected, RateLimited) as error:
        return [refused("site", error)]
    except Unavailable as error:
        message = f"{auth.base_url(settings)} does not answer: {error.reason}"
        return [fail("site", message, error.advice if error.status else _UNREACHABLE)]
    except MissingOrForbidden as error:
        message = f"{auth.base_url(settings)} is not a Jira site: {error.reason}"
        return [fail("site", message, _address(settings))]
    except Unauthorised as error:
        message = f"HTTP {error.status}: {error.reason}"
        return [_site_answers(settings), fail("credentials", message, _why_unauthorised(settings, error))]
    except JiraError as error:
        return [_site_answers(settings), refused("credentials", error)]
    return [_site_answers(settings), ok("credentials", f"signed in as {_name(account)} {_way(settings)}")]


def _site_answers(settings: Settings) -> Finding:
    return ok("site", f"{auth.base_url(settings)} answers")


def _name(account: Account) -> str:
    return account.display_name or account.account_id or "an account without a name"


def _way(settings: Settings) -> str:
    return "through the gateway" if settings.cloud_id else "on the site"


def _address(settings: Settings) -> str:
    if settings.cloud_id is None:
        return "Set JIRA_DOMAIN to the host name in your browser's address bar when you look at an issue."
    cloud_id = cloud_id_of_site(settings)
    if cloud_id and cloud_id != settings.cloud_id:
        return f"The cloud id of {settings.base_url} is {cloud_id}: set JIRA_CLOUD_ID to it."
    return f"Compare JIRA_CLOUD_ID with the answer of {settings.base_url}/_edge/tenant_info."


def _why_unauthorised(settings: Settings, error: Unauthorised) -> str:
    """What to do, after one try at the other address: the two kinds of token work at one of them each."""
    if "scope" in error.reason.lower():
        return f"Make a token that has the scopes {_SCOPES}."
    if settings.cloud_id is not None:
        if settings.email and _is_accepted(settings.with_values(JIRA_CLOUD_ID="")):
            return "This is a token without scopes, which works on the site: unset JIRA_CLOUD_ID."
        return error.advice
    cloud_id = cloud_id_of_site(settings)
    if cloud_id and _is_accepted(settings.with_values(JIRA_CLOUD_ID=cloud_id)):
        return f"This is a token with scopes, which works through the gateway: set JIRA_CLOUD_ID={cloud_id}."
    return error.advice


def _is_accepted(settings: Settings) -> bool:
    try:
        with impatient_client(settings) as client:
            myself(client)
    except (JiraError, SettingsError):
        return False
    return True


def cloud_id_of_site(settings: Settings) -> str | None:
    """The site's cloud id, which it tells anybody; None if it does not."""
    try:
        answer = requests.get(
            f"{settings.base_url}/_edge/tenant_info", timeout=_TIMEOUT, allow_redirects=False
        )
        return msgspec.json.decode(answer.content, type=_TenantInfo).cloud_id
    except (requests.RequestException, msgspec.DecodeError, UnicodeDecodeError):
        return None
