"""The doctor's first call to Jira: does the site answer, and does it know us? If not, why not?"""

from contextlib import closing
from dataclasses import replace

from jira_assets.commands.doctor.finding import Finding, fail, ok, refused
from jira_assets.http.throttle import Patience, Throttle
from jira_assets.jira import auth
from jira_assets.jira.bulk import Account, myself
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    Forbidden,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    ScopeMissing,
    Unauthorised,
    Unavailable,
)
from jira_assets.jira.host import Hosts
from jira_assets.jira.oauth import TENANT_INFO, TOKEN, cloud_id_of_site
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

_TIMEOUT = (10.0, 30.0)
_UNREACHABLE = "Check the spelling of JIRA_DOMAIN, the network, and HTTPS_PROXY if there is a proxy."
_SCOPES = "read:jira-work and read:jira-user"
NO_ACCESS = (
    "The credential is right, but its account may not use Jira: give the account access to Jira at "
    "https://admin.atlassian.com (Directory), and a token with scopes the scope read:jira-user."
)


def impatient_client(settings: Settings) -> JiraClient:
    """A client that gives up within a minute: whoever runs the doctor waits for the answer."""
    return JiraClient.from_settings(settings, _impatience(), _TIMEOUT)


def impatient_sla_client(settings: Settings) -> JiraClient | None:
    """The same for the account that reads SLAs; None if that is the main account."""
    return JiraClient.for_slas(settings, _impatience(), _TIMEOUT)


def _impatience() -> Throttle:
    return Throttle(patience=Patience(tries=2, base_seconds=0.5, total_seconds=30.0))


def sign_in(client: JiraClient, settings: Settings) -> list[Finding]:
    """Findings on the site and on the credentials; the last one is a FAIL if no other call can succeed."""
    try:
        account = myself(client)
    except (Redirected, RateLimited) as error:
        return [refused("site", error)]
    except Unavailable as error:
        message = f"{_asked(settings, error)} does not answer: {error.reason}"
        return [fail("site", message, error.remedy if error.status else _UNREACHABLE)]
    except MissingOrForbidden as error:
        message = f"{_asked(settings, error)} is not a Jira site: HTTP {error.status}: {error.reason}"
        return [fail("site", message, _address(settings))]
    except Unauthorised as error:
        message = f"HTTP {error.status}: {error.reason}"
        return [_site_answers(settings), fail("credentials", message, _why_unauthorised(settings, error))]
    except ScopeMissing as error:
        remedy = f"Make a token, or with OAuth a credential, that has the scopes {_SCOPES}."
        return [_site_answers(settings), replace(refused("credentials", error), remedy=remedy)]
    except Forbidden as error:
        return [_site_answers(settings), replace(refused("credentials", error), remedy=NO_ACCESS)]
    except JiraError as error:
        return [_site_answers(settings), refused("credentials", error)]
    return [_site_answers(settings), ok("credentials", f"signed in as {_name(account)} {_way(settings)}")]


def _site_answers(settings: Settings) -> Finding:
    return ok("site", f"{auth.base_url(settings)} answers")


def _asked(settings: Settings, error: JiraError) -> str:
    """The address of whom the request went to: before Jira is asked, others may have to be."""
    credential = auth.credential(settings)
    if error.path == TOKEN and isinstance(credential, auth.ClientCredentials):
        return credential.issuer
    return settings.base_url if error.path == TENANT_INFO else str(auth.base_url(settings))


def _name(account: Account) -> str:
    return account.display_name or account.account_id or "an account without a name"


def _way(settings: Settings) -> str:
    if settings.oauth_client_id:
        return "with OAuth through the gateway"
    return "through the gateway" if settings.cloud_id else "on the site"


def _address(settings: Settings) -> str:
    if settings.cloud_id is None:
        return "Set JIRA_DOMAIN to the host name in your browser's address bar when you look at an issue."
    cloud_id = _cloud_id(settings)
    if cloud_id and cloud_id != settings.cloud_id:
        return f"The cloud id of {settings.base_url} is {cloud_id}: set JIRA_CLOUD_ID to it."
    return f"Compare JIRA_CLOUD_ID with the answer of {settings.base_url}/_edge/tenant_info."


def _why_unauthorised(settings: Settings, error: Unauthorised) -> str:
    """What to do, after one try at the other address: the two kinds of token work at one of them each."""
    if isinstance(error, auth.OAuthRefused):
        return error.remedy
    if settings.cloud_id is not None:
        if settings.email and _is_accepted(settings.with_values(JIRA_CLOUD_ID="")):
            return "This is a token without scopes, which works on the site: unset JIRA_CLOUD_ID."
        return error.remedy
    cloud_id = _cloud_id(settings)
    if cloud_id and _is_accepted(settings.with_values(JIRA_CLOUD_ID=cloud_id)):
        return f"This is a token with scopes, which works through the gateway: set JIRA_CLOUD_ID={cloud_id}."
    return error.remedy


def _is_accepted(settings: Settings) -> bool:
    try:
        with impatient_client(settings) as client:
            myself(client)
    except (JiraError, SettingsError):
        return False
    return True


def _cloud_id(settings: Settings) -> str | None:
    with closing(Hosts(_impatience(), _TIMEOUT)) as hosts:
        try:
            return cloud_id_of_site(hosts.open(settings.base_url))
        except JiraError:
            return None
