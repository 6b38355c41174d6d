"""Every fault of an operation, one after the other, and what each leaves.

The operation goes through once: that gives its calls, and the state that it makes. Then the n-th call fails,
and the process ends before the n-th change, for every n. After each the copy is looked at, and the operation
is done again.
"""

import os
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from jira_assets.raw.errors import RawLogError
from jira_assets.warehouse.connection import WarehouseError
from jira_assets_tests.faults.disk import Disk, Left, put
from jira_assets_tests.faults.looking import State, names, state
from jira_assets_tests.faults.operations import NotDone, Operation, Place
from jira_assets_tests.faults.recorder import Call, Fault, counted, recorded

# What an operation may say of a disk that does not do what it should; anything else is a defect.
_TOLD = (OSError, RawLogError, WarehouseError, duckdb.Error, NotDone)
_AT_THE_END = "after it was told to be done"
Content = dict[str, bytes | None]


@dataclass
class Enumerated:
    """How many calls an operation makes, how many faults were tried, and what was wrong."""

    calls: int
    faults: int
    problems: list[str]


@dataclass(frozen=True)
class _Reference:
    before: Content
    old: State
    new: State
    names: set[str]
    calls: list[Call]


def enumerate_faults(
    operation: Operation, place: Place, most: int | None = None, seed: int = 0
) -> Enumerated:
    """Tries the faults of an operation: all of them, or at most so many, which the seed chooses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIRA_ENCRYPTION_KEYS", operation.keys)
        reference = _reference(operation, place)
        numbered = list(enumerate(counted(reference.calls), 1))
        faults: list[Iterable[str]] = [
            *(_ended(*end, operation, place, reference) for end in _ends(reference, place.folder)),
            *(
                _failed(fault, number, call, operation, place, reference)
                for fault in Fault
                for number, call in numbered
            ),
        ]
        if most is not None and most < len(faults):
            faults = random.Random(f"{seed} {operation.name}").sample(faults, most)
        return Enumerated(len(numbered), len(faults), [problem for fault in faults for problem in fault])


def _reference(operation: Operation, place: Place) -> _Reference:
    shutil.rmtree(place.folder, ignore_errors=True)
    operation.prepare(place)
    before = Disk.of(place.folder).left(Left.ALL)
    old, kinds = state(place.settings), names(place.folder)
    _restore(place.folder, before)
    disk = Disk.of(place.folder)
    with recorded(place.folder) as calls:
        operation.run(place)
    for _ in disk.states(calls):
        pass
    if not calls or disk.left(Left.ALL) != Disk.of(place.folder).left(Left.ALL):
        raise AssertionError(f"{operation.name}: the recorded calls do not make what is in the folder")
    return _Reference(before, old, state(place.settings), kinds | names(place.folder), calls)


def _ends(reference: _Reference, folder: Path) -> Iterator[tuple[str, Content]]:
    """What the ends of the process leave, each once: before every change, and after the last."""
    _restore(folder, reference.before)
    disk = Disk.of(folder)
    seen: dict[Left, Content] = {left: {} for left in Left}
    for number in disk.states(reference.calls):
        for left in Left:
            content = disk.left(left)
            if content != seen[left]:
                seen[left] = content
                yield f"{left} before call {number} ({counted(reference.calls)[number - 1]})", content
    for left in Left:
        yield f"{left} {_AT_THE_END}", disk.left(left)


def _ended(
    what: str, content: Content, operation: Operation, place: Place, reference: _Reference
) -> Iterator[str]:
    _restore(place.folder, content)
    is_told = what.endswith(_AT_THE_END)
    yield from _looked(what, operation, place, reference, is_told=is_told)


def _failed(
    fault: Fault, number: int, call: Call, operation: Operation, place: Place, reference: _Reference
) -> Iterator[str]:
    what = f"{fault} at call {number} ({call})"
    is_told = True
    _restore(place.folder, reference.before)
    with recorded(place.folder, fault, number):
        try:
            operation.run(place)
        except _TOLD:
            is_told = False
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            is_told = False
            yield f"{operation.name}: {what}: {error!r}"
    yield from _looked(what, operation, place, reference, is_told=is_told)


def _looked(
    what: str, operation: Operation, place: Place, reference: _Reference, *, is_told: bool
) -> Iterator[str]:
    """What is wrong after a fault; ``is_told`` is whether the operation said that it was done."""
    now = state(place.settings)
    torn = [each for each in _all(reference, now) if now.get(each) not in _either(reference, each)]
    if torn:
        yield f"{operation.name}: {what}: neither old nor new: {torn} {[now.get(e) for e in torn]}"
    undone = [each for each in _different(now, reference.new) if not _comes_back(each, now, reference)]
    if is_told and undone:
        yield f"{operation.name}: {what}: was told to be done, and is not: {undone}"
    for path in place.folder.rglob(".*"):
        if path.is_file():
            os.utime(path, (0, 0))  # as if that had been long ago
    try:
        operation.run(place)
    except Exception as error:  # noqa: BLE001
        yield f"{operation.name}: {what}: cannot be done again: {error!r}"
        return
    if different := _different(state(place.settings), reference.new):
        yield f"{operation.name}: {what}: done again, it differs in {different}"
    if surplus := names(place.folder) - reference.names:
        yield f"{operation.name}: {what}: left behind: {sorted(surplus)}"


def _comes_back(what: str, now: State, reference: _Reference) -> bool:
    """Whether it is work that was done and is there again: doing it twice changes nothing."""
    return what.startswith(("delivery ", "item ")) and what in now and what not in reference.new


def _all(reference: _Reference, now: State) -> list[str]:
    return sorted({*reference.old, *reference.new, *now})


def _either(reference: _Reference, what: str) -> tuple[str | None, str | None]:
    return reference.old.get(what), reference.new.get(what)


def _different(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(each for each in one.keys() | other.keys() if one.get(each) != other.get(each))


def _restore(folder: Path, content: Content) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    put(content, folder)
