"""Who is forgotten does not come into the archive again."""

import json
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.files import write_durably
from jira_assets.inbox.archive import Archive
from jira_assets.privacy.forgetting import Forgetting
from jira_assets_tests.inbox.test_archive import DAY, archived
from jira_assets_tests.privacy.forgetting import ACCOUNT, MARIA, NAME

COMMENT = {"author": MARIA, "body": "secret"}
BODY = json.dumps({"webhookEvent": "comment_created", "comment": COMMENT}).encode()


def bodies(archive: Archive) -> list[str]:
    return [event.body.decode() for event in archive.read(DAY)]


def test_what_is_archived_is_redacted(tmp_path: Path) -> None:
    forgetting = Forgetting(UPath(tmp_path) / "raw")
    forgetting.list.add(ACCOUNT)
    archive = Archive(tmp_path / "events", forgetting=forgetting)
    archive.add([archived(1, body=BODY), archived(2, body=f"about {NAME}".encode())])
    hers, about = bodies(archive)
    assert json.loads(hers)["comment"]["body"] == "[removed]"
    assert about == "about [forgotten]"


def test_who_is_forgotten_while_something_is_archived_is_taken_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetting = Forgetting(UPath(tmp_path) / "raw")

    def forget_first(folder: Path, files: dict[str, bytes]) -> None:
        forgetting.list.add(ACCOUNT)
        write_durably(folder, files)

    monkeypatch.setattr("jira_assets.inbox.archive.write_durably", forget_first)
    archive = Archive(tmp_path / "events", forgetting=forgetting)
    archive.add([archived(1, body=BODY)])
    assert "secret" not in bodies(archive)[0]
