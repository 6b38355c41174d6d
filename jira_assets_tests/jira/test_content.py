"""The content of attachments: from Jira, by way of hosts that are told nothing of who we are."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jira_assets.http.transport import open_session
from jira_assets.jira.client import JiraClient
from jira_assets.jira.content import Content, Undelivered
from jira_assets.jira.errors import Forbidden, MissingOrForbidden, Redirected, Unauthorised
from jira_assets.jira.redirects import RedirectClient
from jira_assets.sandbox import faults
from jira_assets.sandbox.accounts import CLOUD_ID
from jira_assets.sandbox.attachments import media_id
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import full_issue

ID, EMPTY, LARGE, GIVEN = "77", "78", "79", "80"
SIZES = {ID: 5_000, EMPTY: 0, LARGE: 3_000_000, GIVEN: 8}
FILES = [{"id": id_, "filename": f"{id_}.txt", "size": size} for id_, size in SIZES.items()]
CONTENT_PATH, MEDIA_PATH = "/attachment/content/", "/file/"
SECRET = "token="


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    site = Site([full_issue(1, attachment=FILES)])
    site.attachment_contents[GIVEN] = b"contents"
    with serve(site) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def read(client: JiraClient, attachment_id: str = ID) -> bytes:
    return b"".join(Content(client, attachment_id, SIZES[attachment_id]).pieces())


def seen(sandbox: RunningSandbox, path: str) -> list[dict[str, str]]:
    """The headers of the requests for paths that contain this."""
    return [request.headers for request in sandbox.requests if path in request.path]


def redirect_to(location: str) -> Fault:
    return Fault("redirect", status=302, headers=lambda _now: {"Location": location})


@pytest.mark.parametrize("attachment_id", SIZES)
def test_content_comes_whole(client: JiraClient, attachment_id: str) -> None:
    assert len(read(client, attachment_id)) == SIZES[attachment_id]


def test_the_credential_goes_to_jira_and_to_nobody_else(sandbox: RunningSandbox, client: JiraClient) -> None:
    assert read(client, GIVEN) == b"contents"
    (to_jira,), (elsewhere,) = seen(sandbox, CONTENT_PATH), seen(sandbox, MEDIA_PATH)
    assert "authorization" in to_jira
    assert "authorization" not in elsewhere
    assert "cookie" not in elsewhere


def test_a_redirect_back_to_jira_is_followed_without_the_credential(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.faults.add(redirect_to(f"{sandbox.url}/rest/api/3/myself"), path=CONTENT_PATH)
    with pytest.raises(Undelivered, match=r"refuses the link \(401\)"):
        read(client)
    assert "authorization" not in seen(sandbox, "/myself")[0]


def test_a_refused_link_refuses_nothing_else(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.failing(401), path=MEDIA_PATH)
    with pytest.raises(Undelivered):
        read(client)
    sandbox.faults.clear()
    assert len(read(client)) == SIZES[ID]


def test_documents_call_the_file_by_the_id_in_the_link(client: JiraClient) -> None:
    content = Content(client, ID, SIZES[ID])
    assert content.find_media_id() == media_id(ID)


def test_a_scoped_token_reads_through_the_gateway(sandbox: RunningSandbox) -> None:
    with connect(f"{sandbox.url}/ex/jira/{CLOUD_ID}", token="sandbox-scoped-token") as gateway:
        assert read(gateway, GIVEN) == b"contents"


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("attachment_id", [ID, LARGE])
def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    sandbox: RunningSandbox, client: JiraClient, attachment_id: str, knows_ranges: bool
) -> None:
    whole = read(client, attachment_id)
    sandbox.options.knows_ranges = knows_ranges
    sandbox.faults.next(faults.truncated(), times=3, path=MEDIA_PATH)
    assert read(client, attachment_id) == whole
    ranges = [headers.get("range") for headers in seen(sandbox, MEDIA_PATH)[1:]]
    assert ranges[0] is None
    assert all(ranges[1:])


def test_a_link_that_has_expired_is_asked_for_anew(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.next(faults.failing(403), path=MEDIA_PATH)
    assert len(read(client)) == SIZES[ID]
    assert len(seen(sandbox, CONTENT_PATH)) == 2


@pytest.mark.parametrize("fault", [faults.unavailable(), faults.rate_limited(0), faults.broken_connection()])
@pytest.mark.parametrize("path", [CONTENT_PATH, MEDIA_PATH])
def test_what_passes_is_tried_again(
    sandbox: RunningSandbox, client: JiraClient, fault: Fault, path: str
) -> None:
    sandbox.faults.next(fault, times=2, path=path)
    assert len(read(client)) == SIZES[ID]


def test_what_does_not_pass_is_given_up(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(faults.unavailable(), path=MEDIA_PATH)
    with pytest.raises(Undelivered, match="does not answer"):
        read(client)


def test_a_refusal_of_jiras_is_told_as_one(sandbox: RunningSandbox, client: JiraClient) -> None:
    with pytest.raises(MissingOrForbidden):
        list(Content(client, "404", 3).pieces())
    sandbox.faults.next(faults.failing(403), path=CONTENT_PATH)
    with pytest.raises(Forbidden):
        read(client)
    sandbox.faults.next(faults.failing(401), path=CONTENT_PATH)
    with pytest.raises(Unauthorised):
        read(client)


@pytest.mark.parametrize("declared", [3, 7, 9, 5_000])
def test_content_of_another_size_than_jira_says_is_refused(client: JiraClient, declared: int) -> None:
    with pytest.raises(Undelivered, match=f"Jira says that it has {declared} bytes, but there are 8"):
        list(Content(client, GIVEN, declared).pieces())


@pytest.mark.parametrize(
    "location",
    [
        "http://example.com/file",
        "ftp://127.0.0.1/file",
        "file:///etc/passwd",
        "http://user:password@127.0.0.1/file",
        "https://",
        "//example.com/file",
    ],
)
def test_nobody_is_sent_to_an_unsafe_address(
    sandbox: RunningSandbox, client: JiraClient, location: str
) -> None:
    sandbox.faults.next(redirect_to(location), path=CONTENT_PATH)
    with pytest.raises(Undelivered, match="not safe") as caught:
        read(client)
    assert location not in str(caught.value)


def test_the_body_of_a_redirect_is_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        elsewhere = RedirectClient(address, (2.0, 2.0), lambda origin: open_session(origin, 1))

        def begin_an_answer() -> socket.socket:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000000000\r\n\r\n")
            return connection

        with ThreadPoolExecutor(1) as pool:
            answering = pool.submit(begin_an_answer)
            with elsewhere.get(address, {}) as response:
                assert response.is_redirect
            answering.result().close()


def test_what_is_no_address_is_not_followed(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.next(redirect_to("http://[::1"), path=CONTENT_PATH)
    with pytest.raises(Redirected):
        read(client)
    sandbox.faults.add(redirect_to("http://[::1"), path=MEDIA_PATH)
    with pytest.raises(Undelivered):
        read(client)


def test_redirects_come_to_an_end(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.faults.add(redirect_to(f"{sandbox.media_url}/file/again"), path=MEDIA_PATH)
    with pytest.raises(Undelivered, match="without end"):
        read(client)
    assert len(seen(sandbox, MEDIA_PATH)) == 5


def test_no_log_and_no_error_holds_a_signed_address(
    sandbox: RunningSandbox, client: JiraClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    read(client)
    assert "/file/" in caplog.text  # the library does tell what it asks for
    for fault in (faults.broken_connection(), faults.truncated(), faults.failing(403), faults.failing(404)):
        sandbox.faults.add(replace(fault, delay=0), path=MEDIA_PATH)
        with pytest.raises(Undelivered) as caught:
            read(client)
        sandbox.faults.clear()
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
    assert SECRET not in caplog.text


def test_a_path_is_made_of_nothing_but_an_id(client: JiraClient) -> None:
    with pytest.raises(ValueError, match="not the id"):
        Content(client, "../../myself", None)
