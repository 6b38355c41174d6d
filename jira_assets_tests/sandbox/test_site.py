import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import issue


def test_reads_json_lines_and_ignores_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue(1)) + "\n\n" + json.dumps(issue(2)) + "\n")
    assert [each.key for each in Site.from_lines(path)] == ["APP-1", "APP-2"]


def test_reads_gzip_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "issues"
    path.write_bytes(gzip.compress(json.dumps(issue(1)).encode()))
    assert len(Site.from_lines(path)) == 1


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": "1", "key": "A-1"}', '{"id": "x", "key": "A-1", "fields": {}}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "issues.jsonl"
    path.write_text(json.dumps(issue(1)) + "\n" + line)
    with pytest.raises(ValueError, match=r"issues\.jsonl, line 2 is not a Jira issue"):
        Site.from_lines(path)


def test_a_truncated_gzip_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "issues.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(issue(1)).encode())[:-12])
    with pytest.raises(ValueError, match="is damaged"):
        Site.from_lines(path)


def test_put_replaces_and_get_gives_a_copy() -> None:
    site = Site([issue(1)])
    changed = site.get("APP-1")
    changed["fields"]["summary"] = "new"
    assert site.get("10001")["fields"]["summary"] == "Issue 1"
    site.put(changed)
    assert site.get("app-1")["fields"]["summary"] == "new"
    assert len(site) == 1


def test_a_moved_issue_answers_to_both_keys() -> None:
    site = Site([issue(1), issue(7, of="NEW")])
    site.move("10001", "NEW-8")
    for name in ("APP-1", "new-8", "10001"):
        found = site.find(name)
        assert found is not None
        assert found.key == "NEW-8"
    items = site.get("NEW-8")["changelog"]["histories"][-1]["items"]
    assert [(item["field"], item["fromString"], item["toString"]) for item in items][-1] == (
        "Key",
        "APP-1",
        "NEW-8",
    )


def test_former_keys_are_found_in_the_changelog_of_a_file() -> None:
    moved = issue(1) | {"changelog": {"histories": [{"items": [{"field": "Key", "fromString": "OLD-5"}]}]}}
    found = Site([moved]).find("old-5")
    assert found is not None
    assert found.key == "APP-1"


def test_delete_forgets_the_issue_and_its_keys() -> None:
    site = Site([issue(1)])
    site.delete("10001")
    assert site.find("10001") is None
    assert site.find("APP-1") is None
    with pytest.raises(KeyError):
        site.get("APP-1")


def test_an_issue_without_created_is_held() -> None:
    lacking = issue(1)
    del lacking["fields"]["created"]
    assert "created" not in Site([lacking]).get("APP-1")["fields"]


@pytest.mark.parametrize("value", [None, [], "text", 7, {"total": 3}])
def test_values_of_unexpected_shapes_are_held(value: Any) -> None:
    for field in ("comment", "worklog", "status", "project", "updated", "created", "attachment"):
        odd = issue(1, **{field: value})
        assert Site([odd]).get("APP-1") == odd, field


def test_a_catalogue_is_inferred_from_the_issues() -> None:
    agreement = {"id": "1", "name": "SLA", "completedCycles": []}
    site = Site([issue(1, customfield_10001="x", customfield_10002=agreement)])
    fields = {field["id"]: field for field in site.fields()}
    assert fields["customfield_10001"]["custom"] is True
    assert fields["customfield_10002"]["schema"]["custom"] == "com.atlassian.servicedesk:sd-sla-field"
    assert fields["summary"]["custom"] is False
