"""A site where Maria wrote a lot, and Bob wrote about her; and all that is kept of it, readable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from jira_assets.cli import main
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.drain import Drain
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.jira.fetch import fetch_month
from jira_assets.privacy.values import reveal_all
from jira_assets.raw.log import RawLog
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload
from jira_assets.sync.configuration import catalogue, protection, resolution, site
from jira_assets.sync.lookups.refresh import Lookups
from jira_assets.sync.publishing import publish_lookups
from jira_assets.upkeep.rotate.rewritten_tables import publish
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.events.bodies import comment_event
from jira_assets_tests.jira import connection
from jira_assets_tests.jira.issues import full_issue
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, BOB, MARIA, NAME, document
from jira_assets_tests.sync.attachments.keeping import file

JANUARY, FEBRUARY = "2024-01", "2024-02"
HERS, HIS, QUIET = "10001", "10002", "10003"
SENTENCES = (
    "my salary is wrong",
    "please call me back",
    "drove to Brno",
    "how much I earn",
    "salary of mine",
)
FILE_NAME = "CV of M.pdf"
PERSONAL = (NAME, ADDRESS, ACCOUNT, *SENTENCES, FILE_NAME)


def _at(hour: int) -> dict[str, str]:
    return {
        "created": f"2024-02-01T{hour:02}:00:00.000+0000",
        "updated": f"2024-02-01T{hour:02}:00:00.000+0000",
    }


def _text(text: str) -> dict[str, Any]:
    return document({"type": "text", "text": text})


def _item(field: str, before: str | None, after: str | None, **ids: str) -> dict[str, Any]:
    sides = {"from": None, "fromString": before, "to": None, "toString": after}
    return {"field": field, "fieldId": field, "fieldtype": "jira", **sides, **ids}


def _mention(text: str) -> dict[str, Any]:
    mention = {"type": "mention", "attrs": {"id": ACCOUNT, "text": f"@{NAME}"}}
    return document({"type": "text", "text": text}, mention)


def hers() -> dict[str, Any]:
    """What she reported, and what he answered."""
    issue = full_issue(
        1,
        summary=SENTENCES[0],
        creator=MARIA,
        reporter=MARIA,
        assignee=BOB,
        description=_text(SENTENCES[3]),
        customfield_10070="I want, said M, " + SENTENCES[4],
        attachment=[file(1, author=MARIA, filename=FILE_NAME), file(2, author=BOB, filename="log.txt")],
    )
    issue["fields"]["comment"]["comments"] = [
        {"id": "1", "author": MARIA, "updateAuthor": MARIA, "body": _text(SENTENCES[1]), **_at(1)},
        {
            "id": "2",
            "author": BOB,
            "body": _mention("Hello "),
            **_at(2),
        },
        {"id": "3", "author": BOB, "body": _text(f"{NAME.upper()}, {ADDRESS}, is away"), **_at(3)},
    ]
    issue["changelog"]["histories"] = [
        {"id": "1", "author": BOB, **_at(1), "items": [_item("summary", SENTENCES[0], "Wages")]},
    ]
    return issue


def his() -> dict[str, Any]:
    """What he reported; it shows hers."""
    shown = {"id": HERS, "key": "SUP-1", "fields": {"summary": SENTENCES[0]}}
    link = {"id": "5", "type": {"name": "Blocks", "inward": "b", "outward": "b"}, "outwardIssue": shown}
    issue = full_issue(2, summary="Printer", creator=BOB, reporter=BOB, assignee=MARIA, issuelinks=[link])
    issue["fields"]["worklog"]["worklogs"] = [
        {"id": "1", "author": MARIA, "comment": _text(SENTENCES[2]), "timeSpentSeconds": 60, **_at(1)},
        {"id": "2", "author": BOB, "comment": _text("paper"), "timeSpentSeconds": 120, **_at(2)},
    ]
    assigned = _item("assignee", "Bob Builder", NAME, **{"from": BOB["accountId"], "to": ACCOUNT})
    issue["changelog"]["histories"] = [
        {"id": "2", "author": BOB, **_at(1), "items": [assigned]},
        {"id": "3", "author": MARIA, **_at(2), "items": [_item("description", None, SENTENCES[3])]},
    ]
    return issue


def quiet() -> dict[str, Any]:
    """What has nothing to do with her."""
    issue = full_issue(
        3, created="2024-02-10T10:00:00.000+0000", creator=BOB, description=_text("Maria from Brno")
    )
    issue["fields"]["comment"]["comments"] = [{"id": "9", "author": BOB, "body": _text("salary?"), **_at(4)}]
    return issue


@dataclass(frozen=True)
class Desk:
    """What is kept of it in a folder, and ways to copy it again and to look at it."""

    sandbox: RunningSandbox
    folder: Path

    @property
    def raw(self) -> RawLog:
        return RawLog(Settings.load().raw_dir, Settings.load().keyring)

    def copy(self) -> None:
        """Fetches everything, with its files, and makes tables and published files of it."""
        settings = Settings.load()
        with connection.connect(self.sandbox.url) as client:
            for month in (JANUARY, FEBRUARY):
                for records in fetch_month(client, month):
                    self.raw.append(month, records)
                AttachmentDownload(settings, client, self.raw, month, lambda _line: None).keep()
        Lookups(self.raw.lookups, lambda: connection.connect(self.sandbox.url), ()).refresh(["users"])
        self.build()

    def build(self, *, rebuild: bool = False) -> None:
        settings, tables = Settings.load(), catalogue().tables
        of_site = site(settings, resolution(settings))
        refresh = Refresh(self.raw, settings.warehouse_path, tables, of_site, protection(settings))
        refresh.run(self.raw.months(), rebuild=rebuild)
        with connect(settings.warehouse_path, read_only=True) as opened:
            publish_months(opened, tables, self.raw.months(), settings.published_dir)
        publish_lookups(settings)
        publish(settings)

    def deliver(self, identifier: str) -> None:
        """An event of her comment arrives."""
        settings, site_ = Settings.load(), self.sandbox.site
        comment = site_.get(HERS)["fields"]["comment"]["comments"][0] | {"body": SENTENCES[1]}
        delivery = Delivery.arrived(identifier, datetime.now(UTC), None, comment_event(site_, HERS, comment))
        Inbox(settings.inbox_dir, settings.keyring).add([delivery])

    def drain(self) -> None:
        Drain.from_settings(Settings.load()).run(5)

    def forget(self, *arguments: str) -> int:
        return main(["forget", ACCOUNT, *(arguments or ("--yes",))])

    def left(self) -> list[str]:
        """What is left of her, with the place where it is."""
        return [
            f"{trace} in {where}"
            for where, content in self._everything()
            for trace in PERSONAL
            if trace.casefold() in content.casefold()
        ]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All tables, readable, and in an order."""
        with duckdb.connect(str(Settings.load().warehouse_path), read_only=True) as opened:
            found = {
                table.name: opened.execute(f"FROM jira.{table.name}").fetchall()
                for table in catalogue().tables
            }
        return {name: sorted(map(self._readable, rows), key=repr) for name, rows in found.items()}

    def column(self, sql: str) -> list[Any]:
        with duckdb.connect(str(Settings.load().warehouse_path), read_only=True) as opened:
            return [value for (value,) in opened.execute(sql).fetchall()]

    def _readable(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        keyring = Settings.load().keyring
        return tuple(reveal_all(keyring, value) if isinstance(value, str) else value for value in row)

    def _everything(self) -> Iterator[tuple[str, str]]:
        """Every file as it is, and all that is compressed or sealed in a readable form."""
        settings = Settings.load()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield str(path), path.read_bytes().decode(errors="replace")
        yield from self._raw()
        archive, inbox = (
            Archive(settings.events_dir, settings.keyring),
            Inbox(settings.inbox_dir, settings.keyring),
        )
        for day in archive.days():
            for event in archive.read(date.fromisoformat(day)):
                yield f"events of {day}", event.body.decode()
        for name in inbox.names():
            yield "inbox", inbox.read(name).body.decode()
        for path in self.folder.glob("published/*/*.parquet"):
            yield str(path), repr([self._readable(row) for row in pl.read_parquet(path).rows()])
        yield "tables", repr(self.rows())

    def _raw(self) -> Iterator[tuple[str, str]]:
        """Superseded rows included."""
        shown: list[tuple[str, str]] = []

        def show(where: str, payload: bytes) -> bytes:
            shown.append((where, payload.decode()))
            return payload

        for month in self.raw.months():
            self.raw.rewrite_parts(
                month, lambda issue, part: lambda payload: show(f"{part} of {issue}", payload)
            )
        for name in self.raw.lookups.lists():
            yield from (
                (f"list of {name}", bytes(each.entry).decode()) for each in self.raw.lookups.read(name)
            )
        yield from shown


@contextmanager
def desk(folder: Path, **settings: str) -> Iterator[Desk]:
    """Copied whole, and with an event of hers in the archive and one in the inbox."""
    with serve(Site([hers(), his(), quiet()])) as sandbox, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("JIRA_")]:
            patch.delenv(name)
        patch.chdir(folder)  # where nobody has an .env
        values = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_EMAIL": sandbox.account.email,
            "JIRA_API_TOKEN": sandbox.account.token,
            "JIRA_DATA_DIR": str(folder),
        }
        for name, value in {**values, **settings}.items():
            patch.setenv(name, value)
        catalogue.cache_clear()
        ready = Desk(sandbox, folder)
        ready.copy()
        ready.deliver("first")
        ready.drain()
        ready.deliver("second")
        yield ready
    catalogue.cache_clear()
