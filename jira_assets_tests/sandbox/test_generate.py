import itertools
from collections import Counter
from typing import Any

import pytest

from jira_assets.sandbox.generate import generate, generated_site
from jira_assets.sandbox.times import parse_time


@pytest.fixture(scope="module")
def issues() -> list[dict[str, Any]]:
    return list(generate(300, seed=3))


def _length(issue: dict[str, Any], field: str, inner: str) -> int:
    return len((issue["fields"][field] or {}).get(inner, []))


def test_the_same_seed_gives_the_same_issues(issues: list[dict[str, Any]]) -> None:
    assert list(generate(300, seed=3)) == issues
    assert next(generate(300, seed=4)) != issues[0]


def test_a_million_issues_are_made_one_by_one() -> None:
    first = list(itertools.islice(generate(1_000_000), 3))
    assert [issue["id"] for issue in first] == ["10000", "10001", "10002"]


def test_ids_and_keys_are_unique(issues: list[dict[str, Any]]) -> None:
    for name in ("id", "key"):
        assert len({issue[name] for issue in issues}) == len(issues)
    for field, inner in (("comment", "comments"), ("worklog", "worklogs")):
        ids = [each["id"] for issue in issues for each in (issue["fields"][field] or {}).get(inner, [])]
        assert len(set(ids)) == len(ids)


def test_the_first_ten_already_have_every_rarity() -> None:
    first_ten = list(generate(10))
    assert "bodiedSyncBlock" in str(first_ten[0]["fields"]["description"])
    created = first_ten[1]["fields"]["created"]
    assert parse_time(created) >= parse_time("2026-02-01T00:00:00+0000")
    assert any(item["field"] == "Key" for item in first_ten[2]["changelog"]["histories"][-1]["items"])
    assert len(first_ten[3]["changelog"]["histories"]) > 100
    assert _length(first_ten[4], "comment", "comments") > 100
    assert 20 < _length(first_ten[5], "comment", "comments") < 100
    assert _length(first_ten[6], "worklog", "worklogs") > 20
    assert len(str(first_ten[7]["fields"]["description"])) > 200_000
    assert "\x00" in first_ten[8]["fields"]["description"]["content"][0]["content"][0]["text"]
    assert first_ten[9]["fields"]["comment"] is None


def test_some_months_differ_between_utc_and_local_time(issues: list[dict[str, Any]]) -> None:
    created = [issue["fields"]["created"] for issue in issues]
    assert any(text.startswith("2026-01-31T23:30:") and text.endswith("-0800") for text in created)
    assert len({text[-5:] for text in created}) > 4


def test_links_are_the_same_at_both_ends(issues: list[dict[str, Any]]) -> None:
    ends = Counter(link["id"] for issue in issues for link in issue["fields"]["issuelinks"] or [])
    assert ends
    assert set(ends.values()) == {2}
    by_id = {issue["id"]: issue for issue in issues}
    for issue in issues:
        for link in issue["fields"]["issuelinks"] or []:
            assert ("inwardIssue" in link) != ("outwardIssue" in link)
            other = link.get("inwardIssue") or link["outwardIssue"]
            linked = by_id[other["id"]]
            assert other["key"] == linked["key"]
            assert other["fields"]["summary"] == linked["fields"]["summary"]


def test_parents_know_their_subtasks(issues: list[dict[str, Any]]) -> None:
    children = {
        issue["key"]: issue["fields"]["parent"]["key"] for issue in issues if "parent" in issue["fields"]
    }
    listed = {child["key"]: issue["key"] for issue in issues for child in issue["fields"]["subtasks"]}
    assert children
    assert children == listed


def test_categories_are_localised_but_their_keys_are_not(issues: list[dict[str, Any]]) -> None:
    german = [issue["fields"]["status"] for issue in issues if issue["key"].startswith("KUNDE-")]
    assert ("Fertig", "done") in {
        (each["statusCategory"]["name"], each["statusCategory"]["key"]) for each in german
    }


def test_slas_come_in_every_state(issues: list[dict[str, Any]]) -> None:
    values = [
        issue["fields"].get(field) for issue in issues for field in ("customfield_10070", "customfield_10071")
    ]
    agreements = [value for value in values if value]
    ongoing = [value["ongoingCycle"] for value in agreements if value.get("ongoingCycle")]
    assert None in values
    assert any(cycle["paused"] for cycle in ongoing)
    assert any(cycle["breached"] and cycle["remainingTime"]["millis"] < 0 for cycle in ongoing)
    assert any(len(value["completedCycles"]) > 1 for value in agreements)
    assert any("ongoingCycle" not in value for value in agreements)


def test_the_catalogue_names_every_field_that_is_used() -> None:
    site = generated_site(50)
    known = {field["id"] for field in site.fields()}
    used = {name for issue in site for name in issue.contents().fields}
    assert used <= known
    names = Counter(field["name"] for field in site.fields())
    assert names["Team"] == 2
