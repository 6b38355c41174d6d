import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.jira.auth import Credential, base_url, credential
from jira_assets.settings import Settings, SettingsError

CLOUD_ID = "11111111-2222-3333-4444-555555555555"
ACCOUNT = {"JIRA_EMAIL": "ada@example.com", "JIRA_API_TOKEN": "secret-token"}


def test_a_classic_token_is_basic_on_the_site() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", **ACCOUNT})
    assert base_url(settings) == "https://acme.atlassian.net"
    encoded = base64.b64encode(b"ada@example.com:secret-token").decode()
    assert credential(settings).header == f"Basic {encoded}"


def test_a_scoped_token_goes_through_the_gateway() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_CLOUD_ID": CLOUD_ID, **ACCOUNT})
    assert base_url(settings) == f"https://api.atlassian.com/ex/jira/{CLOUD_ID}"
    assert credential(settings).header.startswith("Basic ")


def test_a_service_account_without_address_is_a_bearer_on_the_gateway() -> None:
    settings = Settings(
        {"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_CLOUD_ID": CLOUD_ID, "JIRA_API_TOKEN": "secret-token"}
    )
    assert credential(settings).header == "Bearer secret-token"


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


@given(st.text(alphabet=st.characters(codec="ascii", min_codepoint=33), min_size=8), st.text(), st.text())
def test_a_credential_is_in_no_repr_and_is_redacted(token: str, before: str, after: str) -> None:
    for each in (Credential.basic("ada@example.com", token), Credential.bearer(token)):
        assert repr(each) == "Credential()"
        assert token not in each.redact(f"{before}{token}{after}") or token in f"{before}***{after}"
        assert each.header.split()[1] not in each.redact(f"sent {each.header} to you")
