"""Issues of real sites, from public collections; skipped where they are not installed."""

import csv
import gzip
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jira_assets.raw.record import Part
from jira_assets.tables.frames import Built
from jira_assets_tests.shared_data import shared
from jira_assets_tests.tables.building import build, issue, parts_of, rows

csv.field_size_limit(10_000_000)


def _issues_in(value: object) -> Iterator[dict[str, Any]]:
    """Whatever looks like an issue, anywhere in a JSON document."""
    if isinstance(value, list):
        for each in value:
            yield from _issues_in(each)
    elif isinstance(value, dict) and isinstance(value.get("fields"), dict) and {"id", "key"} <= value.keys():
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _issues_in(each)


def _documents(path: Path) -> Iterator[object]:
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        yield from map(json.loads, text.splitlines())
    else:
        yield json.loads(text)


def _found(folder: str) -> list[dict[str, Any]]:
    files = sorted(path for path in shared(folder).rglob("*.json*"))
    return [found for path in files for document in _documents(path) for found in _issues_in(document)]


@pytest.mark.parametrize(
    ("folder", "at_least", "odd"),
    [
        ("real/apache-2025", 364, set()),
        ("real/airbyte", 3, set()),
        ("real/devlake/jsonl", 50, set()),
        ("real/fixtures/jirametrics", 10, set()),
        ("real/fixtures/faros", 5, set()),
        # Two issues of Jira 4 have attachments without ids, worklogs without an envelope, and an address
        # where others have the history itself.
        (
            "real/fixtures/atlassian-jrjc",
            19,
            {
                ("TST-1", "issue.changelog"),
                ("TST-1", "attachment"),
                ("TST-5", "issue.fields.worklog"),
                ("TST-5", "issue.changelog"),
            },
        ),
    ],
)
def test_every_recorded_issue_is_read(folder: str, at_least: int, odd: set[tuple[str, str]]) -> None:
    found = {str(each["id"]): each for each in _found(folder)}
    assert len(found) >= at_least
    built = build(*map(parts_of, found.values()))
    assert {row["issue_id"] for row in rows(built, "issues")} == found.keys()
    assert {(problem.issue_key, problem.field) for problem in built.problems} == odd


_BOARD = '{"ConnectionId":2,"BoardId":8}'
"""What DevLake's expected parses are of; some of what it recorded belongs to other boards."""


def _recorded(path: str) -> list[dict[str, str]]:
    with shared(f"real/devlake/{path}").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _answers(path: str) -> Iterator[tuple[str, Any]]:
    """What Jira answered about the board, and the id of the issue that it was asked about."""
    for line in _recorded(path):
        if line["params"] == _BOARD:
            yield str((json.loads(line["input"]) or {}).get("issue_id")), json.loads(line["data"])


def _build_part(part: Part, path: str) -> Built:
    by_issue: dict[str, dict[object, Any]] = defaultdict(dict)
    for issue_id, child in _answers(path):
        # Some were recorded twice, the first time anonymous; worklogs of another issue say so themselves.
        by_issue[child.get("issueId", issue_id)].setdefault(child["id"], child)
    return build(
        *({Part.ISSUE: issue() | {"id": id_}, part: list(found.values())} for id_, found in by_issue.items())
    )


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _path(url: str) -> str:
    """The part of an address that is the same before and after DevLake made it anonymous."""
    return url.split("/-/")[-1]


def test_remote_links_equal_the_expected_parse() -> None:
    built = _build_part(Part.REMOTE_LINKS, "raw_tables/_raw_jira_api_remotelinks.csv")
    expected = sorted(
        (line["issue_id"], line["remotelink_id"], _path(line["url"]), line["title"])
        for line in _recorded("snapshot_tables/_tool_jira_remotelinks.csv")
    )
    found = [
        (r["issue_id"], r["remote_link_id"], _path(r["url"]), r["title"]) for r in rows(built, "remote_links")
    ]
    assert sorted(found) == expected
    assert built.problems == []


def test_worklogs_equal_the_expected_parse() -> None:
    built = _build_part(Part.WORKLOGS, "raw_tables/_raw_jira_api_worklogs.csv")
    expected = {
        (
            w["issue_id"],
            w["worklog_id"],
            w["author_id"],
            int(w["time_spent_seconds"]),
            _utc(w["updated"]),
            _utc(w["started"]),
        )
        for w in _recorded("snapshot_tables/_tool_jira_worklogs.csv")
    }
    columns = ("issue_id", "worklog_id", "author_account_id", "time_spent_s", "updated_at", "started_at")
    assert {tuple(row[column] for column in columns) for row in rows(built, "worklogs")} == expected
    assert built.problems == []


@pytest.fixture(params=["raw_jira_api_issues", "raw_jira_api_issue_changelogs"])
def changelog(request: pytest.FixtureRequest) -> tuple[Built, str]:
    """The changes that came inside issues, or in pages of their own; and the ending of the expected file."""
    path = f"raw_tables/_{request.param}.csv"
    if request.param == "raw_jira_api_issue_changelogs":
        return _build_part(Part.CHANGELOG, path), "_extractor"
    return build(*(parts_of(whole) for _, whole in _answers(path))), ""


def test_changes_equal_the_expected_parse(changelog: tuple[Built, str]) -> None:
    built, which = changelog
    expected = {
        (
            c["issue_id"],
            c["changelog_id"],
            c["author_account_id"],
            c["author_display_name"],
            _utc(c["created"]),
        )
        for c in _recorded(f"snapshot_tables/_tool_jira_issue_changelogs{which}.csv")
    }
    found = {
        (c["issue_id"], c["change_id"], c["author_account_id"] or "", c["author_name"], c["changed_at"])
        for c in rows(built, "changelog")
    }
    assert found == expected
    assert built.problems == []


def test_known_defect_31_changed_values_equal_the_expected_parse(changelog: tuple[Built, str]) -> None:
    built, which = changelog
    names = (
        "changelog_id",
        "field",
        "field_type",
        "field_id",
        "from_value",
        "from_string",
        "to_value",
        "to_string",
    )
    expected = {
        tuple(item[name] for name in names)
        for item in _recorded(f"snapshot_tables/_tool_jira_issue_changelog_items{which}.csv")
    }
    columns = (
        "change_id",
        "field_name",
        "field_type",
        "field_id",
        "from_id",
        "from_value",
        "to_id",
        "to_value",
    )
    found = {tuple(row[column] or "" for column in columns) for row in rows(built, "changelog")}
    assert expected <= found
    # DevLake keeps one item of a change that touches a field twice; we keep both.
    assert {item[:2] for item in found} == {item[:2] for item in expected}


def test_counts_of_real_months_equal_those_computed_from_the_file() -> None:
    with gzip.open(shared("real/arrow/per_issue_counts.csv.gz"), "rt", encoding="utf-8") as file:
        counts = {line["key"]: line for line in csv.DictReader(file)}
    with gzip.open(shared("real/arrow/arrow_issues.jsonl.gz"), "rt", encoding="utf-8") as file:
        issues = [json.loads(line) for line in itertools.islice(file, 250)]
    built = build(*map(parts_of, issues))
    assert built.problems == []
    for table, counted in (
        ("comments", "comments"),
        ("attachments", "attachments"),
        ("issuelinks", "issuelinks"),
    ):
        found = Counter(built.frames[table]["issue_key"].to_list())
        assert {each["key"]: found[each["key"]] for each in issues} == {
            each["key"]: int(counts[each["key"]][counted]) for each in issues
        }
