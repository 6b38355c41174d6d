"""The sandbox's answers against Atlassian's own description of them."""

from typing import Any

import pytest

from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.openapi import assert_valid_request, assert_valid_response
from jira_assets_tests.sandbox.caller import Caller

_ALL = "created >= 0 ORDER BY created, id"
_READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/myself", {}),
    ("/mypermissions", {"permissions": "BROWSE_PROJECTS"}),
    ("/serverInfo", {}),
    ("/configuration", {}),
    ("/field", {}),
    ("/project/search", {"maxResults": 2}),
    ("/search/jql", {"jql": _ALL, "fields": "*all", "maxResults": 20, "expand": "names,schema,changelog"}),
    ("/issue/10003", {"expand": "changelog,renderedFields"}),
    ("/issue/10003/changelog", {}),
    ("/issue/10004/comment", {}),
    ("/issue/10006/worklog", {}),
    ("/worklog/updated", {"since": 0}),
    ("/worklog/deleted", {}),
)
_BULK_READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/search/jql", {"jql": _ALL, "fields": ["*all"], "maxResults": 100, "reconcileIssues": [10000]}),
    ("/search/approximate-count", {"jql": _ALL}),
    ("/issue/bulkfetch", {"issueIdsOrKeys": [str(10_000 + n) for n in range(30)], "expand": ["changelog"]}),
    ("/changelog/bulkfetch", {"issueIdsOrKeys": [str(10_000 + n) for n in range(30)]}),
    ("/comment/list", {"ids": [400_002_048]}),
    ("/worklog/list", {"ids": [500_003_072]}),
)


@pytest.mark.parametrize(("path", "query"), _READS)
def test_reads_are_as_documented(generated: RunningSandbox, path: str, query: dict[str, Any]) -> None:
    assert_valid_request("GET", f"/rest/api/3{path}", query)
    response = Caller(generated).get(path, **query)
    assert response.status_code == 200
    assert_valid_response("GET", f"/rest/api/3{path}", 200, response.json())


@pytest.mark.parametrize(("path", "body"), _BULK_READS)
def test_bulk_reads_are_as_documented(generated: RunningSandbox, path: str, body: dict[str, Any]) -> None:
    assert_valid_request("POST", f"/rest/api/3{path}", {}, body)
    response = Caller(generated).post(path, body)
    assert response.status_code == 200
    assert_valid_response("POST", f"/rest/api/3{path}", 200, response.json())
    values = response.json()
    assert values, path


def test_remote_links_and_attachments_are_as_documented(generated: RunningSandbox) -> None:
    caller = Caller(generated)
    linked = next(issue.key for issue in generated.site if issue.remote_links != b"[]")
    path = f"/issue/{linked}/remotelink"
    assert_valid_response("GET", f"/rest/api/3{path}", 200, caller.get(path).json())
    attached = (issue.contents().value("attachment") for issue in generated.site)
    raw = next(value for value in attached if value not in {b"[]", b"null"})
    number = raw.partition(b'"id":"')[2].partition(b'"')[0].decode()
    path = f"/attachment/{number}"
    assert_valid_response("GET", f"/rest/api/3{path}", 200, caller.get(path).json())


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/search/jql", {}, {"jql": "a", "startAt": 0}),
        ("POST", "/search/jql", {}, {"jql": "a", "expand": ["names"]}),
        ("POST", "/issue/bulkfetch", {}, {"issueIdsOrKeys": ["1"], "expand": "changelog"}),
        ("GET", "/search/jql", {"jql": "a", "startAt": 0}, None),
        ("GET", "/issue/1", {"field": "summary"}, None),
        ("GET", "/issue/1/comment", {"startAt": "x"}, None),
        ("GET", "/nothing", {}, None),
    ],
)
def test_what_is_not_documented_is_found_out(
    method: str, path: str, query: dict[str, Any], body: Any
) -> None:
    with pytest.raises(AssertionError):
        assert_valid_request(method, f"/rest/api/3{path}", query, body)
