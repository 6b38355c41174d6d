"""What Jira says that an issue has, beside what is stored of it."""

from jira_assets.raw.record import Part
from jira_assets_tests.tables.building import FETCHED, KEYS, build, completeness, issue, rows


def test_completeness_has_a_row_per_part_with_jiras_count_beside_ours() -> None:
    built = build(
        {
            Part.ISSUE: issue(comment={"total": 3}, worklog={"total": 0}) | {"changelog": {"total": 1}},
            Part.COMMENTS: [{"id": "1"}, {"id": "2"}],
            Part.CHANGELOG: [{"id": "3"}],
            Part.WORKLOGS: [],
        }
    )
    found = {each["part"]: (each["expected"], each["stored"]) for each in rows(built, "completeness")}
    assert found == {
        "issue": (None, None),
        "comments": (3, 2),
        "changelog": (1, 1),
        "worklogs": (0, 0),
        "remote_links": (None, None),
    }


def test_completeness_tells_when_a_part_was_asked_for_and_why_it_failed() -> None:
    built = build({Part.ISSUE: issue(), Part.COMMENTS: []}, errors={Part.REMOTE_LINKS: "403 forbidden"})
    assert completeness(built, "comments") == KEYS | {
        "part": "comments",
        "expected": None,
        "stored": 0,
        "repeated": 0,
        "fetched_at": FETCHED,
        "error": None,
    }
    failed = completeness(built, "remote_links")
    assert (failed["stored"], failed["fetched_at"], failed["error"]) == (None, None, "403 forbidden")


def test_known_defect_7_a_failed_part_keeps_its_rows() -> None:
    built = build({Part.ISSUE: issue(), Part.REMOTE_LINKS: [{"id": 1}]}, errors={Part.REMOTE_LINKS: "503"})
    assert built.frames["remote_links"].height == 1
    assert (
        completeness(built, "remote_links")["stored"],
        completeness(built, "remote_links")["error"],
    ) == (1, "503")
