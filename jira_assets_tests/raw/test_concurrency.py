"""Writers, compactors and readers that know nothing of each other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path, PosixPath
from typing import ClassVar, Self, cast

from upath import UPath

from jira_assets.raw.log import RawLog
from jira_assets_tests.raw.records import MONTH, State, facts, record, state
from jira_assets_tests.raw.writers import BATCH, append_batches, processes

_WRITERS = 4
_BATCHES = 15
_ALL = {
    f"{writer}.{batch}-{place}"
    for writer in range(_WRITERS)
    for batch in range(_BATCHES)
    for place in range(BATCH)
}


def test_threads_never_share_a_segment(log: RawLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        segments = list(pool.map(lambda number: log.append(MONTH, [record(str(number))]), range(40)))
    assert len({segment.number for segment in segments if segment}) == 40
    assert log.issue_ids(MONTH) == {str(number) for number in range(40)}


def test_processes_never_share_a_segment(log: RawLog, tmp_path: Path) -> None:
    _run_writers(tmp_path)
    assert log.issue_ids(MONTH) == _ALL
    assert log.extent(MONTH).newest >= _WRITERS * _BATCHES


def test_readers_lose_nothing_while_others_append_and_compact(log: RawLog, tmp_path: Path) -> None:
    consumed: State = {}
    watermark = 0
    with _Compacting(log), ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_run_writers, tmp_path)
        is_over = False
        while not is_over:
            is_over = writing.done()
            changes = log.changes(MONTH, since=watermark)
            assert changes.watermark >= watermark
            consumed |= {issue.issue_id: facts(issue) for issue in log.latest(MONTH, changes.issue_ids)}
            watermark = changes.watermark
        writing.result()
    assert consumed.keys() == _ALL
    assert consumed == state(log)


def _run_writers(root: Path) -> None:
    writers = [
        processes.Process(target=append_batches, args=(root, str(number), _BATCHES))
        for number in range(_WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * _WRITERS


class _Compacting:
    """Two threads that compact the month as often as they can, until the block is left."""

    def __init__(self, log: RawLog) -> None:
        self._log = log
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(2)

    def __enter__(self) -> None:
        self._running = [self._pool.submit(self._compact) for _ in range(2)]

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for running in self._running:
            running.result()

    def _compact(self) -> None:
        while not self._stop.wait(0.01):
            self._log.compact(MONTH)


class _InterruptedFolder(PosixPath):
    """A folder in which something happens once, after it was listed and before a file of it is named."""

    meanwhile: ClassVar[list[Callable[[], object]]] = []
    protocol: ClassVar[str] = ""

    @property
    def path(self) -> str:
        return str(self)

    def __truediv__(self, name: str | PathLike[str]) -> Self:
        if str(name).endswith(".parquet") and self.meanwhile:
            self.meanwhile.pop()()
        return super().__truediv__(name)


def test_a_writer_whose_listing_is_out_of_date_is_not_overlooked(log: RawLog, tmp_path: Path) -> None:
    """Its number is one that compaction has freed, and that readers are past."""
    for number in range(20):
        log.append(MONTH, [record(str(number))])

    def compact() -> None:
        for number in range(20, 40):
            log.append(MONTH, [record(str(number))])
        log.compact(MONTH)

    watermark = 40
    _InterruptedFolder.meanwhile.append(compact)
    appended = RawLog(cast(UPath, _InterruptedFolder(tmp_path))).append(MONTH, [record("late")])
    assert not _InterruptedFolder.meanwhile, "no segment was named"
    assert appended is not None
    assert appended.number > watermark
    assert log.changes(MONTH, since=watermark).issue_ids == ("late",)
    assert log.issue_ids(MONTH) == {*map(str, range(40)), "late"}
