import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.jira.auth import (
    ClientCredentials,
    Credential,
    Gateway,
    base_url,
    credential,
    sla_credential,
)
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

CLOUD_ID = "11111111-2222-3333-4444-555555555555"
ACCOUNT = {"JIRA_EMAIL": "ada@example.com", "JIRA_API_TOKEN": "secret-token"}
OAUTH = {"JIRA_OAUTH_CLIENT_ID": "client", "JIRA_OAUTH_CLIENT_SECRET": "secret-secret"}


def header(settings: Settings) -> str:
    found = credential(settings)
    assert isinstance(found, Credential)
    return found.header


def test_a_classic_token_is_basic_on_the_site() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", **ACCOUNT})
    assert base_url(settings) == "https://acme.atlassian.net"
    encoded = base64.b64encode(b"ada@example.com:secret-token").decode()
    assert header(settings) == f"Basic {encoded}"


def test_a_scoped_token_goes_through_the_gateway() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_CLOUD_ID": CLOUD_ID, **ACCOUNT})
    assert base_url(settings) == f"https://api.atlassian.com/ex/jira/{CLOUD_ID}"
    assert header(settings).startswith("Basic ")


def test_a_service_account_without_address_is_a_bearer_on_the_gateway() -> None:
    settings = Settings(
        {"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_CLOUD_ID": CLOUD_ID, "JIRA_API_TOKEN": "secret-token"}
    )
    assert header(settings) == "Bearer secret-token"


def test_a_token_without_address_and_gateway_is_refused() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_API_TOKEN": "secret-token"})
    with pytest.raises(SettingsError, match="JIRA_EMAIL"):
        credential(settings)


def test_a_base_address_can_play_site_and_gateway() -> None:
    sandbox = {"JIRA_BASE_URL": "http://127.0.0.1:8000", **ACCOUNT}
    assert base_url(Settings(sandbox)) == "http://127.0.0.1:8000"
    with_cloud_id = Settings({**sandbox, "JIRA_CLOUD_ID": CLOUD_ID})
    assert base_url(with_cloud_id) == f"http://127.0.0.1:8000/ex/jira/{CLOUD_ID}"
    with_domain = Settings({**sandbox, "JIRA_CLOUD_ID": CLOUD_ID, "JIRA_DOMAIN": "acme.atlassian.net"})
    assert base_url(with_domain) == f"http://127.0.0.1:8000/ex/jira/{CLOUD_ID}"


def test_oauth_goes_through_the_gateway_whose_cloud_id_may_be_unknown() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", **OAUTH})
    assert base_url(settings) == Gateway("https://api.atlassian.com", "https://acme.atlassian.net")
    with_cloud_id = settings.with_values(JIRA_CLOUD_ID=CLOUD_ID)
    assert base_url(with_cloud_id) == f"https://api.atlassian.com/ex/jira/{CLOUD_ID}"


def test_access_tokens_come_from_atlassian_or_from_the_sandbox_that_plays_it() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", **OAUTH})
    expected = ClientCredentials("client", "secret-secret", "https://auth.atlassian.com")
    assert credential(settings) == expected
    assert credential(settings.with_values(JIRA_BASE_URL="https://acme.atlassian.net")) == expected
    sandbox = credential(settings.with_values(JIRA_BASE_URL="http://127.0.0.1:8000"))
    assert sandbox == ClientCredentials("client", "secret-secret", "http://127.0.0.1:8000")
    assert "secret-secret" not in repr(sandbox)


@pytest.mark.parametrize("missing", OAUTH)
def test_half_of_an_oauth_credential_is_refused(missing: str) -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", **OAUTH, missing: ""})
    with pytest.raises(SettingsError, match=f"^{missing} is not set. Set both"):
        credential(settings)


@pytest.mark.parametrize("token", ["secret-token", "with a blank"])
def test_a_token_and_oauth_together_are_refused(token: str) -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_API_TOKEN": token, **OAUTH})
    with pytest.raises(SettingsError, match=r"^JIRA_API_TOKEN is set beside .* Unset it"):
        credential(settings)


def test_the_account_for_slas_is_basic_with_an_address_and_a_bearer_without() -> None:
    token = {"JIRA_SLA_API_TOKEN": "secret-token"}
    assert sla_credential(Settings({})) is None
    bearer = sla_credential(Settings(token))
    basic = sla_credential(Settings({**token, "JIRA_SLA_EMAIL": "sla@example.com"}))
    assert bearer is not None
    assert basic is not None
    assert bearer.header == Credential.bearer("secret-token").header
    assert basic.header == Credential.basic("sla@example.com", "secret-token").header
    assert "JIRA_SLA_API_TOKEN" in basic.refusal.advice
    with pytest.raises(SettingsError, match="JIRA_SLA_API_TOKEN is not set"):
        sla_credential(Settings({"JIRA_SLA_EMAIL": "sla@example.com"}))


@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=33), min_size=8), st.text(), st.text())
def test_a_credential_is_in_no_repr_and_is_redacted(token: str, before: str, after: str) -> None:
    for each in (Credential.basic("ada@example.com", token), Credential.bearer(token)):
        assert repr(each) == "Credential()"
        assert token not in each.redact(f"{before}{token}{after}") or token in f"{before}***{after}"
        assert each.header.split()[1] not in each.redact(f"sent {each.header} to you")
