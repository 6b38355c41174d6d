"""What a soak came to, written down by all of its threads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock
from time import monotonic


@dataclass
class Ledger:
    """``problems`` is empty if all is well."""

    kills: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    full_disks: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def least_hit(self, stages: Sequence[str], rng: Random) -> str:
        """One of the stages in which the fewest were killed so far."""
        with self._lock:
            fewest = min(self.kills[stage] for stage in stages)
            return rng.choice([stage for stage in stages if self.kills[stage] == fewest])

    def killed(self, during: str) -> None:
        with self._lock:
            self.kills[during] += 1

    def failed(self, why: str) -> None:
        """Something that could not be done, which the flow is to do again."""
        with self._lock:
            self.failures[why] += 1

    def filled_disk(self, of: str) -> None:
        with self._lock:
            self.full_disks[of] += 1

    def problem(self, line: str) -> None:
        with self._lock:
            self.problems.append(line)


@dataclass(frozen=True)
class Time:
    """There is a storm, then it is ``calm``, and then it is ``over``."""

    calm: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    began: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return monotonic() - self.began

    def end(self) -> None:
        self.calm.set()
        self.over.set()
