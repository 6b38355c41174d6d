"""A data folder with something in each of its folders, and what of it nobody is to read."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy, months_of

FOLDERS = ("raw", "inbox", "queue", "events", "unreadable")
_TELLING = {"displayName", "emailAddress", "summary", "text"}
_SHORTEST = 6  # shorter texts may be anywhere


def filled(folder: Path, keys: str = "") -> set[bytes]:
    """Copies a site so that every folder has something in it; returns its names, addresses and sentences."""
    with serve(Site(islice(generate(), 10))) as sandbox:
        copied = Copy(sandbox, folder, keys=keys)
        copied.backfill(months_of(sandbox))
        simulator = Simulator(sandbox.site, seed=1)
        events = [event for _ in range(10) for event in simulator.step()]
        copied.deliver(*events[::2], b"no event, but Maria Sommer is in it")
        copied.drain()
        copied.deliver(*events[1::2])
        issues = [sandbox.site.get(issue.id) for issue in sandbox.site]
    texts = {text for issue in issues for text in telling(issue)} | {"Maria Sommer"}
    return {text.encode() for text in texts if len(text) >= _SHORTEST}


def telling(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from telling(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in _TELLING and isinstance(each, str):
                yield each
            yield from telling(each)


def files(folder: Path, folders: Iterable[str] = FOLDERS) -> dict[Path, bytes]:
    found = [path for name in folders for path in (folder / name).rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in found}


def found_below(folder: Path, texts: set[bytes], folders: Iterable[str] = FOLDERS) -> set[bytes]:
    """Those that stand in a file, or in a name of one."""
    everything = b"\n".join(bytes(path) + content for path, content in files(folder, folders).items())
    return {text for text in texts if text in everything}
