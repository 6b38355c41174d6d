"""Who we are to Jira, and at which address that credential is valid."""

import base64
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from jira_assets.jira.errors import Unauthorised
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

GATEWAY = "https://api.atlassian.com"
TOKEN_ISSUER = "https://auth.atlassian.com"  # noqa: S105 - an address


class OAuthRefused(Unauthorised):
    """The client's id or secret is refused, or Jira refuses the token that was got with them."""

    advice = (
        "JIRA_OAUTH_CLIENT_ID or JIRA_OAUTH_CLIENT_SECRET is wrong, or the credential was revoked, or it "
        "lacks the scope read:jira-work: look at the service account at https://admin.atlassian.com "
        "(Directory, Service accounts), and see that it has access to the site."
    )


class SlaAccountRefused(Unauthorised):
    """The token of the account that reads SLAs is refused."""

    advice = (
        "JIRA_SLA_API_TOKEN is wrong, revoked or expired, or belongs to another address than JIRA_SLA_EMAIL. "
        "It must be a token with the scopes read:jira-work and read:jira-user."
    )


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of an Authorization header. No repr shows it; ``redact`` takes it out of a text.

    ``refusal`` is what a 401 to it is raised as. A credential that never changes is its own ``Credentials``.
    """

    header: str = field(repr=False)
    _secrets: tuple[str, ...] = field(repr=False)
    refusal: type[Unauthorised] = field(default=Unauthorised, repr=False)

    @classmethod
    def basic(cls, email: str, token: str) -> "Credential":
        """An account's API token: on the site if it has no scopes, through the gateway if it has."""
        encoded = base64.b64encode(f"{email}:{token}".encode()).decode("ascii")
        return Credential(f"Basic {encoded}", (encoded, token))

    @classmethod
    def bearer(cls, token: str) -> "Credential":
        """A service account's token, valid through the gateway only."""
        return Credential(f"Bearer {token}", (token,))

    @classmethod
    def nobody(cls, *secrets: str, refusal: type[Unauthorised] = Unauthorised) -> "Credential":
        """No header: for what anybody may ask, with the secrets that the request has in its body."""
        return Credential("", secrets, refusal)

    def redact(self, text: str) -> str:
        """``text`` without this credential, should a server or a library have repeated it to us."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def current(self) -> "Credential":
        """Itself."""
        return self

    def discard(self, _refused: "Credential") -> bool:
        """False: there is no other."""
        return False


class Credentials(Protocol):
    """Where each request gets its credential from."""

    def current(self) -> Credential:
        """The credential for a request that is sent now. May raise a ``JiraError``."""

    def discard(self, refused: Credential, /) -> bool:
        """Takes note that Jira refuses a credential. Whether ``current`` may have another now."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The OAuth 2.0 credential of a service account, and the host that gives access tokens for it."""

    client_id: str
    client_secret: str = field(repr=False)
    issuer: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway to a site whose cloud id has yet to be asked for."""

    address: str
    site: str

    def base_url(self, cloud_id: str) -> str:
        """Where requests go."""
        return f"{self.address}/ex/jira/{cloud_id}"

    def __str__(self) -> str:
        return f"{self.address} (for {self.site})"


def credential(settings: Settings) -> Credential | ClientCredentials:
    """The credential that the settings describe. Raises ``SettingsError`` where they are incomplete."""
    client = _client_credentials(settings)
    if client is not None:
        return client
    token = settings.api_token
    if settings.email:
        return Credential.basic(settings.email, token)
    if settings.cloud_id:
        return Credential.bearer(token)
    raise SettingsError(
        "JIRA_EMAIL",
        "is not set",
        "Set it to the address of the account that made the token; "
        "only a service account's token works without one, and that needs JIRA_CLOUD_ID",
    )


def sla_credential(settings: Settings) -> Credential | None:
    """The credential of the account that reads SLAs; None if it has none of its own."""
    email, token = settings.sla_email, settings.sla_api_token
    if token:
        found = Credential.basic(email, token) if email else Credential.bearer(token)
        return replace(found, refusal=SlaAccountRefused)
    if email:
        remedy = "Set it to the service account's token, or unset JIRA_SLA_EMAIL"
        raise SettingsError("JIRA_SLA_API_TOKEN", "is not set", remedy)
    return None


def base_url(settings: Settings) -> str | Gateway:
    """Where requests go: the site, or for a cloud id or OAuth the gateway."""
    if settings.cloud_id or settings.oauth_client_id:
        return gateway(settings)
    return settings.base_url


def gateway(settings: Settings) -> str | Gateway:
    """Where requests of scoped tokens and service accounts go (a sandbox plays it at JIRA_BASE_URL)."""
    site = settings.base_url
    found = Gateway(GATEWAY if _is_atlassians(settings) else site, site)
    return found.base_url(settings.cloud_id) if settings.cloud_id else found


def _client_credentials(settings: Settings) -> ClientCredentials | None:
    client_id, secret = settings.oauth_client_id, settings.oauth_client_secret
    if client_id is None and secret is None:
        return None
    remedy = "Set both JIRA_OAUTH_CLIENT_ID and JIRA_OAUTH_CLIENT_SECRET, or neither"
    if client_id is None:
        raise SettingsError("JIRA_OAUTH_CLIENT_ID", "is not set", remedy)
    if secret is None:
        raise SettingsError("JIRA_OAUTH_CLIENT_SECRET", "is not set", remedy)
    if settings.has_api_token:
        problem = "is set beside JIRA_OAUTH_CLIENT_ID, and one account is enough"
        remedy = (
            "Unset it to sign in with OAuth, or unset JIRA_OAUTH_CLIENT_ID and JIRA_OAUTH_CLIENT_SECRET to "
            "sign in with the token"
        )
        raise SettingsError("JIRA_API_TOKEN", problem, remedy)
    return ClientCredentials(client_id, secret, _token_issuer(settings))


def _token_issuer(settings: Settings) -> str:
    return TOKEN_ISSUER if _is_atlassians(settings) else settings.base_url


def _is_atlassians(settings: Settings) -> bool:
    """Whether the site is what JIRA_DOMAIN says, and not a sandbox at JIRA_BASE_URL."""
    try:
        return settings.base_url == f"https://{settings.domain}"
    except SettingsError:  # JIRA_BASE_URL stands alone
        return False


WARN_DAYS = 30


def token_days_left(settings: Settings, today: date) -> int | None:
    """Days until JIRA_TOKEN_EXPIRES, the token's last day: 0 on that day, negative when it is over.

    None if the day is not known. Raises ``SettingsError`` if it is malformed.
    """
    expires = settings.token_expires
    return None if expires is None else (expires - today).days
