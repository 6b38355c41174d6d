import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.jira.errors import (
    BadQuery,
    Forbidden,
    Gone,
    JiraError,
    MissingOrForbidden,
    RateLimited,
    Redirected,
    Unauthorised,
    Unavailable,
    kind_of_status,
    message_of,
    one_line,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (303, Redirected),
        (400, BadQuery),
        (401, Unauthorised),
        (403, Forbidden),
        (404, MissingOrForbidden),
        (405, BadQuery),
        (408, Unavailable),
        (410, Gone),
        (425, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_status_has_its_kind(status: int, kind: type[JiraError]) -> None:
    assert kind_of_status(status) is kind


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"errorMessages":["Issue does not exist."],"errors":{}}', "Issue does not exist."),
        (b'{"errorMessages":[],"errors":{"jql":"is bad"}}', "jql: is bad."),
        (b'{"errorMessage":"Not an agent","i18nErrorMessage":{"i18nKey":"x"}}', "Not an agent."),
        (b'{"status":404,"error":"Not Found","message":"No message available"}', "No message available."),
        (b"<html><style>p{}</style><body><h1>Bad &amp; gone</h1>\n<p>Sorry</p></body>", "Bad & gone Sorry."),
        (b"upstream connect error", "upstream connect error."),
        (b"", "no message."),
        (b"[1, 2]", "no message."),
        (
            b'{"errorMessages":["see https://u:p@media.example/file?token=eyJ0"]}',
            "see https://media.example/file.",
        ),
    ],
)
def test_the_words_of_jira_are_found_in_every_shape(body: bytes, message: str) -> None:
    assert one_line(message_of(body)) == message


@given(st.binary() | st.text().map(str.encode))
def test_no_body_raises_or_breaks_a_line(body: bytes) -> None:
    message = one_line(message_of(body))
    assert len(message) <= 402
    assert not message or message.isprintable()


def test_an_error_says_what_happened_where_and_what_to_do() -> None:
    error = Forbidden("GET", "/rest/api/3/issue/1/remotelink", 403, "Issue linking is disabled.")
    assert str(error).startswith(
        "GET /rest/api/3/issue/1/remotelink: 403, Issue linking is disabled. Give the"
    )


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(Gone("GET", "/x", 410, "Removed.")))  # noqa: S301 (our own bytes)
    assert isinstance(error, Gone)
    assert error.status == 410
