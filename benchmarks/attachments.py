"""The content of attachments: files and megabytes per second, and the memory that takes.

A sandbox in a process of its own serves one month of issues: many small files, some large ones, one of 2 GB,
which has to be refused, and one whose connection keeps breaking off, which has to be resumed. Measured is
what a run does for them once their issues are in the raw log: when nothing of them is here, and when all is.
"""

import argparse
import base64
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from jira_assets.jira.auth import Credential
from jira_assets.jira.client import JiraClient
from jira_assets.jira.fetch import fetch_month
from jira_assets.raw.log import RawLog
from jira_assets.sandbox import faults
from jira_assets.sandbox.attachments import media_id
from jira_assets.sandbox.faults import Faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings
from jira_assets.sync.attachments.download import AttachmentDownload, FileCounts

MONTH = "2024-01"
_FILES_PER_ISSUE = 10
_HUGE, _BROKEN = 2_000_000_000, 40_000_000
_BROKEN_ID = "2"
_EMAIL, _TOKEN = "me@example.com", "sandbox-token"


def main() -> int:
    arguments = _arguments()
    sizes = [arguments.small_kb * 1_000] * arguments.small + [
        arguments.large_mb * 1_000_000
    ] * arguments.large
    with tempfile.TemporaryDirectory(prefix="attachments-") as folder, _sandbox(sizes) as url:
        values = {
            "JIRA_BASE_URL": url,
            "JIRA_EMAIL": _EMAIL,
            "JIRA_API_TOKEN": _TOKEN,
            "JIRA_DATA_DIR": folder,
        }
        if arguments.encrypted:
            values["JIRA_ENCRYPTION_KEYS"] = f"benchmark:{base64.b64encode(os.urandom(32)).decode()}"
        settings = Settings(values)
        with JiraClient(url, Credential.basic(_EMAIL, _TOKEN)) as client:
            raw = RawLog(settings.raw_dir, settings.keyring)
            for records in fetch_month(client, MONTH):
                raw.append(MONTH, records)
            print(f"{len(sizes):,} files of {sum(sizes) / 1e6:,.0f} MB, one of 2 GB, and one that breaks off")
            first = _measured("nothing is here", settings, client, raw)
            again = _measured("all is here", settings, client, raw)
    stored = len(sizes) + 1
    is_right = (first.downloaded, first.too_large, len(first.failures)) == (stored, 1, 0)
    is_right &= (again.kept, again.downloaded) == (stored, 0)
    print("every file is here, and the one of 2 GB is not" if is_right else f"WRONG: {first}; {again}")
    return 0 if is_right else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=10_000, help="how many small files (%(default)s)")
    parser.add_argument("--small-kb", type=int, default=50, help="of so many kB each (%(default)s)")
    parser.add_argument("--large", type=int, default=40, help="how many large files (%(default)s)")
    parser.add_argument("--large-mb", type=int, default=45, help="of so many MB each (%(default)s)")
    parser.add_argument("--encrypted", action="store_true", help="with a key")
    return parser.parse_args()


def _measured(title: str, settings: Settings, client: JiraClient, raw: RawLog) -> FileCounts:
    Path("/proc/self/clear_refs").write_text("5")  # the greatest memory is counted from here
    before, began, busy = _memory("VmRSS"), time.monotonic(), time.process_time()
    download = AttachmentDownload(settings, client, raw, MONTH, lambda _line: None)
    download.keep()
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    counts = download.counts
    files = counts.downloaded + counts.kept
    print(
        f"{title:16} {seconds:6.1f} s ({busy:.1f} s of one core), {files / seconds:7,.0f} files/s, "
        f"{counts.bytes / 1e6 / seconds:5,.0f} MB/s, memory {before / 1e6:.0f} MB and at most "
        f"{(_memory('VmHWM') - before) / 1e6:.0f} MB more; {counts}"
    )
    return counts


def _memory(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


@contextmanager
def _sandbox(sizes: list[int]) -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(sizes, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(sizes: list[int], told: Connection) -> None:
    files = [_file(number, size) for number, size in enumerate([_HUGE, _BROKEN, *sizes], 1)]
    starts = range(0, len(files), _FILES_PER_ISSUE)
    issues = [_issue(n, files[start : start + _FILES_PER_ISSUE]) for n, start in enumerate(starts, 1)]
    damage = Faults()
    damage.add(faults.truncated(), times=3, path=f"/file/{media_id(_BROKEN_ID)}/")
    with serve(Site(issues), damage) as sandbox:
        told.send(sandbox.url)
        told.recv()


def _file(number: int, size: int) -> dict[str, Any]:
    return {"id": str(number), "filename": f"{number}.bin", "size": size}


def _issue(number: int, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": str(10_000 + number),
        "key": f"SUP-{number}",
        "self": f"https://example.atlassian.net/rest/api/3/issue/{10_000 + number}",
        "fields": {
            "created": "2024-01-05T10:00:00.000+0000",
            "updated": "2024-03-01T10:00:00.000+0000",
            "project": {"id": "1", "key": "SUP", "name": "Support"},
            "summary": f"Issue {number}",
            "attachment": files,
            "comment": {"comments": []},
            "worklog": {"worklogs": []},
        },
        "changelog": {"histories": []},
        "remotelinks": [],
    }


if __name__ == "__main__":
    sys.exit(main())
