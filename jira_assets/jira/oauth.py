"""OAuth 2.0 client credentials: access tokens of about an hour, got with a client's id and secret.

Source: support.atlassian.com, "Create OAuth 2.0 credential for service accounts" (jira_cloud.md 6).
"""

from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated

import msgspec

from jira_assets.jira.auth import ClientCredentials, Credential, OAuthRefused
from jira_assets.jira.errors import BadQuery, Forbidden
from jira_assets.jira.host import Host, Hosts, Request
from jira_assets.jira.shared import Shared

TOKEN = "/oauth/token"  # noqa: S105 - a path
_LONGEST_MARGIN_SECONDS = 120.0
_SHARE_OF_LIFE = 0.1  # of a token that lives for seconds only, in tests, two minutes would be all


class _Grant(msgspec.Struct):
    # Only what can stand in a header: the complaint about anything else would repeat the token.
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]+\Z")]
    expires_in: float = 3600.0


@dataclass(frozen=True, slots=True)
class _AccessToken(Credential):
    renew_at: float = field(kw_only=True)  # by the monotonic clock, which nobody sets

    def is_good(self) -> bool:
        """Whether a request that is sent now arrives before the token expires."""
        return monotonic() < self.renew_at


class AccessTokens:
    """The access tokens of one client, one after the other, shared by its threads."""

    def __init__(self, client: ClientCredentials, hosts: Hosts) -> None:
        self._client = client
        self._issuer = hosts.open(client.issuer)
        self._throttle = hosts.throttle
        self._token = Shared(self._issue, _AccessToken.is_good)

    def current(self) -> Credential:
        """A token that is good for some time yet. Raises a ``JiraError`` if none can be had."""
        return self._token.get()

    def discard(self, refused: Credential) -> bool:
        """Forgets a token that Jira refuses before its time; there can always be another."""
        self._token.discard(refused)
        return True

    def _issue(self) -> _AccessToken:
        secret = self._client.client_secret
        body = {
            "grant_type": "client_credentials",
            "client_id": self._client.client_id,
            "client_secret": secret,
        }
        asked_at = monotonic()
        try:
            answer = self._issuer.call(
                Request("POST", TOKEN, _Grant, body=body), Credential.nobody(secret, refusal=OAuthRefused)
            )
        except (BadQuery, Forbidden) as error:
            # RFC 6749 answers a wrong secret with 400 or 401: to us both are a refused credential.
            refusal = OAuthRefused(error.method, error.path, error.status, error.reason)
            self._throttle.stop(refusal)
            raise refusal from None
        grant = answer.value
        margin = min(_LONGEST_MARGIN_SECONDS, grant.expires_in * _SHARE_OF_LIFE)
        return _AccessToken(
            f"Bearer {grant.access_token}",
            (grant.access_token,),
            OAuthRefused,
            renew_at=asked_at + grant.expires_in - margin,
        )


TENANT_INFO = "/_edge/tenant_info"


class _TenantInfo(msgspec.Struct, rename="camel"):
    cloud_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]


def cloud_id_of_site(site: Host) -> str:
    """The site's cloud id, which it tells anybody (jira_cloud.md 4). Raises a ``JiraError``."""
    return site.call(Request("GET", TENANT_INFO, _TenantInfo), Credential.nobody()).value.cloud_id
