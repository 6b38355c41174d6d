"""Somebody who is forgotten leaves what Jira says, and nobody else does."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jira_assets.privacy.redaction import Redaction
from jira_assets_tests.privacy.forgetting import (
    ACCOUNT,
    ADDRESS,
    BOB,
    FORGOTTEN,
    MARIA,
    NAME,
    NOBODY,
    REMOVED,
    TOMBSTONE,
    document,
    forgotten,
    redacted,
)

TRACES = (ACCOUNT, NAME, ADDRESS)
_around = st.text(" \n,.;()<>!?'\"\\/", min_size=1, max_size=3)
_traced = st.builds("{}{}{}".format, _around, st.sampled_from(TRACES), _around) | st.sampled_from(TRACES)
_texts = st.text(max_size=20) | _traced
_NAMES = (
    "author accountId id key fields creator items from toString body text changelog user issue comment "
    "filename summary description customfield_1"
)
_names = st.sampled_from(_NAMES.split())
_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts | st.just(MARIA)
ANY_JSON = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_names | _traced | st.text("ab ", max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@example({"accountId": "", "key": f";{ACCOUNT};"})
@example({"accountId": "another", "key": NAME})
@given(ANY_JSON)
def test_nothing_of_them_is_left_in_any_json(value: Any) -> None:
    payload = json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")
    left = Redaction(FORGOTTEN).payload(payload)
    text = json.dumps(json.loads(left), ensure_ascii=False)
    # Within a longer word it is another one.
    assert not [trace for trace in TRACES if re.search(rf"(?<![^\W_]){re.escape(trace)}(?![^\W_])", text)]
    assert Redaction(FORGOTTEN).payload(left) is left


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_what_is_no_json_is_redacted_as_text(content: bytes) -> None:
    redaction = Redaction(FORGOTTEN)
    assert redaction.payload(content) is content
    left = redaction.payload(content + b" " + ADDRESS.encode() + b" {")
    assert left.startswith(content)
    assert ADDRESS.encode() not in left


@settings(max_examples=100, deadline=None)
@given(ANY_JSON)
def test_what_speaks_of_nobody_stays_as_it_is(value: Any) -> None:
    payload = json.dumps(value, ensure_ascii=False, indent=1).encode(errors="surrogatepass")
    assert (
        Redaction(forgotten("0a1b2c3d4e5f6a7b8c9d", name="Ada Byron", address="a@b.c")).payload(payload)
        is payload
    )


def test_however_deep_it_is_nested_nothing_is_left() -> None:
    deep: Any = {"author": MARIA, "body": "secret"}
    for _ in range(150):
        deep = [deep]
    assert "secret" not in json.dumps(redacted(deep))
    deeper = b"[" * 100_000 + json.dumps(MARIA).encode() + b"]" * 100_000
    assert ADDRESS.encode() not in Redaction(FORGOTTEN).payload(deeper)
    harmless = b"[" * 100_000 + b"]" * 100_000
    assert Redaction(FORGOTTEN).payload(harmless) is harmless


def test_half_a_character_does_not_save_anybody() -> None:
    left = Redaction(FORGOTTEN).payload(b'{"a": "\\ud83d ' + ADDRESS.encode() + b'"}')
    assert json.loads(left) == {"a": "\ud83d [forgotten]"}


def test_a_person_is_a_tombstone_without_anything_else() -> None:
    assert redacted({"assignee": MARIA, "reporter": BOB}) == {"assignee": NOBODY, "reporter": BOB}


def test_a_comment_loses_its_text_in_the_form_that_it_had() -> None:
    rich, wiki = (
        {"author": MARIA, "body": document()},
        {"author": MARIA, "body": "h1. x", "renderedBody": "<p>"},
    )
    others = {"author": BOB, "updateAuthor": MARIA, "body": "hello"}
    assert redacted([rich, wiki, others]) == [
        {"author": NOBODY, "body": REMOVED},
        {"author": NOBODY, "body": "[removed]", "renderedBody": "[removed]"},
        {"author": BOB, "updateAuthor": NOBODY, "body": "hello"},
    ]


def test_a_worklog_keeps_its_time() -> None:
    worklog = {"author": MARIA, "comment": document(), "timeSpentSeconds": 60}
    assert redacted([worklog]) == [{"author": NOBODY, "comment": REMOVED, "timeSpentSeconds": 60}]


@pytest.mark.parametrize(
    "people",
    [
        {"creator": MARIA, "reporter": BOB},
        {"creator": None, "reporter": MARIA},
        {"creator": BOB | {"accountType": "app"}, "reporter": MARIA},
    ],
)
def test_an_issue_loses_what_whoever_created_it_wrote(people: dict[str, Any]) -> None:
    texts = {"summary": "s", "description": document(), "environment": None, "customfield_1": "two words"}
    others = {"labels": ["two words"], "duedate": "2024-01-01", "customfield_2": {"value": "two words"}}
    fields = redacted({"id": "1", "fields": {**people, **texts, **others}})["fields"]
    assert {name: fields[name] for name in texts} == {
        "summary": "[removed]",
        "description": REMOVED,
        "environment": None,
        "customfield_1": "[removed]",
    }
    assert {name: fields[name] for name in others} == others


def test_an_issue_of_somebody_else_keeps_its_texts() -> None:
    fields = {"creator": BOB, "reporter": MARIA, "summary": "s"}
    assert redacted({"fields": fields}) == {"fields": fields | {"reporter": NOBODY}}


def test_their_issue_is_shown_by_others_without_its_summary() -> None:
    link = {
        "inwardIssue": {"id": "7", "key": "SUP-7", "fields": {"summary": "s", "status": {"name": "Open"}}}
    }
    left = redacted({"issuelinks": [link]}, Redaction(forgotten(issues=("7",))))
    assert left["issuelinks"][0]["inwardIssue"]["fields"] == {
        "summary": "[removed]",
        "status": {"name": "Open"},
    }


def test_an_attachment_keeps_only_the_extension_of_its_name() -> None:
    content = "https://example.atlassian.net/secure/attachment/1/CV%20Maria.pdf"
    left = redacted([{"id": "1", "author": MARIA, "filename": "CV Maria.pdf", "content": content, "size": 5}])
    assert left == [
        {
            "id": "1",
            "author": NOBODY,
            "filename": "removed.pdf",
            "content": "https://example.atlassian.net/secure/attachment/1/removed.pdf",
            "size": 5,
        }
    ]


def change(field: str, before: str | None, after: str | None, **ids: str | None) -> dict[str, Any]:
    return {"field": field, "from": None, "fromString": before, "to": None, "toString": after, **ids}


def test_changes_of_theirs_lose_texts_and_keep_what_has_ids() -> None:
    status = change("status", "Open", "Done", **{"from": "1", "to": "3"})
    moved = change("Key", "OLD-1", "SUP-1")
    file = change("Attachment", None, "CV.pdf", to="10")
    log = [
        {
            "author": MARIA,
            "items": [change("summary", "a", "b"), change("Notes", None, "c"), status, moved, file],
        }
    ]
    (left,) = redacted(log)
    without = [change("summary", None, None), change("Notes", None, None), status, moved]
    assert left["items"] == [*without, change("Attachment", None, None, to="10")]


def test_whoever_changes_a_text_of_theirs_it_is_not_kept() -> None:
    log = [{"author": BOB, "items": [change("description", "what she wrote", "what she wrote, and I")]}]
    assert redacted(log, issue_id="8") == log
    (left,) = redacted(log, Redaction(forgotten(issues=("8",))), issue_id="8")
    assert left["items"] == [change("description", None, None)]


def test_a_change_from_or_to_them_names_the_tombstone_whoever_made_it() -> None:
    several = change("Participants", None, f"Max, {NAME}", to=f"{BOB['accountId']}, {ACCOUNT}")
    assigned = change(
        "assignee", "Maria", "Bob", **{"from": ACCOUNT, "to": BOB["accountId"], "tmpFromAccountId": ACCOUNT}
    )
    (left,) = redacted([{"author": BOB, "items": [assigned, several]}])
    assert left["items"] == [
        change(
            "assignee",
            None,
            "Bob",
            **{"from": TOMBSTONE, "to": BOB["accountId"], "tmpFromAccountId": TOMBSTONE},
        ),
        change("Participants", None, None, to=f"{BOB['accountId']}, {TOMBSTONE}"),
    ]


def test_an_event_is_of_its_user() -> None:
    event = {
        "user": MARIA,
        "changelog": {"items": [change("summary", "a", "b")]},
        "issue": {"fields": {"summary": "b"}},
    }
    left = redacted(event)
    assert left["user"] == NOBODY
    assert left["changelog"]["items"] == [change("summary", None, None)]
    assert left["issue"] == event["issue"]


def test_mentions_are_of_nobody() -> None:
    mention = {"type": "mention", "attrs": {"id": ACCOUNT, "text": "@Maria", "accessLevel": ""}}
    (left,) = redacted(document(mention))["content"][0]["content"]
    assert left == {"type": "mention", "attrs": {"id": TOMBSTONE, "text": "@forgotten", "accessLevel": ""}}
    assert redacted({"body": f"[~accountid:{ACCOUNT}] hi"}) == {"body": f"[~accountid:{TOMBSTONE}] hi"}


def test_an_account_of_jira_server_is_known_by_its_key_where_it_is_one() -> None:
    redaction = Redaction(forgotten("maria"))
    person = {"key": "maria", "name": "mnunez", "displayName": "Maria"}
    left = redacted(
        {"author": person, "body": "x", "component": {"name": "maria"}, "label": "maria"}, redaction
    )
    assert left["author"].keys() == {"key", "displayName", "active"}
    assert (left["body"], left["component"], left["label"]) == ("[removed]", {"name": "maria"}, "maria")


def test_who_has_the_same_name_keeps_it() -> None:
    namesake = BOB | {"displayName": NAME}
    assert redacted({"author": namesake, "body": f"I am {NAME}"})["author"] == namesake


@pytest.mark.parametrize("name", ["accountId", "displayName", "emailAddress", "key", "name"])
def test_an_account_id_is_of_nobody_else_wherever_it_stands(name: str) -> None:
    described = redacted(BOB | {name: f"of {ACCOUNT}"})
    assert described[name] == f"of {TOMBSTONE}"


def test_what_changes_and_mentions_call_somebody_is_found_and_redacted_whatever_the_id_is_like() -> None:
    redaction = Redaction(forgotten("maria"))
    tombstone = redaction.forgotten.people[0].tombstone
    changed = change(
        "reporter", "M. Sommer", "Ann Autumn", **{"from": "maria", "to": "ann", "tmpToAccountId": "maria"}
    )
    payload = {"items": [changed], "body": {"attrs": {"id": "maria", "text": "@Mia Winter"}}}
    (traces,) = redaction.traces(json.dumps(payload).encode()).values()
    assert traces.names == {"M. Sommer", "Mia Winter"}
    left = redacted(payload, redaction)
    kept = {"from": tombstone, "to": "ann", "tmpToAccountId": tombstone}
    assert left["items"] == [change("reporter", None, None, **kept)]
    assert left["body"]["attrs"] == {"id": tombstone, "text": "@forgotten"}
