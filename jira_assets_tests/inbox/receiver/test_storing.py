import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.inbox.receiver.store import Store
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import deliver, event, health


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_what_cannot_be_stored_is_refused_until_it_can(
    url: str, settings: Settings, inbox: Inbox, size: int
) -> None:
    settings.local_dir.mkdir(exist_ok=True)
    inbox.folder.write_text("a file stands where the folder should be")
    refused = deliver(url, event(text="x" * size), "one")
    ailing = health(url)
    inbox.folder.unlink()
    stored = deliver(url, event(text="x" * size), "one")
    assert (refused.status_code, stored.status_code) == (503, 200)
    assert int(refused.headers["retry-after"]) > 0
    assert (ailing["status"], ailing["last_error"], ailing["errors"]) == ("degraded", True, 1)
    assert health(url)["last_error"] is False
    assert len(inbox.names()) == 1


def test_deliveries_that_wait_together_are_stored_together(tmp_path: Path) -> None:
    inbox, deliveries = Inbox(tmp_path), [delivery(number) for number in range(50)]
    assert stored(inbox, deliveries) == [None] * 50
    assert inbox.names() == sorted(each.name for each in deliveries)


def test_one_that_cannot_be_stored_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    inbox, deliveries = Inbox(tmp_path), [delivery(number) for number in range(5)]
    deliveries[2] = replace(deliveries[2], name="x" * 300)
    results = stored(inbox, deliveries)
    assert [isinstance(result, OSError) for result in results] == [False, False, True, False, False]
    assert len(list(tmp_path.iterdir())) == 4


def test_one_that_cannot_even_be_written_down_does_not_end_the_store(tmp_path: Path) -> None:
    inbox, deliveries = Inbox(tmp_path), [delivery(number) for number in range(5)]
    deliveries[2] = replace(deliveries[2], identifier="no text: \ud83d")
    results = stored(inbox, deliveries)
    assert [isinstance(result, OSError) for result in results] == [False, False, True, False, False]
    assert stored(inbox, deliveries[3:]) == [None, None]


def test_a_store_has_the_threads_that_it_needs_from_the_start(tmp_path: Path) -> None:
    refused = []

    def start(thread: Thread) -> None:
        refused.append(thread)
        raise RuntimeError("can't start new thread")

    deliveries = [delivery(number) for number in range(20)]
    assert stored(Inbox(tmp_path), deliveries, {(Thread, "start"): start}) == [None] * 20
    assert refused == []


def test_files_stay_open_until_the_syncs_that_did_begin_have_ended(tmp_path: Path) -> None:
    errors = []
    fsync, submit, submissions = os.fsync, ThreadPoolExecutor.submit, count()

    def slow(descriptor: int) -> None:
        time.sleep(0.01)
        try:
            fsync(descriptor)
        except OSError as error:
            errors.append(error)

    def now_and_then(*arguments: Any) -> Any:
        if next(submissions) % 4 == 3:
            raise RuntimeError("can't start new thread")
        return submit(*arguments)

    disturbed = {(os, "fsync"): slow, (ThreadPoolExecutor, "submit"): now_and_then}
    stored(Inbox(tmp_path), [delivery(number) for number in range(20)], disturbed)
    assert errors == []


def delivery(number: int) -> Delivery:
    return Delivery.arrived(str(number), datetime.now(UTC), None, event(number))


def stored(
    inbox: Inbox, deliveries: list[Delivery], disturbed: Mapping[tuple[object, str], object] | None = None
) -> list[BaseException | None]:
    """What becomes of deliveries that are added at once: None, or an error.

    ``disturbed`` is what of Python does something else meanwhile.
    """

    async def add_all() -> list[BaseException | None]:
        store = Store()
        store.start()
        try:
            with pytest.MonkeyPatch.context() as patch:
                for (owner, name), instead in (disturbed or {}).items():
                    patch.setattr(owner, name, instead)
                additions = (store.add(inbox, each) for each in deliveries)
                return await asyncio.wait_for(asyncio.gather(*additions, return_exceptions=True), 10)
        finally:
            await store.stop()

    return asyncio.run(add_all())
