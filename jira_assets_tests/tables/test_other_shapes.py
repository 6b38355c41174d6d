"""Values that say the same in another shape than Jira documents, and fields with ids like no other."""

import json
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.raw.record import Part
from jira_assets.tables.envelope import EnvelopeReader
from jira_assets.tables.shapes import Fields
from jira_assets_tests.tables.building import build, issue, numbered, row, rows


@pytest.mark.parametrize(
    ("field", "written", "column", "kept"),
    [
        ("timespent", 3600.0, "time_spent_s", 3600),
        ("timespent", "3600", "time_spent_s", 3600),
        ("timespent", "-3600.0", "time_spent_s", -3600),
        ("timespent", "3.6e3", "time_spent_s", 3600),
        ("timespent", [3600], "time_spent_s", 3600),
        ("timespent", 4.5e18, "time_spent_s", 45 * 10**17),
        ("votes", {"votes": "3"}, "votes", 3),
        ("comment", {"total": 5.0}, "comment_count", 5),
        ("labels", ["x", 7, None], "labels", ["x", "7"]),
        ("labels", "urgent", "labels", ["urgent"]),
        ("labels", [None], "labels", []),
        ("components", {"name": "API"}, "components", ["API"]),
        ("fixVersions", [{"name": 2.1}, {"name": True}], "fix_versions", ["2.1", "true"]),
        ("summary", 7, "summary", "7"),
        ("summary", {"value": "It"}, "summary", "It"),
        ("priority", [{"name": "High"}], "priority", "High"),
        ("reporter", {"accountId": 7, "displayName": ["Ann"]}, "reporter_name", "Ann"),
        ("parent", {"id": 10009.0}, "parent_id", "10009"),
    ],
)
def test_what_says_the_same_in_another_shape_is_kept(
    field: str, written: object, column: str, kept: object
) -> None:
    built = build({Part.ISSUE: issue(**{"duedate": "2024-02-01", field: written})})
    assert row(built)[column] == kept
    assert row(built)["due_date"] == date(2024, 2, 1)


def test_texts_of_true_and_false_are_kept_and_ids_are_texts() -> None:
    comments = [{"id": 5.0, "jsdPublic": "False"}, {"id": "6", "jsdPublic": 1}, {"id": {"a": 1}}]
    built = build({Part.ISSUE: issue(), Part.COMMENTS: comments})
    assert [(each["comment_id"], each["is_public"]) for each in rows(built, "comments")] == [
        ("5", False),
        ("6", None),
    ]
    assert len(built.problems) == 3  # the second's word, the third's id, and that it has none


@pytest.mark.parametrize("number", ["1e400", "-1E+999999999", "9" * 5000, "9" * 5000 + ".5e7"])
def test_a_number_that_no_computer_counts_with_is_kept_as_text(number: str) -> None:
    payload = (
        b'{"id": "10001", "key": "SUP-1", "fields": {"summary": "1e400 \\" 2e500", "timespent": %b, '
        b'"customfield_1": {"n": [%b]}}}' % (number.encode(), number.encode())
    )
    built = build({Part.ISSUE: payload})
    assert row(built)["custom_fields"] == json.dumps(
        {"customfield_1": {"n": [number]}}, separators=(",", ":")
    )
    assert (row(built)["summary"], row(built)["time_spent_s"]) == ('1e400 " 2e500', None)
    assert [problem.field for problem in built.problems] == ["issue.fields.timespent"]


_ODD_IDS = [
    'customfield_1"0',
    "customfield_\\",
    "customfield_\n\x00",
    "we ird'.*",
    "",
    "ü b",
    "x y" * 9000,
    "\\u0041 ",
]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(_ODD_IDS) | st.text().map("customfield_{}".format), st.integers(1, 9), max_size=5
        ),
        max_size=6,
    )
)
@settings(max_examples=100, deadline=None)
def test_fields_are_kept_whatever_their_ids_are(fields: list[dict[str, int]]) -> None:
    built = build(*({Part.ISSUE: numbered(n, **each)} for n, each in enumerate(fields)))
    shown = [json.loads(each["custom_fields"] or "{}") for each in rows(built, "issues")]
    assert shown == fields
    assert built.problems == []


def _refuse(path: str, reason: str) -> None:
    raise AssertionError(f"{path}: {reason}")


def test_ids_that_one_issue_has_alone_cost_the_others_nothing() -> None:
    reader = EnvelopeReader()
    odd = json.dumps(issue(**{f"customfield_{n}": n for n in range(3000)})).encode()
    usual = json.dumps(issue(customfield_0=1)).encode()
    issues = [reader.read(payload, _refuse) for payload in (odd, usual, usual)]
    own = [found and reader.own_fields(found, _refuse) for found in issues]
    assert own == [{f"customfield_{n}": n for n in range(3000)}, {"customfield_0": 1}, {"customfield_0": 1}]
    found = issues[-1]
    assert found is not None
    assert found.others == {}
    assert len(msgspec.structs.fields(found.envelope.fields)) == len(msgspec.structs.fields(Fields)) + 1
