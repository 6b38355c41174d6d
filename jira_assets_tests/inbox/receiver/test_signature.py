import pytest
import requests

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import SECRET, deliver, event, health, signature

OFFICIAL_PAYLOAD = b"Hello World!"
OFFICIAL_SIGNATURE = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
BODY = event()
DIGITS = signature(BODY).removeprefix("sha256=")


def test_the_example_of_atlassians_documentation_passes(url: str, unreadable: Inbox) -> None:
    headers = {"X-Hub-Signature": OFFICIAL_SIGNATURE}
    answer = requests.post(f"{url}/webhooks/jira", data=OFFICIAL_PAYLOAD, headers=headers, timeout=10)
    assert answer.status_code == 202
    assert [unreadable.read(name).body for name in unreadable.names()] == [OFFICIAL_PAYLOAD]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        signature(b"another body"),
        signature(BODY, "another secret"),
        signature(BODY, ""),
        f"sha256={DIGITS[:-1]}",
        f"sha256={DIGITS}0",
        f"sha256={DIGITS},sha256={DIGITS}",
        f"sha1={DIGITS[:40]}",
        f"sha512={DIGITS}{DIGITS}",
        f"SHA256={DIGITS}",
        f"sha256:{DIGITS}",
        DIGITS,
        f"sha256={DIGITS[:-1]}é".encode(),
        b"sha256=" + "٣".encode() * 64,
        "sha256=../../etc/passwd",
    ],
)
def test_any_other_signature_is_refused_and_nothing_is_kept(
    url: str, inbox: Inbox, unreadable: Inbox, header: str | bytes | None
) -> None:
    headers = {} if header is None else {"X-Hub-Signature": header}
    answer = requests.post(f"{url}/webhooks/jira", data=BODY, headers=headers, timeout=10)
    assert answer.status_code == 401
    assert inbox.names() == unreadable.names() == []
    assert health(url)["counts"]["unauthorised"] == 1


def test_while_a_secret_is_replaced_both_sign(settings: Settings, inbox: Inbox) -> None:
    rotating = settings.with_values(JIRA_WEBHOOK_SECRET="new", JIRA_WEBHOOK_SECRET_PREVIOUS=SECRET)
    with running(rotating) as url:
        statuses = [
            deliver(url, event(number), secret=secret).status_code
            for number, secret in enumerate(["new", SECRET, "neither"])
        ]
        assert health(url)["secrets"] == 2
    assert statuses == [200, 200, 401]
    assert len(inbox.names()) == 2


@pytest.mark.parametrize("secret", ["", "  "])
def test_defect_3_without_a_secret_everything_is_refused(
    settings: Settings, inbox: Inbox, secret: str
) -> None:
    with running(settings.with_values(JIRA_WEBHOOK_SECRET=secret), debug=True) as url:
        answers = [
            deliver(url, BODY, secret=secret),
            requests.post(f"{url}/webhooks/jira", data=BODY, timeout=10),
            requests.post(f"{url}/webhooks/jira/test", data=b"{}", timeout=10),
            requests.get(f"{url}/metrics", timeout=10),
            requests.get(f"{url}/anything", timeout=10),
            requests.request("PROPFIND", f"{url}/webhooks/jira", timeout=10),
            requests.post(f"{url}/webhooks/jira/health", timeout=10),
            requests.get(f"{url}/webhooks/jira/health", timeout=10),
        ]
    assert {answer.status_code for answer in answers} == {503}
    assert answers[-1].json()["status"] == "refusing"
    assert answers[-1].json()["secret_set"] is False
    assert "JIRA_WEBHOOK_SECRET" in answers[-1].json()["reason"]
    assert inbox.names() == []
