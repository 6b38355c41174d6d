import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.fetch import fetch_month
from jira_assets.jira.fields import fetch_fields
from jira_assets.jira.slas import SlaSource, slas_among
from jira_assets.raw.record import NO_AGENT_LICENCE, Part, Record
from jira_assets.sandbox.accounts import Account
from jira_assets.sandbox.catalogue import SLA_FIELD, custom_field, system_fields
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect
from jira_assets_tests.jira.issues import MONTH, full_issue

FIRST, SECOND = "customfield_10071", "customfield_10072"
VALUE = {"id": "2", "name": "Antwortzeit", "completedCycles": []}
REFUSED = {"errorMessage": "Sie haben keine Berechtigung"}
AGENT = Account("agent@example.com", "agent-token")


def among(**fields: Any) -> tuple[Any, str | None]:
    raw = {name: Raw(json.dumps(value).encode()) for name, value in fields.items()}
    slas = slas_among(raw, [FIRST, SECOND])
    values = None if slas.payload is None else json.loads(slas.payload)
    assert slas.fields == tuple(values or ())
    return values, slas.refusal


@pytest.mark.parametrize(
    ("fields", "values", "refusal"),
    [
        ({FIRST: VALUE, SECOND: None}, {FIRST: VALUE, SECOND: None}, None),
        ({FIRST: VALUE, SECOND: REFUSED}, {FIRST: VALUE}, REFUSED["errorMessage"]),
        ({FIRST: REFUSED, SECOND: REFUSED}, None, REFUSED["errorMessage"]),
        ({FIRST: VALUE}, {FIRST: VALUE}, None),
        ({}, {}, None),
        ({"project": {"projectTypeKey": "software"}}, {}, None),
        ({"project": {"projectTypeKey": "service_desk"}}, None, "left out"),
        ({FIRST: [7]}, None, "no SLA"),
    ],
)
def test_only_what_is_an_sla_or_null_is_read(
    fields: dict[str, Any], values: object, refusal: str | None
) -> None:
    found, why = among(**fields)
    assert found == values
    assert (why is None) == (refusal is None)
    assert why is None or (why.startswith(NO_AGENT_LICENCE) and str(refusal) in why)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    catalogue = [
        *system_fields(),
        custom_field(10071, "Antwortzeit", "sd-servicelevelagreement", SLA_FIELD),
        custom_field(10072, "SLA, says the name", "string", "com.atlassian.jira:textfield"),
    ]
    issues = [
        full_issue(1, customfield_10071=VALUE, customfield_10072="text"),
        full_issue(2, customfield_10071=None, customfield_10072=None),
        full_issue(3, project="ENG", customfield_10071=VALUE),
    ]
    with serve(Site(issues, fields=catalogue)) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[JiraClient]:
    with connect(sandbox.url) as connected:
        yield connected


def slas(client: JiraClient, agent: JiraClient | None = None) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    source = SlaSource(lambda: fetch_fields(client).slas, agent)
    for records in fetch_month(client, MONTH, slas=source):
        for record in records:
            assert record.part is not Part.ISSUE or FIRST.encode() not in (record.payload or b"")
            if record.part is Part.SLA:
                found.setdefault(record.issue_id, []).append(record)
    return found


def test_sla_fields_are_found_by_their_type(client: JiraClient) -> None:
    assert fetch_fields(client).slas == {FIRST}


def test_slas_come_with_the_issues_for_an_account_that_may_read_them(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    found = slas(client)
    told = {issue_id: json.loads(record.payload or b"") for issue_id, [record] in found.items()}
    assert told == {"10001": {FIRST: VALUE}, "10002": {FIRST: None}, "10003": {FIRST: VALUE}}
    assert [request.path for request in sandbox.requests].count("/rest/api/3/issue/bulkfetch") == 0


def test_an_account_of_its_own_reads_them_in_one_call(sandbox: RunningSandbox, client: JiraClient) -> None:
    sandbox.account.agent = False
    sandbox.accounts.add(AGENT)
    with connect(sandbox.url, email=AGENT.email, token=AGENT.token) as agent:
        found = slas(client, agent)
        assert agent.statistics.requests == 1
    assert {issue_id: record.error for issue_id, [record] in found.items()} == dict.fromkeys(found)


def test_what_that_account_cannot_see_is_refused_and_not_empty(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.accounts.add(Account("other@example.com", "other-token", projects=frozenset({"SUP"})))
    with connect(sandbox.url, email="other@example.com", token="other-token") as agent:
        ((record,)) = slas(client, agent)["10003"]
    assert record.payload is None
    assert "cannot see the issue" in (record.error or "")


def test_without_a_licence_there_is_a_reason_in_the_place_of_values(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    sandbox.account.agent = False
    found = slas(client)
    assert {(record.payload, (record.error or "")[:16]) for record in found["10001"]} == {
        (None, NO_AGENT_LICENCE)
    }
    assert json.loads(found["10002"][0].payload or b"") == {FIRST: None}


def test_an_account_of_its_own_that_is_refused_fails_slas_and_nothing_else(
    sandbox: RunningSandbox, client: JiraClient
) -> None:
    with connect(sandbox.url, token="wrong") as agent:
        found = slas(client, agent)
    assert all("401" in (record.error or "") for [record] in found.values())
    assert len(found) == 3
