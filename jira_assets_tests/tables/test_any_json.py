"""Whatever JSON stands in any one place, nothing is raised and nothing else is lost."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jira_assets.raw.record import Part
from jira_assets_tests.default_tables import BY_NAME, MAPPING
from jira_assets_tests.tables.building import Row, build, issue, numbered, rows
from jira_assets_tests.tables.sites import site_with

_FIELDS = [
    "summary",
    "description",
    "environment",
    "issuetype",
    "status",
    "priority",
    "resolution",
    "project",
    "creator",
    "reporter",
    "assignee",
    "created",
    "updated",
    "resolutiondate",
    "duedate",
    "labels",
    "components",
    "fixVersions",
    "versions",
    "parent",
    "security",
    "votes",
    "watches",
    "timespent",
    "timeestimate",
    "timeoriginalestimate",
    "attachment",
    "issuelinks",
    "comment",
    "worklog",
    "customfield_0",
    "unheard_of",
]
_CONFIGURED = {f"customfield_{n}": each.field_name or "" for n, each in enumerate(MAPPING)}
_SITE = site_with({id_: name for name, id_ in {name: id_ for id_, name in _CONFIGURED.items()}.items()})
_NAMES = [
    "id",
    "key",
    "name",
    "value",
    "displayName",
    "emailAddress",
    "accountId",
    "statusCategory",
    "fields",
    "total",
    "type",
    "content",
    "text",
    "url",
    "title",
    "status",
    "resolved",
    "created",
    "items",
    "field",
    "from",
    "fromString",
    "inwardIssue",
    "ongoingCycle",
    "completedCycles",
    "breached",
    "goalDuration",
    "millis",
    "elapsedTime",
    "requestType",
    "currentStatus",
    "rating",
    "child",
    "self",
    "object",
    "application",
    "votes",
    "watchCount",
    "size",
    "author",
    "body",
]

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63), 2**63 - 1, 10**30, -(10**18), 253_402_300_800_000])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(
        ["2024-01-05", "2024-01-05T10:00:00", "+99999-01-01T00:00:00.000+0000", "0000-01-01T00:00:00+0000"]
    )
)
_json = st.recursive(
    _scalars,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=4), children, max_size=4)
    ),
    max_leaves=12,
)


def _encoded(value: object) -> bytes:
    """As other clients write it: half a character is an escape."""
    return json.dumps(value, ensure_ascii=True).encode()


_GOOD: dict[str, Any] = {
    "duedate": "2024-02-01",
    "labels": ["kept"],
    "customfield_0": "kept",
    "attachment": [{"id": "7", "size": 3}],
    "issuelinks": [{"id": "8", "inwardIssue": {"key": "SUP-9"}}],
}


def _kept(found: dict[str, Row], skipped: str) -> dict[str, object]:
    row = found["10001"]
    columns = {"summary": "summary", "duedate": "due_date", "labels": "labels", "created": "created_at"}
    return {column: row[column] for field, column in columns.items() if field != skipped}


@given(st.sampled_from(_FIELDS) | st.sampled_from(sorted(_CONFIGURED)), _json)
@example("created", 10**30)
@example("customfield_13", {"rating": 10**30})
@example("customfield_0", "\ud800")
@settings(max_examples=200, deadline=None)
def test_any_value_of_any_field_costs_no_other(field: str, value: object) -> None:
    payload = _encoded(issue(**_GOOD | {field: value}))
    built = build({Part.ISSUE: payload}, {Part.ISSUE: numbered(2, **_GOOD)}, site=_SITE)
    found = {row["issue_id"]: row for row in rows(built, "issues")}
    expected = {
        row["issue_id"]: row for row in rows(build({Part.ISSUE: issue(**_GOOD)}, site=_SITE), "issues")
    }
    assert _kept(found, field) == _kept(expected, field)
    assert {problem.issue_key for problem in built.problems} <= {"SUP-1"}


@pytest.mark.parametrize(
    ("part", "names"),
    [
        (Part.COMMENTS, "author updateAuthor body created updated jsdPublic visibility"),
        (Part.CHANGELOG, "author created"),
        (Part.WORKLOGS, "author comment started created updated timeSpentSeconds"),
        (Part.REMOTE_LINKS, "globalId application relationship object"),
    ],
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_value_in_a_child_costs_no_row(part: Part, names: str, data: st.DataObject) -> None:
    child: dict[str, Any] = {"id": "1", "items": [{"field": "status"}]}
    odd = child | {data.draw(st.sampled_from(names.split())): data.draw(_json)}
    built = build({Part.ISSUE: issue(), part: _encoded([odd, child | {"id": "2"}])})
    assert built.frames[part.value].height == 2


@pytest.mark.parametrize("name", ["attachment", "issuelinks"])
@given(value=_json)
@settings(max_examples=60, deadline=None)
def test_any_element_of_an_embedded_list_costs_no_other(name: str, value: object) -> None:
    built = build({Part.ISSUE: _encoded(issue(**{name: [value, {"id": "kept"}]}))})
    table = {"attachment": "attachments"}.get(name, name)
    assert "kept" in built.frames[table][BY_NAME[table].primary_key[0]].to_list()
