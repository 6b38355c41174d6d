import pytest
import requests

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.sandbox.caller import Caller, issue


@pytest.fixture(autouse=True)
def _attachment(running: RunningSandbox) -> None:
    file = {"id": "77", "filename": "a.txt", "size": 5000, "mimeType": "text/plain"}
    running.site.put(issue(1, attachment=[file]))


def test_contents_are_on_another_host_with_a_token_of_its_own(
    running: RunningSandbox, caller: Caller
) -> None:
    response = caller.get("/attachment/content/77")
    location = response.headers["Location"]
    assert (response.status_code, location.startswith(running.media_url)) == (303, True)
    assert running.media_url != running.url
    assert len(requests.get(location, timeout=10).content) == 5000


def test_the_media_host_refuses_forwarded_credentials(running: RunningSandbox, caller: Caller) -> None:
    location = caller.get("/attachment/content/77").headers["Location"]
    assert requests.get(location, auth=("me@example.com", "secret"), timeout=10).status_code == 400
    assert running.requests[-1].to_media_host
    assert "authorization" in running.requests[-1].headers


def test_the_link_is_short_lived(running: RunningSandbox, caller: Caller) -> None:
    location = caller.get("/attachment/content/77").headers["Location"]
    now = running.site.clock()
    running.site.clock = lambda: now + 61_000
    assert requests.get(location, timeout=10).status_code == 403
    assert requests.get(location.replace("token=", "token=x"), timeout=10).status_code == 403


def test_without_redirect_the_site_streams_and_knows_ranges(running: RunningSandbox, caller: Caller) -> None:
    whole = caller.get("/attachment/content/77", redirect="false")
    assert (whole.status_code, len(whole.content), whole.headers["Content-Type"][:10]) == (
        200,
        5000,
        "text/plain",
    )
    url = f"{running.url}/rest/api/3/attachment/content/77?redirect=false"
    auth = (running.account.email, running.account.token)
    part = requests.get(url, auth=auth, headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert requests.get(url, auth=auth, headers={"Range": "bytes=5000-"}, timeout=10).status_code == 416


def test_metadata_has_a_number_for_an_id_and_does_not_name_the_issue(caller: Caller) -> None:
    metadata = caller.get("/attachment/77").json()
    assert metadata["id"] == 77
    assert "issue" not in metadata
    assert caller.get("/attachment/78").status_code == 404


def test_contents_can_be_given(running: RunningSandbox, caller: Caller) -> None:
    running.site.attachment_contents["77"] = b"hello"
    assert caller.get("/attachment/content/77", redirect="false").content == b"hello"


def test_a_long_file_is_made_while_it_is_sent(running: RunningSandbox, caller: Caller) -> None:
    file = {"id": "78", "filename": "b", "size": 1_000_000}
    running.site.put(issue(2, attachment=[file]))
    location = caller.get("/attachment/content/78").headers["Location"]
    whole = requests.get(location, timeout=10)
    assert (whole.headers["Content-Length"], len(whole.content)) == ("1000000", 1_000_000)
    part = requests.get(location, headers={"Range": "bytes=300000-"}, timeout=10)
    assert (part.status_code, part.content) == (206, whole.content[300_000:])


def test_a_media_host_may_know_no_ranges(running: RunningSandbox, caller: Caller) -> None:
    running.options.knows_ranges = False
    location = caller.get("/attachment/content/77").headers["Location"]
    answer = requests.get(location, headers={"Range": "bytes=10-"}, timeout=10)
    assert (answer.status_code, len(answer.content)) == (200, 5000)
