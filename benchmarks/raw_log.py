"""Makes a raw log to measure with, of real issues or of generated ones: what `raw_issues` would have fetched.

Run by the benchmarks in a process of its own. Prints how many issues there are, in how many months.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from children import KEYS
from upath import UPath

from jira_assets.jira.issue_json import CutIssue, cut
from jira_assets.jira.parts import array_of
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Record, Source
from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.lines import read_lines

_FETCHED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_BYTES_PER_SEGMENT = 32 * 1024 * 1024  # as a fetch yields them


class _FullIssue(msgspec.Struct):
    """What of a full issue its search result doesn't hold."""

    changelog: dict[str, msgspec.Raw] = {}
    remotelinks: list[msgspec.Raw] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to make the log")
    parser.add_argument("--issues", type=Path, help="full issues, one per line, plain or gzipped")
    parser.add_argument(
        "--generate", type=int, default=5000, help="without a file: how many issues to make up"
    )
    parser.add_argument(
        "--scale", type=int, default=1, help="how many times to store each issue, in years of its own"
    )
    parser.add_argument("--sealed", action="store_true", help="encrypt it with the benchmarks' key")
    arguments = parser.parse_args()
    lines = (
        _lines(arguments.issues)
        if arguments.issues
        else map(msgspec.json.encode, generate(arguments.generate))
    )
    log = RawLog(UPath(arguments.folder), Keyring.parse(KEYS) if arguments.sealed else NO_KEYS)
    waiting: dict[str, list[Record]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    issues = 0
    for line in lines:
        for month, records in _copies(records_of(line), arguments.scale):
            issues += 1
            waiting[month] += records
            sizes[month] += sum(len(record.payload or b"") for record in records)
            if sizes[month] > _BYTES_PER_SEGMENT:
                log.append(month, waiting.pop(month))
                del sizes[month]
    for month, records in waiting.items():
        log.append(month, records)
    print(f"{issues:,} issues in {len(log.months())} months")


def _lines(path: Path) -> Iterator[bytes]:
    return (line for _, line in read_lines(path))


def records_of(line: bytes) -> tuple[datetime, list[Record]]:
    """When an issue was created, and the five records of its fetch."""
    issue = cut(msgspec.Raw(line))
    if not isinstance(issue, CutIssue):
        raise SystemExit(f"an issue cannot be stored: {issue.reason}")
    full = msgspec.json.decode(line, type=_FullIssue)
    histories = msgspec.json.decode(full.changelog.get("histories", b"[]"), type=list[msgspec.Raw])
    payloads = {
        Part.ISSUE: issue.payload,
        Part.COMMENTS: array_of(issue.comments.elements or []),
        Part.CHANGELOG: array_of(histories),
        Part.WORKLOGS: array_of(issue.worklogs.elements or []),
        Part.REMOTE_LINKS: array_of(full.remotelinks),
    }
    return issue.created, [
        Record(issue.issue_id, part, issue.updated, _FETCHED_AT, Source.BACKFILL, payload)
        for part, payload in payloads.items()
    ]


def _copies(fetched: tuple[datetime, list[Record]], count: int) -> Iterator[tuple[str, list[Record]]]:
    """The records of an issue, and of as many others like it, each in a month of other years."""
    created, records = fetched
    for copy in range(count):
        month = f"{created.year - 20 * copy}-{created.month:02}"
        issue_id = f"{records[0].issue_id}{copy:02}" if copy else records[0].issue_id
        yield month, [replace(record, issue_id=issue_id) for record in records]


if __name__ == "__main__":
    main()
