"""What tests run in processes of their own."""

import itertools
import multiprocessing
import os
import resource
from pathlib import Path

from upath import UPath

from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets_tests.raw.records import MONTH, record

BATCH = 3
# A server that has imported everything starts a process in milliseconds; it must not have used Polars itself.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["jira_assets_tests.raw.writers"])


def append_batches(root: Path, name: str, batches: int) -> None:
    """Append batches of issues whose ids say which batch they are of."""
    log = RawLog(UPath(root))
    for number in range(batches):
        append_batch(log, f"{name}.{number}")


def append_batch(log: RawLog, batch: str) -> None:
    log.append(MONTH, [record(f"{batch}-{place}", payload=os.urandom(2000)) for place in range(BATCH)])


def append_until_killed(root: Path, name: str, acknowledged: Path) -> None:
    """Append and compact for ever; each batch is acknowledged in a file once it is durable."""
    log = RawLog(UPath(root))
    with acknowledged.open("ab", buffering=0) as file:
        for number in itertools.count():
            append_batch(log, f"{name}.{number}")
            file.write(f"{name}.{number}\n".encode())
            log.compact(MONTH)


def append_to_a_full_disk(root: Path, limit: int) -> None:
    """Exits with 0 when appending more than the limit is refused as the log refuses things."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        RawLog(UPath(root)).append(MONTH, [record("9", payload=os.urandom(2 * limit))])
    except RawLogError as error:
        os._exit(0 if "cannot append" in str(error) else 2)
    os._exit(1)
