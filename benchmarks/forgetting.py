"""What it costs that somebody is forgotten: storing what is fetched afterwards, and the forgetting itself.

The same issues are appended to an empty raw log, a hundred at a time, while nobody is forgotten, while
somebody is who never was there, and while somebody is whom every few issues speak of. Then that person is
taken out of a raw log. Each is measured in a fresh process.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from children import make_raw_log, measured_in_a_child, spread

_ISSUES_AT_ONCE = 100
_STRANGER = "5b10a9999c44c20165700ede99g"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=Path, help="full issues, one per line, plain or gzipped")
    parser.add_argument(
        "--generate", type=int, default=2000, help="without a file: how many issues (%(default)s)"
    )
    parser.add_argument("--account", help="whom they speak of; somebody in generated ones unless given")
    parser.add_argument("--runs", type=int, default=3, help="of each kind (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="forgetting-") as folder:
        source = Path(folder) / "source"
        print(f"raw log of {make_raw_log(source, arguments.issues, arguments.generate)}")
        account = arguments.account or _somebody()
        kinds = {"nobody is forgotten": None, "a stranger is": _STRANGER, "somebody in them is": account}
        for kind, forgotten in kinds.items():
            runs = [
                measured_in_a_child(__file__, "append", source, Path(folder) / f"{kind} {run}", forgotten)
                for run in range(arguments.runs)
            ]
            print(f"storing while {kind:22} {spread([run['milliseconds'] for run in runs])} ms an issue")
        run = measured_in_a_child(__file__, "forget", source, account)
        print(f"forgetting that one {run['seconds']:.1f} s, {run['changed']:,} payloads changed")


def _somebody() -> str:
    from jira_assets.sandbox.people import PEOPLE

    return str(PEOPLE[9]["accountId"])


def _append(source: str, target: str, forgotten: str | None) -> dict[str, Any]:
    """Milliseconds of one issue."""
    from upath import UPath

    from jira_assets.privacy.forgetting import Forgetting
    from jira_assets.raw.log import RawLog
    from jira_assets.raw.record import Record, Source

    root = UPath(target)
    if forgotten is not None:
        Forgetting(root).list.add(forgotten)
    log, issues, seconds = RawLog(root), 0, 0.0
    for month in (existing := RawLog(UPath(source))).months():
        known = list(existing.latest(month))
        for start in range(0, len(known), _ISSUES_AT_ONCE):
            lot = known[start : start + _ISSUES_AT_ONCE]
            now = _now()
            records = [
                Record(issue.issue_id, part, now, now, Source.BACKFILL, payload)
                for issue in lot
                for part, payload in issue.payloads.items()
            ]
            began = time.perf_counter()
            log.append(month, records)
            seconds += time.perf_counter() - began
            issues += len(lot)
    return {"milliseconds": 1000 * seconds / issues}


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _forget(source: str, account: str) -> dict[str, Any]:
    """Reading and redacting the raw log, as the command does it first."""
    os.environ["JIRA_DATA_DIR"] = str(Path(source).parent / "data")
    from jira_assets.settings import Settings
    from jira_assets.upkeep.forget.erasure import Erasure

    Path(source).parent.joinpath("data").mkdir()
    Path(source).rename(Path(source).parent / "data" / "raw")
    began = time.perf_counter()
    report = Erasure(Settings.load(), account, lambda _line: None).run()
    changed = sum(len(ids) for touched in report.months.values() for ids in touched.ids.values())
    return {"seconds": time.perf_counter() - began, "changed": changed}


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        what, *given = json.loads(child)
        parts: dict[str, Callable[..., dict[str, Any]]] = {"append": _append, "forget": _forget}
        print(json.dumps(parts[what](*given)))
    else:
        main()
