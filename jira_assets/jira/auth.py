"""Who we are to Jira, and at which address that credential is valid."""

import base64
from dataclasses import dataclass, field

from jira_assets.settings import Settings, SettingsError

GATEWAY = "https://api.atlassian.com"


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of an Authorization header. No repr shows it; ``redact`` takes it out of a text."""

    header: str = field(repr=False)
    _secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def basic(cls, email: str, token: str) -> "Credential":
        """An account's API token: on the site if it has no scopes, through the gateway if it has."""
        encoded = base64.b64encode(f"{email}:{token}".encode()).decode("ascii")
        return cls(f"Basic {encoded}", (encoded, token))

    @classmethod
    def bearer(cls, token: str) -> "Credential":
        """A service account's token, valid through the gateway only."""
        return cls(f"Bearer {token}", (token,))

    def redact(self, text: str) -> str:
        """``text`` without this credential, should a server or a library have repeated it to us."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def credential(settings: Settings) -> Credential:
    """The credential that the settings describe. Raises ``SettingsError`` where they are incomplete."""
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


def base_url(settings: Settings) -> str:
    """Where requests go: the site, or with a cloud id the gateway (a sandbox plays it at JIRA_BASE_URL)."""
    site = settings.base_url
    if not settings.cloud_id:
        return site
    gateway = GATEWAY if site == _address_of_domain(settings) else site
    return f"{gateway}/ex/jira/{settings.cloud_id}"


def _address_of_domain(settings: Settings) -> str | None:
    try:
        return f"https://{settings.domain}"
    except SettingsError:  # JIRA_BASE_URL stands alone
        return None
