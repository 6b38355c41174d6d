"""How fast everything comes under another key, and whether that survives being killed.

A data folder is made first: a raw log of a file's or of generated issues, attachments, an archive of events,
tables and published files. Then ``jira-assets keys rotate`` runs in a process of its own. With ``--kills`` it
is sent SIGKILL somewhere between its start and its end, over and over, and every time that one gets through a
new key takes its turn. After each kill everything must be readable with both keys, and after each rotation
with the new key alone, and be what it was.
"""

import argparse
import base64
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from children import KEYS, REPOSITORY, make_raw_log

from jira_assets.settings import Settings

_ATTACHMENT_BYTES = 5_000_000
_EVENTS_OF_A_DAY = 2000
_BODY = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "10001", "fields": {}}}'
_MB = 1_000_000
_LINES = 7  # that a rotation tells, at most


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="rotation-") as folder:
        os.chdir(folder)
        os.environ |= {"JIRA_DATA_DIR": str(Path(folder) / "data"), "JIRA_ENCRYPTION_KEYS": KEYS}
        data = Path(folder) / "data"
        print(make_raw_log(data / "raw", arguments.issues, arguments.generate, is_sealed=True))
        _fill(arguments.megabytes, arguments.days)
        seconds = _measure(data)
        return _soak(arguments.kills, arguments.seed, seconds) if arguments.kills else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=Path, help="full issues, one per line, plain or gzipped")
    parser.add_argument(
        "--generate", type=int, default=5000, help="without a file: how many issues (%(default)s)"
    )
    parser.add_argument("--megabytes", type=int, default=500, help="of attachments (%(default)s)")
    parser.add_argument("--days", type=int, default=30, help="of events (%(default)s)")
    parser.add_argument("--kills", type=int, default=0, help="how often to kill it (%(default)s)")
    parser.add_argument("--seed", type=int, default=6, help="of the moments of the kills (%(default)s)")
    return parser.parse_args()


def _fill(megabytes: int, days: int) -> None:
    """What there is beside the raw log."""
    from jira_assets.inbox.archive import Archive, ArchivedEvent, EventOutcome
    from jira_assets.raw.log import RawLog
    from jira_assets.sync.attachments.store import AttachmentStore
    from jira_assets.sync.configuration import catalogue, protection, resolution, site
    from jira_assets.sync.publishing import publish_views
    from jira_assets.warehouse.connection import connect
    from jira_assets.warehouse.publish import publish_months
    from jira_assets.warehouse.refresh import Refresh

    settings = Settings.load()
    store = AttachmentStore(settings.attachments_dir, settings.keyring)
    for number in range(megabytes * _MB // _ATTACHMENT_BYTES):
        with store.writing(str(number), "1", _ATTACHMENT_BYTES) as file:
            file.write(os.urandom(_ATTACHMENT_BYTES))
    archive = Archive(settings.events_dir, settings.keyring)
    for day in range(days):
        at = datetime.now(UTC) - timedelta(days=day)
        names = [f"{day}-{number}.event" for number in range(_EVENTS_OF_A_DAY)]
        archive.add(
            [ArchivedEvent(name, at, name, "e", EventOutcome.QUEUED, ("10001",), _BODY) for name in names]
        )
    raw, tables = RawLog(settings.raw_dir, settings.keyring), catalogue().tables
    of_site = site(settings, resolution(settings))
    Refresh(raw, settings.warehouse_path, tables, of_site, protection(settings)).run(raw.months())
    with connect(settings.warehouse_path, read_only=True) as connection:
        publish_months(connection, tables, raw.months(), settings.published_dir)
    publish_views(settings)


def _measure(data: Path) -> float:
    """The seconds of a whole rotation, which is printed step by step."""
    sizes = {
        name: sum(path.stat().st_size for path in (data / name).rglob("*") if path.is_file()) / _MB
        for name in ("raw", "events", "attachments")
    }
    print(", ".join(f"{name} {size:,.0f} MB" for name, size in sizes.items()))
    began = last = time.perf_counter()
    process = _start(_key(1), KEYS)
    for line in process.stderr or ():
        now = time.perf_counter()
        print(f"{now - last:7.2f} s  {line.rstrip()}")
        last = now
    if process.wait() != 0:
        sys.exit(f"the rotation failed: {process.stdout and process.stdout.read()}")
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{time.perf_counter() - last:7.2f} s  verification\n{seconds:7.2f} s  in all, peak {peak:,.0f} MB")
    return seconds


def _soak(kills: int, seed: int, seconds: float) -> int:
    rng = random.Random(seed)
    killed_after: Counter[str] = Counter()
    rotations = 0
    expected = _digests(_key(1))
    problems: list[str] = []
    print(f"seed {seed}")
    while killed_after.total() < kills and not problems:
        rotations += 1
        old, new = _key(rotations), _key(rotations + 1)
        while killed_after.total() < kills:
            lines = rng.randrange(_LINES)
            last = _killed(_start(new, old), lines, rng.uniform(0, seconds / (1 + lines)))
            if last is None:
                break
            killed_after[last] += 1
            problems += _different(expected, _digests(f"{new},{old}"), f"killed after {last!r}")
        _killed(_start(new, old), 0, None)
        problems += _different(expected, _digests(new), f"rotation {rotations}")
    print(f"{killed_after.total()} kills, {rotations} rotations, killed after {dict(killed_after)}")
    print("\n".join(problems) or "all is as it was, and nothing needs an old key")
    return 1 if problems else 0


def _start(new: str, old: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "JIRA_ENCRYPTION_KEYS": f"{new},{old}"}
    command = [sys.executable, "-m", "jira_assets.cli", "keys", "rotate"]
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _killed(process: subprocess.Popen[str], lines: int, seconds: float | None) -> str | None:
    """Kills a rotation so long after it has told so many lines; gives the step that it told of last.

    None if it was done before. Without ``seconds`` it is not killed.
    """
    last = "its start"
    for _ in range(lines):
        last = process.stderr.readline().partition(":")[0] if process.stderr else ""
    try:
        said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        said = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"a rotation failed: {said}")
    return last if process.returncode else None


def _digests(keys: str) -> dict[str, str]:
    """Of all that can be read with these keys, by where it stands; what cannot says why."""
    settings = Settings.load().with_values(JIRA_ENCRYPTION_KEYS=keys)
    digests = {}
    for where, pieces in _readable(settings):
        digest = hashlib.sha256()
        try:
            for piece in pieces:
                digest.update(piece)
            digests[where] = digest.hexdigest()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what has to be told
            digests[where] = str(error)
    return digests


def _readable(settings: Settings) -> Iterator[tuple[str, Iterator[bytes]]]:
    from jira_assets.inbox.archive import Archive
    from jira_assets.privacy.reading import connect
    from jira_assets.raw.log import RawLog
    from jira_assets.sync.attachments.store import AttachmentStore
    from jira_assets.warehouse.publish import VIEWS

    keyring = settings.keyring
    raw, archive = RawLog(settings.raw_dir, keyring), Archive(settings.events_dir, keyring)
    store = AttachmentStore(settings.attachments_dir, keyring)
    for month in raw.months():
        yield f"raw {month}", (repr(issue).encode() for issue in raw.latest(month))
    for day in archive.days():
        yield f"events {day}", (event.body for event in archive.read(date.fromisoformat(day)))
    for issue_id in sorted(store.issue_ids()):
        yield f"attachment of {issue_id}", store.reading(issue_id, "1")
    with connect(str(settings.published_dir / VIEWS), keyring) as connection:
        rows = connection.execute("SELECT issue_key, assignee_name FROM jira_issues ORDER BY ALL").fetchall()
    yield "published", (repr(row).encode() for row in rows)


def _different(expected: dict[str, str], found: dict[str, str], when: str) -> list[str]:
    return [
        f"{when}: {where} is {found.get(where)}"
        for where in expected.keys() | found.keys()
        if expected.get(where) != found.get(where)
    ]


def _key(number: int) -> str:
    secret = hashlib.sha256(str(number).encode()).digest()
    return f"k{number}:{base64.b64encode(secret).decode()}"


if __name__ == "__main__":
    sys.exit(main())
