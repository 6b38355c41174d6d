"""The files of an issue: where they are stored, and which comment shows them."""

from typing import Any

import pytest

from jira_assets.raw.attachments import FileRecord, FileState, encode_files
from jira_assets.raw.record import Part
from jira_assets_tests.tables.building import build, issue, row, rows

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
IMAGE = {"id": 7, "filename": "a.png", "size": 3}
STORED = FileRecord(FileState.STORED, 3, "ab" * 32, MEDIA)
PLACES = ("local_path", "hierarchical_path", "content_sha256", "download_state")


def document(**attributes: object) -> dict[str, Any]:
    media = {"type": "media", "attrs": {"type": "file", "collection": "", **attributes}}
    return {"type": "doc", "version": 1, "content": [{"type": "mediaSingle", "content": [media]}]}


def shown_in(
    *bodies: object, files: tuple[dict[str, Any], ...] = (IMAGE,), **records: FileRecord
) -> list[str | None]:
    """The comments, numbered from 10, that show each of the files."""
    comments = [{"id": str(number), "body": body} for number, body in enumerate(bodies, 10)]
    parts = {
        Part.ISSUE: issue(attachment=list(files)),
        Part.COMMENTS: comments,
        Part.FILES: encode_files({name.lstrip("_"): record for name, record in records.items()}),
    }
    return [each["in_comment_id"] for each in rows(build(parts), "attachments")]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (STORED, ("attachments/10001/7", "SUP-1/7_a.png", "ab" * 32, "stored")),
        (FileRecord(FileState.TOO_LARGE), (None, None, None, "too_large")),
        (FileRecord(FileState.FAILED, reason="it is gone"), (None, None, None, "failed")),
        (None, (None, None, None, "not_requested")),
    ],
)
def test_what_became_of_the_content_is_told(record: FileRecord | None, expected: tuple[str | None]) -> None:
    files = encode_files({"7": record} if record else {})
    found = row(build({Part.ISSUE: issue(attachment=[IMAGE]), Part.FILES: files}), "attachments")
    assert tuple(found[name] for name in PLACES) == expected


def test_records_of_files_that_are_gone_have_no_row() -> None:
    files = encode_files({"7": STORED, "8": STORED})
    built = build({Part.ISSUE: issue(attachment=[IMAGE]), Part.FILES: files})
    assert [each["attachment_id"] for each in rows(built, "attachments")] == ["7"]


@pytest.mark.parametrize("payload", [b"{}", b"[]", b"null", b"nonsense", b'{"7": {"state": "lost"}}'])
def test_unreadable_records_are_as_good_as_none(payload: bytes) -> None:
    built = build({Part.ISSUE: issue(attachment=[IMAGE]), Part.FILES: payload})
    assert row(built, "attachments")["download_state"] == "not_requested"


def test_a_part_of_ours_is_nothing_to_be_complete() -> None:
    built = build({Part.ISSUE: issue(attachment=[IMAGE]), Part.FILES: encode_files({"7": STORED})})
    assert "files" not in {each["part"] for each in rows(built, "completeness")}


def test_the_first_comment_that_shows_a_file_is_told() -> None:
    assert shown_in({"type": "doc"}, document(id=MEDIA), document(id=MEDIA.upper()), _7=STORED) == ["11"]


def test_the_order_in_which_comments_come_does_not_matter() -> None:
    comments = [{"id": id_, "body": document(id=MEDIA)} for id_ in ("100", "99")]
    files = encode_files({"7": STORED})
    built = build({Part.ISSUE: issue(attachment=[IMAGE]), Part.COMMENTS: comments, Part.FILES: files})
    assert row(built, "attachments")["in_comment_id"] == "99"


def test_without_the_id_a_name_will_do() -> None:
    assert shown_in(document(id="unknown", alt="a.png")) == ["10"]
    assert shown_in("see !a.png|thumbnail!") == ["10"]


def test_a_name_that_several_files_have_says_nothing() -> None:
    assert shown_in(document(alt="a.png"), files=(IMAGE, {**IMAGE, "id": 8})) == [None, None]


def test_a_name_says_nothing_against_an_id() -> None:
    assert shown_in(document(id="another", alt="a.png"), _7=STORED) == [None]


def test_what_no_comment_shows_is_in_none() -> None:
    assert shown_in("nothing!", document(id="another", alt="b.png"), None, 7) == [None]


def test_a_text_shows_the_path_under_which_its_file_is_found() -> None:
    parts = {
        Part.ISSUE: issue(attachment=[IMAGE], description=document(id=MEDIA)),
        Part.COMMENTS: [{"id": "10", "body": document(id="unknown", alt="b.png")}],
        Part.FILES: encode_files({"7": STORED}),
    }
    built = build(parts)
    assert row(built, "issues")["description"].endswith("(SUP-1/7_a.png)")
    assert row(built, "comments")["body"] == "![b.png]()"
