"""Every fault of an operation, one after the other, and what each leaves.

The operation goes through once: that gives its calls, and the state that it makes. Then the n-th call fails,
and the process ends before the n-th change, for every n. After each the copy is looked at, and the operation
is done again.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import duckdb

from jira_assets.inbox.drain import tidy
from jira_assets.raw.errors import RawLogError
from jira_assets.warehouse.connection import WarehouseError
from jira_assets_tests.faults.disk import Content, Disk, Left, put, read
from jira_assets_tests.faults.looking import State, names, state
from jira_assets_tests.faults.operations import NotDone, Operation, Place
from jira_assets_tests.faults.recorder import Fault, counted, recorded

# What an operation may say of a disk that does not do what it should; anything else is a defect.
_TOLD = (OSError, RawLogError, WarehouseError, duckdb.Error, NotDone)


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault, and what tries it and tells what is wrong afterwards."""

    what: str
    problems: Callable[[], Iterator[str]]


class Enumeration:
    """The faults of an operation. The keys that it needs are in the environment."""

    def __init__(self, operation: Operation, place: Place) -> None:
        self._operation = operation
        self._place = place
        shutil.rmtree(place.folder, ignore_errors=True)
        operation.prepare(place)
        self._before = read(place.folder)
        self._old, kinds = state(place.settings), names(place.folder)
        self._restore(self._before)
        with recorded(place.folder) as self._calls:
            operation.run(place)
        made = read(place.folder)
        tidy(place.settings)
        self._new, self._names = state(place.settings), kinds | names(place.folder)
        self.numbered = list(enumerate(counted(self._calls), 1))
        if not self.numbered or self._left(len(self._calls), Left.ALL) != made:
            raise AssertionError(f"{operation.name}: the recorded calls do not make what is in the folder")

    def trials(self) -> Iterator[Trial]:
        """The ends of the process come first."""
        yield from self._ends()
        for fault in Fault:
            for number, call in self.numbered:
                what = f"{fault} at call {number} ({call})"
                yield Trial(what, partial(self._failed, what, fault, number))

    def _ends(self) -> Iterator[Trial]:
        """Before every change, unless it leaves what the one before has left, and after the last."""
        seen: dict[Left, Content] = {left: {} for left in Left}
        disk = Disk(self._place.folder, self._before)
        number = 0
        for done, call in enumerate(self._calls):
            number += call.is_counted
            for left in Left if disk.changes(call) else ():
                if (content := disk.left(left)) != seen[left]:
                    seen[left] = content
                    what = f"{left} before call {number} ({call})"
                    yield Trial(what, partial(self._ended, what, done, left))
            disk.do(call)
        for left in Left:
            what = f"{left} after it was told to be done"
            yield Trial(what, partial(self._ended, what, len(self._calls), left))

    def _ended(self, what: str, done: int, left: Left) -> Iterator[str]:
        self._restore(self._left(done, left))
        yield from self._looked(what, is_told=done == len(self._calls))

    def _left(self, done: int, left: Left) -> Content:
        disk = Disk(self._place.folder, self._before)
        for call in self._calls[:done]:
            disk.do(call)
        return disk.left(left)

    def _failed(self, what: str, fault: Fault, number: int) -> Iterator[str]:
        self._restore(self._before)
        is_told = True
        with recorded(self._place.folder, fault, number):
            try:
                self._operation.run(self._place)
            except _TOLD:
                is_told = False
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                is_told = False
                yield f"{what}: {error!r}"
        yield from self._looked(what, is_told=is_told)

    def _looked(self, what: str, *, is_told: bool) -> Iterator[str]:
        """What is wrong after a fault; ``is_told`` is whether the operation said that it was done."""
        now = state(self._place.settings)
        torn = {
            each: now.get(each)
            for each in sorted({*self._old, *self._new, *now})
            if now.get(each) not in (self._old.get(each), self._new.get(each))
        }
        if torn:
            yield f"{what}: neither old nor new: {torn}"
        undone = [each for each in _different(now, self._new) if not self._comes_back(each, now)]
        if is_told and undone:
            yield f"{what}: was told to be done, and is not: {undone}"
        for path in self._place.folder.rglob(".*"):
            if path.is_file():
                os.utime(path, (0, 0))  # as if that had been long ago
        try:
            self._operation.run(self._place)
            tidy(self._place.settings)  # which the webhook sensor does every hour
        except Exception as error:  # noqa: BLE001 - whatever it is, it keeps the run from finishing
            yield f"{what}: cannot be done again: {error!r}"
            return
        if different := _different(state(self._place.settings), self._new):
            yield f"{what}: done again, it differs in {different}"
        if surplus := names(self._place.folder) - self._names:
            yield f"{what}: left behind: {sorted(surplus)}"

    def _comes_back(self, what: str, now: State) -> bool:
        """Whether it is work that was done and is there again: doing it twice changes nothing."""
        return what.startswith(("delivery ", "item ")) and what in now and what not in self._new

    def _restore(self, content: Content) -> None:
        shutil.rmtree(self._place.folder, ignore_errors=True)
        put(content, self._place.folder)


def _different(one: State, other: State) -> list[str]:
    return sorted(each for each in one.keys() | other.keys() if one.get(each) != other.get(each))
