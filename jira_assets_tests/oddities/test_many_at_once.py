"""Several oddities of every kind in one site, drawn at random: what is not odd is there and published."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jira_assets.http import throttle
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.oddities.odd_site import Answered, Asked, odd_pipeline
from jira_assets_tests.pipeline import Pipeline

_ISSUES = 120
_OF_EACH_KIND = 2
_PARTS = ("comments", "worklogs", "changelog", "issuelinks", "attachments", "remote_links")
_ITEM = {"field": "summary", "fieldId": "summary", "fieldtype": "jira", "fromString": "a", "toString": "b"}

Issue = dict[str, Any]


def _issue(number: int) -> Issue:
    """One with one of everything, of one of three months."""
    created = f"2024-{number % 3 + 1:02}-05T10:00:00.000+0000"
    attachment = {"id": f"{number}1", "filename": "a.txt", "created": created, "size": 1}
    link = {"id": f"{number}2", "type": {"name": "Blocks"}, "outwardIssue": {"id": "10001", "key": "SUP-1"}}
    issue = full_issue(
        number,
        created=created,
        comments=1,
        worklogs=1,
        histories=1,
        remote_links=1,
        attachment=[attachment],
        issuelinks=[link],
        description="text",
    )
    fields = issue["fields"]
    lists = (fields["comment"]["comments"], fields["worklog"]["worklogs"], issue["changelog"]["histories"])
    for place, elements in enumerate(lists, 3):
        elements[0]["id"] = f"{number}{place}"
    issue["changelog"]["histories"][0]["items"] = [_ITEM]
    return issue


def _repeats(elements: Callable[[Issue], list[Any]]) -> Callable[[Issue], None]:
    return lambda issue: elements(issue).append(dict(elements(issue)[0]))


def _has_odd_values(issue: Issue) -> None:
    issue["fields"] |= {
        "timespent": 3600.0,
        "labels": ["x", 7],
        "priority": [],
        "a'\"\\\n b": 1,
        "votes": "many",
    }


def _is_of_the_future(issue: Issue) -> None:
    issue["fields"]["updated"] = "2031-05-05T10:00:00.000+0000"


_IN_THE_SITE: dict[str, Callable[[Issue], None]] = {
    "repeated link": _repeats(lambda issue: issue["fields"]["issuelinks"]),
    "repeated attachment": _repeats(lambda issue: issue["fields"]["attachment"]),
    "repeated comment": _repeats(lambda issue: issue["fields"]["comment"]["comments"]),
    "repeated worklog": _repeats(lambda issue: issue["fields"]["worklog"]["worklogs"]),
    "repeated change": _repeats(lambda issue: issue["changelog"]["histories"]),
    "repeated remote link": _repeats(lambda issue: issue["remotelinks"]),
    "odd values": _has_odd_values,
    "updated in the future": _is_of_the_future,
}
_IN_ANSWERS = (
    "breaks its page",
    "breaks its histories",
    "counts too many",
    "history only embedded",
)


class _Odd:
    """Makes answers odd that hold certain issues."""

    def __init__(self, chosen: dict[str, list[str]]) -> None:
        self._of = {kind: set(chosen[kind]) for kind in _IN_ANSWERS}

    def __call__(self, asked: Asked, answered: Answered) -> None:
        is_list = asked.path.endswith(("/search/jql", "/issue/bulkfetch"))
        if is_list and "*all" in asked.body["fields"] and self._has(answered, "breaks its page"):
            answered.refuse(500)
        elif asked.path.endswith("/changelog/bulkfetch"):
            self._histories(asked, answered)
        elif asked.path.endswith(tuple(f"{each}/changelog" for each in self._of["history only embedded"])):
            answered.json |= {"values": [], "total": 0, "isLast": True}
        for issue in answered.issues:
            comments = issue.get("fields", {}).get("comment")
            if issue.get("id") in self._of["counts too many"] and comments:
                comments["total"] += 1
        if asked.path.endswith(tuple(f"{each}/comment" for each in self._of["counts too many"])):
            answered.json["total"] += 1

    def _has(self, answered: Answered, kind: str) -> bool:
        return any(issue.get("id") in self._of[kind] for issue in answered.issues)

    def _histories(self, asked: Asked, answered: Answered) -> None:
        if self._of["breaks its histories"].intersection(asked.body["issueIdsOrKeys"]):
            answered.refuse(400)
        else:
            silent = self._of["history only embedded"]
            logs = answered.json["issueChangeLogs"]
            answered.json["issueChangeLogs"] = [log for log in logs if str(log["issueId"]) not in silent]


def test_what_is_odd_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "backoff", lambda *_: 0.0)  # nobody waits before the next try
    issues = {issue["id"]: issue for issue in map(_issue, range(1, _ISSUES + 1))}
    drawn = iter(random.Random(12).sample(sorted(issues), _ISSUES))
    chosen = {kind: [next(drawn) for _ in range(_OF_EACH_KIND)] for kind in (*_IN_THE_SITE, *_IN_ANSWERS)}
    for kind, make_odd in _IN_THE_SITE.items():
        for issue_id in chosen[kind]:
            make_odd(issues[issue_id])
    with odd_pipeline(list(issues.values()), tmp_path, _Odd(chosen)) as pipe:
        run = pipe.run("2024-01", "2024-03")
        assert run.materialized("published") == ["2024-01", "2024-02", "2024-03"]
        assert _published(pipe) == dict.fromkeys(issues, (1,) * len(_PARTS))
        expected = {f"SUP-{int(each) - 10_000}" for each in chosen["counts too many"]}
        incomplete = pipe.published("SELECT issue_key FROM jira_completeness WHERE stored < expected")
        assert {key for (key,) in incomplete} == expected
        assert pipe.failed_checks() == {
            "completeness.complete",
            "completeness.nothing_repeated",
            "unreadable_values.everything_was_read",
        }


def _published(pipe: Pipeline) -> dict[str, tuple[int, ...]]:
    """How many rows each issue has in each table of parts."""
    counts = ", ".join(
        f"(SELECT count(*) FROM jira_{part} AS part WHERE part.issue_id = issue.issue_id)" for part in _PARTS
    )
    return {row[0]: row[1:] for row in pipe.published(f"SELECT issue_id, {counts} FROM jira_issues AS issue")}
