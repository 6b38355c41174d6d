"""Issues of real sites through the whole chain, as a run of Dagster brings them in."""

import csv
import gzip
import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from backfill import counts_per_issue, stored_per_issue

from jira_assets.sandbox.site import Site
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.pipeline import Pipeline, Run, pipeline
from jira_assets_tests.shared_data import shared

csv.field_size_limit(10_000_000)
ARROW_MONTHS = ("2016-02", "2016-12")
ARROW_ISSUES = 383  # of those months
_BOARD = '{"ConnectionId":2,"BoardId":8}'
"""What DevLake's expected parses are of; some of what it recorded belongs to other boards."""
_MONTH = "2020-06"


@pytest.fixture(scope="module")
def arrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pipeline, Run]]:
    with gzip.open(shared("real/arrow/arrow_issues.jsonl.gz")) as lines:
        site = Site(map(json.loads, itertools.islice(lines, ARROW_ISSUES)))
    with pipeline(site, tmp_path_factory.mktemp("arrow"), JIRA_ATTACHMENTS="metadata") as pipe:
        yield pipe, pipe.run(*ARROW_MONTHS)


def test_real_months_arrive_with_every_comment_attachment_and_link(arrow: tuple[Pipeline, Run]) -> None:
    pipe, run = arrow
    assert run.success, run.errors
    stored = stored_per_issue(pipe.database)
    counted = counts_per_issue(shared("real/arrow"))
    assert len(stored) == ARROW_ISSUES
    assert stored == {key: counted[key] for key in stored}


def test_real_months_have_the_issues_that_were_counted(arrow: tuple[Pipeline, Run]) -> None:
    pipe, run = arrow
    counted = json.loads((shared("real/arrow") / "expected.json").read_text())["issues_by_created_month"]
    stored = dict(pipe.query("SELECT month, count(*) FROM jira.issues GROUP BY ALL"))
    assert stored == {month: counted[month] for month in stored}
    assert run.metadata("issues", "2016-05")["unreadable_values"] == 0
    assert pipe.failed_checks() == set()


def _recorded(path: str) -> list[dict[str, str]]:
    with shared(f"real/devlake/{path}").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _answers(table: str) -> Iterator[tuple[str, Any]]:
    """What Jira answered about the board, and the id of the issue that it was asked about."""
    for line in _recorded(f"raw_tables/_raw_jira_api_{table}.csv"):
        if line["params"] == _BOARD:
            yield str((json.loads(line["input"]) or {}).get("issue_id")), json.loads(line["data"])


def _assembled() -> Iterable[dict[str, Any]]:
    """Full issues: DevLake asked for issues, histories and links one by one, and not always for all."""
    issues: dict[str, dict[str, Any]] = {str(whole["id"]): whole for _, whole in _answers("issues")}
    histories = {id_: whole.get("changelog", {}).get("histories", []) for id_, whole in issues.items()}
    links: dict[str, list[Any]] = {}
    for issue_id, history in _answers("issue_changelogs"):
        histories.setdefault(issue_id, []).append(history)
    for issue_id, link in _answers("remotelinks"):
        links.setdefault(issue_id, []).append(link)
    for issue_id in histories.keys() | links.keys():
        fields = {"created": f"{_MONTH}-01T08:00:00.000+0800", "project": {"key": "EE"}}
        whole = issues.get(issue_id, {"id": issue_id, "key": f"EE-{issue_id}", "fields": fields})
        whole["changelog"] = {"histories": _distinct(histories.get(issue_id, ()))}
        yield whole | {"remotelinks": _distinct(links.get(issue_id, ()))}


def _distinct(children: Iterable[Any]) -> list[Any]:
    # Some were recorded twice, the first time anonymous.
    by_id: dict[str, Any] = {}
    for child in children:
        by_id.setdefault(str(child["id"]), child)
    return list(by_id.values())


@pytest.fixture(scope="module")
def devlake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline(Site(_assembled()), tmp_path_factory.mktemp("devlake")) as pipe:
        run = pipe.run(_MONTH, "2020-07")
        assert run.success, run.errors
        yield pipe


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_real_changes_equal_the_expected_parse(devlake: Pipeline) -> None:
    expected = {
        (c["issue_id"], c["changelog_id"], c["author_display_name"], _utc(c["created"]))
        for ending in ("", "_extractor")
        for c in _recorded(f"snapshot_tables/_tool_jira_issue_changelogs{ending}.csv")
    }
    found = devlake.query("SELECT issue_id, change_id, author_name, changed_at FROM jira.changelog")
    assert set(found) == expected


def test_real_changed_values_equal_the_expected_parse(devlake: Pipeline) -> None:
    names = ("changelog_id", "field", "field_type", "field_id")
    values = ("from_value", "from_string", "to_value", "to_string")
    expected = {
        tuple(item[name] for name in names + values)
        for ending in ("", "_extractor")
        for item in _recorded(f"snapshot_tables/_tool_jira_issue_changelog_items{ending}.csv")
    }
    found = devlake.query(
        "SELECT change_id, field_name, field_type, coalesce(field_id, ''), coalesce(from_id, ''), "
        "coalesce(from_value, ''), coalesce(to_id, ''), coalesce(to_value, '') FROM jira.changelog"
    )
    assert expected <= set(found)
    # DevLake keeps one item of a change that touches a field twice; we keep both.
    assert {item[:2] for item in found} == {item[:2] for item in expected}


def test_real_remote_links_equal_the_expected_parse(devlake: Pipeline) -> None:
    expected = sorted(
        (link["issue_id"], link["remotelink_id"], link["title"])
        for link in _recorded("snapshot_tables/_tool_jira_remotelinks.csv")
    )
    assert sorted(devlake.query("SELECT issue_id, remote_link_id, title FROM jira.remote_links")) == expected


def _issues_in(value: object) -> Iterator[dict[str, Any]]:
    """Whatever looks like an issue, anywhere in a JSON document."""
    if isinstance(value, dict) and isinstance(value.get("fields"), dict) and {"id", "key"} <= value.keys():
        if str(value["id"]).isdecimal() and "created" in value["fields"]:
            yield value
        return
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _issues_in(child)


def _documents(folder: Path) -> Iterator[object]:
    for path in sorted(folder.rglob("*.json*")):
        text = path.read_text("utf-8")
        yield from map(json.loads, text.splitlines() if path.suffix == ".jsonl" else [text])


@pytest.mark.parametrize("folder", ["apache-2025", "airbyte", "fixtures/jirametrics", "devlake/jsonl"])
def test_nothing_of_a_recorded_site_is_dropped(folder: str, tmp_path: Path) -> None:
    found = {str(issue["id"]): issue for issue in _issues_in(list(_documents(shared(f"real/{folder}"))))}
    by_month: dict[str, list[str]] = {}
    for issue_id, issue in found.items():
        by_month.setdefault(issue["fields"]["created"][:7], []).append(issue_id)
    month = max(by_month, key=lambda month: len(by_month[month]))
    with pipeline(Site(found.values()), tmp_path) as pipe:
        run = pipe.run(month, assets=["raw_issues", *(table.name for table in TABLES)])
        assert run.success, run.errors
        stored = {issue_id for (issue_id,) in pipe.query("SELECT issue_id FROM jira.issues")}
        assert stored == set(by_month[month])
        envelopes = [found[issue_id]["fields"].get("comment") or {} for issue_id in stored]
        comments = sum(len(envelope.get("comments", ())) for envelope in envelopes)
        assert pipe.query("SELECT count(*) FROM jira.comments") == [(comments,)]
        assert pipe.failed_checks() == set()
