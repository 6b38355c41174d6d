"""Who may call the sandbox, with which token, and what each account sees."""

import base64
import binascii
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

CLOUD_ID = "11223344-a1b2-4c33-8d44-0123456789ab"


@dataclass(slots=True)
class Account:
    """One account and its API token. Its attributes may be changed while the sandbox runs.

    ``projects`` None sees everything; a set makes the account under-privileged: it sees only those projects,
    and Jira answers its wrong JQL with an empty page instead of an error.
    A ``scoped`` token works only through the gateway, a classic one only on the site itself.
    With a ``client_id`` it can also get access tokens (see ``oauth``), which live for ``token_seconds``.
    Without ``agent`` an account has no Jira Service Management licence and cannot read SLAs.
    """

    email: str
    token: str
    projects: frozenset[str] | None = None
    scoped: bool = False
    agent: bool = True
    sees_secured: bool = True
    time_zone: str = "UTC"
    locale: str = "en_US"
    display_name: str = "Sandbox User"
    account_id: str = "5b10a2844c20165700ede21g"
    revoked: bool = False
    captcha: bool = False
    client_id: str = ""
    client_secret: str = ""
    token_seconds: float = 3600.0
    _access_tokens: dict[str, float] = field(default_factory=dict, init=False, repr=False)
    _requests_left: int | None = field(default=None, init=False, repr=False)
    _projects_afterwards: frozenset[str] | None = field(default=None, init=False, repr=False)
    _revoked_afterwards: bool = field(default=False, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    @property
    def under_privileged(self) -> bool:
        return self.projects is not None

    def revoke(self, after: int = 0) -> None:
        """Stop accepting the token (401) once ``after`` more requests were answered."""
        self._change_after(after, projects=self.projects, revoked=True)

    def issue_access_token(self) -> str:
        """A new token for the gateway. Those issued before stay good until they expire."""
        token = secrets.token_urlsafe(24)
        self._access_tokens[token] = time.monotonic() + self.token_seconds
        return token

    def revoke_access_tokens(self) -> None:
        """End the access tokens that have been issued so far; there can be others."""
        self._access_tokens.clear()

    def accepts(self, token: str, gateway: bool) -> bool:
        """Whether the token is one of this account's, and good where it is used."""
        if gateway and self._access_tokens.get(token, 0.0) > time.monotonic():
            return True
        return self.token == token and self.scoped == gateway

    def lose_rights(self, projects: frozenset[str] = frozenset(), after: int = 0) -> None:
        """Let the account see only ``projects`` once ``after`` more requests were answered."""
        self._change_after(after, projects=projects, revoked=False)

    def count_request(self) -> None:
        """Called for every authenticated request, so that rights can end in the middle of a run."""
        if self._requests_left is None:
            return
        with self._lock:
            if self._requests_left == 0:
                self.projects = self._projects_afterwards
                self.revoked = self._revoked_afterwards
                self._requests_left = None
            elif self._requests_left is not None:
                self._requests_left -= 1

    def _change_after(self, after: int, projects: frozenset[str] | None, revoked: bool) -> None:
        with self._lock:
            self._projects_afterwards = projects
            self._revoked_afterwards = revoked
            self._requests_left = after


ANONYMOUS = Account(email="", token="", projects=frozenset(), agent=False, display_name="Anonymous")


class Accounts:
    """The accounts of a sandbox. A public site (``allow_anonymous``) also answers callers without one."""

    def __init__(self, *accounts: Account, allow_anonymous: bool = False) -> None:
        self._accounts = list(accounts) or [default_account(), scoped_account()]
        self.allow_anonymous = allow_anonymous

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)

    def add(self, account: Account) -> Account:
        self._accounts.append(account)
        return account

    def authenticate(self, authorization: str | None, gateway: bool) -> Account | None:
        """The account of an ``Authorization`` header, or None if the header is not good enough here.

        Bearer is accepted by the gateway only; Basic needs the account's own address. [DOC manage-api-tokens]
        """
        if not authorization:
            return ANONYMOUS if self.allow_anonymous else None
        scheme, _, credentials = authorization.partition(" ")
        email, token = _basic(credentials) if scheme.lower() == "basic" else (None, credentials.strip())
        if scheme.lower() not in {"basic", "bearer"} or (email is None and not gateway):
            return None
        for account in self._accounts:
            same_address = email is None or account.email.lower() == email.lower()
            if same_address and account.accepts(token, gateway):
                account.count_request()
                return None if account.revoked else account
        return None


def default_account() -> Account:
    """The account that sees everything, with a classic token."""
    return Account("me@example.com", "sandbox-token")


def scoped_account() -> Account:
    """The same rights for the gateway: with a scoped token, or with a client id and secret."""
    return Account(
        "me@example.com",
        "sandbox-scoped-token",
        scoped=True,
        client_id="sandbox-client",
        client_secret="sandbox-client-secret",  # noqa: S106 - made up, as the tokens are
    )


def _basic(credentials: str) -> tuple[str, str]:
    try:
        email, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return email, token
