"""No secret of a URL gets into a text."""

from typing import Any

import pytest

from jira_assets.text.adf import to_text
from jira_assets.text.redaction import redacted
from jira_assets.text.rendering import Rendering
from jira_assets_tests.text.nodes import CODE, link, node, paragraph, text


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "accessToken", "refresh_token", "atl_token", "X-Amz-Security-Token", "jwt",
     "contextJwt", "sig", "oauth_signature", "X-Amz-Signature", "X-Goog-Signature", "X-Amz-Credential",
     "client_secret", "password", "os_password", "api_key", "apikey", "ApiKey", "TOKEN", "jsessionid",
      "AWSAccessKeyId", "token[]"],
)  # fmt: skip
def test_the_value_of_a_secret_parameter_is_redacted(name: str) -> None:
    url = f"https://a.example/b?c=1&{name}=eyJh.b-c_d/e%2B==&f=2#g"
    assert redacted(url) == f"https://a.example/b?c=1&{name}=REDACTED&f=2#g"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://a.example/#access_token=a&token_type=bearer",
         "https://a.example/#access_token=REDACTED&token_type=bearer"),
        ("/b?token=a", "/b?token=REDACTED"),
        ("(see https://a.example/?jwt=a.b.c)", "(see https://a.example/?jwt=REDACTED)"),
        ("https://a.example/b;jsessionid=A1?c=2", "https://a.example/b;jsessionid=REDACTED"),
        ("https://a.example/?u=https%3A%2F%2Fb%3Ftoken%3Dabc", "https://a.example/?u=https%3A%2F%2Fb%3Ftoken%3DREDACTED"),
        ('<a href="https://a.example/?b=1&amp;sig=c">', '<a href="https://a.example/?b=1&amp;sig=REDACTED">'),
        ("https://ann:pass@word@a.example/", "https://ann:REDACTED@a.example/"),
        ("postgres://ann:secret@db:5432/b", "postgres://ann:REDACTED@db:5432/b"),
    ],
)  # fmt: skip
def test_secrets_are_found_wherever_they_are_in_a_url(before: str, after: str) -> None:
    assert redacted(before) == after


@pytest.mark.parametrize(
    "text",
    ["https://a.example/?design=1&monkey=2&signed=3#author=b", "token=a", "a ? token = b", "ann@a.example",
     "https://a.example:443/@ann:b", "ssh://git@a.example/b", "https://a.example/token/abc", "tokens: 5 = 5"],
)  # fmt: skip
def test_nothing_else_is_redacted(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("piece", ["?", "?a", "&token", "://", "://a:", "%3f", "?token=a", "=@://"])
def test_a_text_is_searched_in_one_pass(piece: str) -> None:
    assert redacted(piece * 100_000 + "=@://")


URL = "https://a.example/?token=secret"


@pytest.mark.parametrize("rendering", Rendering)
@pytest.mark.parametrize(
    "block",
    [
        paragraph(text("a", link(URL))),
        paragraph(text(URL, link(URL))),
        paragraph(f"see {URL}"),
        paragraph(text(URL, CODE)),
        node("codeBlock", text(f"curl {URL}")),
        node("blockCard", url=URL),
        paragraph(node("inlineCard", data={"name": "a", "@id": URL})),
        node("media", type="external", url=URL, alt="a"),
        node("extension", parameters={"text": URL}),
        node("novelty", url=URL),
        node("expand", title=URL),
        {"type": "paragraph", "content": URL},
    ],
)
def test_no_secret_gets_into_a_text(block: dict[str, Any], rendering: Rendering) -> None:
    result = to_text(block, rendering)
    assert result is not None
    assert "secret" not in result
