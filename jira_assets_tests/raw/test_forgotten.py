"""Who is forgotten does not come into the log again."""

import json
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from jira_assets.privacy.forgetting import Forgetting
from jira_assets.raw import segments
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, BOB, MARIA, NAME
from jira_assets_tests.raw.records import MONTH, failure, record


def fill(log: RawLog) -> None:
    issue = {"id": "1", "fields": {"creator": MARIA, "summary": "secret"}}
    changed = [
        {"author": BOB, "items": [{"field": "summary", "from": None, "fromString": "secret", "to": None}]}
    ]
    log.append(
        MONTH,
        [
            record("1", payload=json.dumps(issue).encode()),
            record("1", Part.CHANGELOG, payload=json.dumps(changed).encode()),
            record("2", Part.COMMENTS, payload=json.dumps([{"author": BOB, "body": f"ask {NAME}"}]).encode()),
            failure("2", Part.CHANGELOG, error=f"{ADDRESS} may not see it"),
        ],
    )


def test_nothing_of_them_is_in_a_month_that_is_fetched_later(tmp_path: Path) -> None:
    Forgetting(UPath(tmp_path)).list.add(ACCOUNT)
    log = RawLog(UPath(tmp_path))
    fill(log)
    stored = [(issue.payloads, issue.errors) for issue in log.latest(MONTH)]
    assert not [trace for trace in (ACCOUNT, NAME, ADDRESS, "secret") if trace in repr(stored)]
    assert stored[1][1] == {Part.CHANGELOG: "[forgotten] may not see it"}


def test_what_speaks_of_nobody_is_stored_byte_for_byte(tmp_path: Path) -> None:
    Forgetting(UPath(tmp_path)).list.add(ACCOUNT)
    log = RawLog(UPath(tmp_path))
    log.append(MONTH, [record(payload=b'{ "a" : 1.50 }')])
    (issue,) = log.latest(MONTH)
    assert issue.payloads[Part.ISSUE] == b'{ "a" : 1.50 }'


def test_nothing_is_stored_while_nobody_knows_who_is_forgotten(tmp_path: Path) -> None:
    log = RawLog(UPath(tmp_path))
    (tmp_path / "forgotten.json").write_text("{")
    with pytest.raises(RawLogError, match=r"forgotten\.json.* is damaged"):
        log.append(MONTH, [record()])
    assert log.months() == []


def test_who_is_forgotten_while_something_is_appended_is_taken_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, append = RawLog(UPath(tmp_path)), segments.append

    def forget_first(folder: UPath, frame: pl.DataFrame) -> segments.Segment:
        monkeypatch.setattr(segments, "append", append)
        Forgetting(UPath(tmp_path)).list.add(ACCOUNT)
        return append(folder, frame)

    monkeypatch.setattr(segments, "append", forget_first)
    fill(log)
    (first, _) = [issue.payloads for issue in log.latest(MONTH)]
    assert json.loads(first[Part.ISSUE])["fields"]["summary"] == "[removed]"
