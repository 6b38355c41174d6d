"""A client of a running sandbox that loses no time waiting."""

from jira_assets.http.throttle import Patience, Throttle
from jira_assets.jira.auth import Credential
from jira_assets.jira.client import JiraClient

QUICK = Patience(base_seconds=0.01, ceiling_seconds=0.02, total_seconds=10.0)
TOKEN = "sandbox-token"
EMAIL = "me@example.com"


def connect(
    url: str,
    *,
    token: str = TOKEN,
    email: str = EMAIL,
    patience: Patience = QUICK,
    concurrency: int = 8,
    read_seconds: float = 5.0,
) -> JiraClient:
    """A client with the sandbox's default account unless another token is given."""
    credential = Credential.basic(email, token)
    return JiraClient(url, credential, Throttle(concurrency, patience), timeout=(2.0, read_seconds))
