"""Puts deliveries onto the disk: durable when the wait for one ends.

A single thread writes. Whatever comes in while it waits for the disk is its next batch, which shares one sync
of the folder: the busier, the cheaper an event. A batch's files are synced side by side, because a disk that
takes 0.3 ms for one takes little more for four.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Barrier, Thread

from jira_assets.files import sync_in_turn
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.receiver.log import logger

_SYNCED_AT_ONCE = 4
_STARTS_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class _Waiting:
    inbox: Inbox
    delivery: Delivery
    done: asyncio.Future[None]


_Results = list[tuple[asyncio.Future[None], OSError | None]]


class Store:
    """The writing thread, between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._syncing = ThreadPoolExecutor(_SYNCED_AT_ONCE, thread_name_prefix="sync")
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Call this in the event loop that will ``add``."""
        loop = asyncio.get_running_loop()
        together = Barrier(_SYNCED_AT_ONCE, timeout=_STARTS_WITHIN_S)
        for _ in range(_SYNCED_AT_ONCE):  # now, while there are threads to be had
            self._syncing.submit(together.wait)
        self._thread = Thread(target=self._write, args=(loop,), name="store", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Returns when what was added is written."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
            self._syncing.shutdown()

    async def add(self, inbox: Inbox, delivery: Delivery) -> None:
        """Durable when this returns; raises OSError if the disk did not take it."""
        done = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(inbox, delivery, done))
        await done

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        stopping = False
        while not stopping:
            batch, stopping = self._batch()
            by_inbox = defaultdict(list)
            for waiting in batch:
                by_inbox[waiting.inbox].append(waiting)
            results = [result for inbox, group in by_inbox.items() for result in self._add(inbox, group)]
            loop.call_soon_threadsafe(_tell, results)

    def _batch(self) -> tuple[list[_Waiting], bool]:
        """All that waits, at least one; and whether it is the last batch."""
        batch = []
        waiting = self._queue.get()
        while waiting is not None:
            batch.append(waiting)
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _add(self, inbox: Inbox, group: Sequence[_Waiting]) -> _Results:
        try:
            inbox.add((waiting.delivery for waiting in group), self._sync)
        except Exception as error:  # noqa: BLE001 - without this thread nothing would be stored or answered
            if len(group) == 1:
                return [(group[0].done, _as_os_error(error))]
            # One that does not fit must not take the others with it.
            return [result for waiting in group for result in self._add(inbox, [waiting])]
        return [(waiting.done, None) for waiting in group]

    def _sync(self, descriptors: Sequence[int]) -> None:
        if len(descriptors) == 1:
            sync_in_turn(descriptors)
            return
        shares = [descriptors[first::_SYNCED_AT_ONCE] for first in range(_SYNCED_AT_ONCE)]
        syncs: list[Future[None]] = []
        try:
            for share in filter(None, shares):
                syncs.append(self._syncing.submit(sync_in_turn, share))  # noqa: PERF401 - one may fail
        finally:
            wait(syncs)  # all of them: whoever asked closes the files after an error
        for sync in syncs:
            sync.result()


def _as_os_error(error: Exception) -> OSError:
    """Why a delivery is not stored, as whoever waits for it expects to be told."""
    if isinstance(error, OSError):
        return error
    logger.error("a delivery cannot be written", exc_info=error)
    return OSError("the delivery cannot be written")


def _tell(results: _Results) -> None:
    for done, error in results:
        if done.done():  # nobody waits any more
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
