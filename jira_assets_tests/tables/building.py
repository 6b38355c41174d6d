"""From hand-written issues to rows, the way that everything takes: through a raw log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from jira_assets.raw.record import Part, Record, Source
from jira_assets.tables.declare import IssueTable
from jira_assets.tables.frames import Builder, Built
from jira_assets.tables.issue import Site
from jira_assets_tests.default_tables import TABLES
from jira_assets_tests.raw.records import log_in_memory

MONTH = "2024-01"
FETCHED = datetime(2024, 2, 1, 12, 0, 0, 250_000, tzinfo=UTC)
KEYS = {"month": MONTH, "issue_id": "10001", "issue_key": "SUP-1"}
"""What every row of SUP-1 begins with."""
Parts = Mapping[Part, object]
"""What is stored of an issue: per part JSON text, as bytes, or a value that becomes JSON."""
Row = dict[str, Any]


def issue(**fields: object) -> dict[str, Any]:
    """The `issue` part of SUP-1, with nothing but these fields and what every issue has."""
    return {
        "id": "10001",
        "key": "SUP-1",
        "self": "https://example.atlassian.net/rest/api/3/issue/10001",
        "fields": {"created": "2024-01-05T10:00:00.123+0000", "summary": "It is slow", **fields},
    }


def numbered(number: int, **fields: object) -> dict[str, Any]:
    """The `issue` part of SUP-<number>."""
    return issue(**fields) | {"id": str(10_000 + number), "key": f"SUP-{number}"}


def build(
    *issues: Parts,
    site: Site | None = None,
    errors: Mapping[Part, str] | None = None,
    tables: Sequence[IssueTable] = TABLES,
) -> Built:
    """All tables of these issues; the first of them has failed attempts for the parts in `errors`."""
    ids = [_id_of(parts, place) for place, parts in enumerate(issues)]
    records = [
        _record(issue_id, part, payload=_encoded(value))
        for issue_id, parts in zip(ids, issues, strict=True)
        for part, value in parts.items()
    ]
    records += [_record(ids[0], part, error=error) for part, error in (errors or {}).items()]
    return build_records(records, site or Site(), tables)


def build_issue(site: Site | None = None, **fields: object) -> Built:
    """All tables of SUP-1 with these fields."""
    return build({Part.ISSUE: issue(**fields)}, site=site)


def build_records(records: Sequence[Record], site: Site, tables: Sequence[IssueTable] = TABLES) -> Built:
    with log_in_memory() as log:
        log.append(MONTH, records)
        return Builder(tables, site).build(log.latest(MONTH))


def rows(built: Built, table: str) -> list[Row]:
    return built.frames[table].to_dicts()


def row(built: Built, table: str = "issues") -> Row:
    """The only row of a table."""
    (only,) = rows(built, table)
    return only


def completeness(built: Built, part: str) -> Row:
    """The row of `completeness` for a part of the only issue."""
    (found,) = (each for each in rows(built, "completeness") if each["part"] == part)
    return found


def parts_of(full_issue: Mapping[str, Any]) -> dict[Part, object]:
    """A full issue as the raw log has it: its lists are parts of their own, of which only the count stays."""
    whole = dict(full_issue) | {"fields": dict(full_issue.get("fields") or {})}
    links = whole.pop("remotelinks", None)
    comments = _cut(whole["fields"], "comment", "comments")
    worklogs = _cut(whole["fields"], "worklog", "worklogs")
    histories = _cut(whole, "changelog", "histories")
    slas = {name: each for name, each in whole["fields"].items() if _is_sla(each)}
    for name in slas:
        del whole["fields"][name]
    parts = {
        Part.ISSUE: whole,
        Part.SLA: slas or None,
        Part.COMMENTS: comments,
        Part.CHANGELOG: histories,
        Part.WORKLOGS: worklogs,
        Part.REMOTE_LINKS: links,
    }
    return {part: value for part, value in parts.items() if value is not None}


def _is_sla(value: object) -> bool:
    return isinstance(value, dict) and "completedCycles" in value


def _cut(container: dict[str, Any], name: str, inner: str) -> object:
    envelope = container.get(name)
    if not isinstance(envelope, dict) or not isinstance(envelope.get(inner), list):
        return None
    container[name] = {"total": len(envelope[inner])}
    return envelope[inner]


def _id_of(parts: Parts, place: int) -> str:
    whole = parts.get(Part.ISSUE)
    return str(whole.get("id")) if isinstance(whole, dict) else str(10_001 + place)


def _record(issue_id: str, part: Part, payload: bytes | None = None, error: str | None = None) -> Record:
    fetched = FETCHED if error is None else FETCHED.replace(second=1)
    fields = tuple(msgspec.json.decode(payload)) if part is Part.SLA and payload else ()
    return Record(issue_id, part, FETCHED, fetched, Source.BACKFILL, payload, error, fields)


def _encoded(value: object) -> bytes:
    return value if isinstance(value, bytes) else msgspec.json.encode(value)
