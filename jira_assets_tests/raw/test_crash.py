"""Disks that are full and processes that die."""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from upath import UPath

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets_tests.raw.records import MONTH, record, state
from jira_assets_tests.raw.writers import BATCH, append_to_a_full_disk, append_until_killed, processes

_KILLS = 20


def test_known_defect_10_a_process_killed_while_it_appends_leaves_all_of_a_segment_or_nothing(
    log: RawLog, tmp_path: Path
) -> None:
    acknowledged = tmp_path / "acknowledged"
    rng = random.Random(7)
    for kill in range(_KILLS):
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        writer = processes.Process(target=append_until_killed, args=(tmp_path, str(kill), acknowledged))
        writer.start()
        _wait_until_grown(acknowledged, before)
        time.sleep(rng.uniform(0, 0.03))
        writer.kill()
        writer.join()
    found = Counter(issue.issue_id.split("-")[0] for issue in log.latest(MONTH))
    assert set(found.values()) == {BATCH}
    assert set(acknowledged.read_text().split()) <= found.keys()
    assert len(found) <= len(acknowledged.read_text().split()) + _KILLS


def _wait_until_grown(path: Path, size: int) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() or path.stat().st_size == size:
        assert time.monotonic() < deadline, "the writer writes nothing"
        time.sleep(0.001)


def test_a_file_that_may_not_grow_is_an_error_and_loses_nothing(log: RawLog, tmp_path: Path) -> None:
    log.append(MONTH, [record()])
    before = state(log)
    writer = processes.Process(target=append_to_a_full_disk, args=(tmp_path, 100_000))
    writer.start()
    writer.join(60)
    assert writer.exitcode == 0
    assert state(log) == before
    assert [path.name for path in (tmp_path / "issues" / MONTH).iterdir()] == ["000001.parquet"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mount = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"no small disk can be mounted here: {mount.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["/bin/umount", tmp_path], check=True)


def test_a_full_disk_is_an_error_and_loses_nothing(small_disk: Path) -> None:
    log = RawLog(UPath(small_disk))
    log.append(MONTH, [record()])
    before = state(log)
    with pytest.raises(RawLogError, match="No space left"):
        log.append(MONTH, [record("2", payload=os.urandom(2_000_000))])
    assert state(log) == before
    assert [path.name for path in (small_disk / "issues" / MONTH).iterdir()] == ["000001.parquet"]
    log.append(MONTH, [record("3")])
    assert log.issue_ids(MONTH) == {"1", "3"}


def test_a_folder_that_cannot_be_made_is_an_error_of_the_log(log: RawLog, tmp_path: Path) -> None:
    (tmp_path / "issues").write_text("in the way")
    with pytest.raises(RawLogError, match="cannot append"):
        log.append(MONTH, [record()])
