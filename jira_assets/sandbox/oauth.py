"""The host that gives access tokens to service accounts: auth.atlassian.com, played by the sandbox."""

from typing import Any

import msgspec

from jira_assets.sandbox.call import Answer, Call, RefusedError, json_answer

_CLIENT_CREDENTIALS = "client_credentials"


class _TokenRequest(msgspec.Struct):
    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""


def token(call: Call) -> Answer:
    """An access token for a client id and its secret. Refusals are those of RFC 6749, section 5.2."""
    try:
        asked = msgspec.json.decode(call.body, type=_TokenRequest)
    except msgspec.DecodeError:
        raise _refusal(400, "invalid_request", "The body is not JSON.") from None
    if asked.grant_type != _CLIENT_CREDENTIALS:
        raise _refusal(400, "unsupported_grant_type", f"Grant type not allowed: {asked.grant_type}.")
    for account in call.sandbox.accounts:
        known = account.client_id and account.client_id == asked.client_id and not account.revoked
        if known and account.client_secret == asked.client_secret:
            return json_answer(
                {
                    "access_token": account.issue_access_token(),
                    "expires_in": account.token_seconds,
                    "scope": "read:jira-work read:jira-user",
                    "token_type": "Bearer",
                }
            )
    raise _refusal(401, "access_denied", "Unauthorized")


def _refusal(status: int, error: str, description: str) -> RefusedError:
    body: dict[str, Any] = {"error": error, "error_description": description}
    return RefusedError(status, body=body)
