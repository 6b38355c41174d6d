"""Batches that are asked for again in halves when they fail, until what is at fault is alone.

A page may be too heavy for Jira (a timeout, 413, 5xx), or one issue on it may break it. Neither is a reason
to go without the others. What concerns everything is no reason for smaller batches: a refused credential, a
missing right (401, 403, 404), a limit of requests (429), a Jira that is down.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BadQuery, Forbidden, JiraError, MissingOrForbidden, Unavailable

T = TypeVar("T")

SHRINKS = (BadQuery, Unavailable)
"""What may be due to the size of a batch, or to something in it."""

OF_ONE = (*SHRINKS, Forbidden, MissingOrForbidden)
"""What may be due to a single issue that was asked for alone."""

TRIES = 2  # of a batch that can be made smaller; its halves are not sent again
# So many failures without a single success are no matter of single issues: it takes seven to get from a
# hundred to one, and two for each that fails beside it. Where others were read, ten times as many may be.
_FAILURES_IN_A_ROW = 36
_FAILURES_AMONG_OTHERS = 360
_SUCCESSES_BEFORE_LARGER = 20


class BatchSize:
    """How much a client asks for at once: less after a failure, and more again after many successes."""

    def __init__(self, largest: int) -> None:
        self.now = largest
        self._largest = largest
        self._successes = 0

    def set(self, size: int) -> None:
        """What is asked for from now on, at least one."""
        self.now = max(1, min(size, self._largest))
        self._successes = 0

    def succeeded(self) -> None:
        """Notes an answer."""
        if self.now < self._largest:
            self._successes += 1
            if self._successes == _SUCCESSES_BEFORE_LARGER:
                self.set(self.now * 2)


class BatchSizes:
    """The sizes of one client's batches, by what is asked for; to be had from ``JiraClient.kept``."""

    def __init__(self, _client: JiraClient) -> None:
        self._sizes: dict[object, BatchSize] = {}

    def of(self, what: object, largest: int) -> BatchSize:
        """The size for one kind of request."""
        return self._sizes.setdefault((what, largest), BatchSize(largest))


@dataclass(slots=True)
class _Batch:
    ids: Sequence[str]
    whole: "_Batch | None" = None  # what this is a half of
    good_halves: int = 0


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A batch and the answer to it, or the error of a single one that was asked for alone."""

    ids: Sequence[str]
    answer: T | None
    error: JiraError | None = None


def in_halves(
    ids: Sequence[str],
    size: BatchSize,
    ask: Callable[[Sequence[str], int | None], T],
    ask_alone: Callable[[str], T],
    is_jira_up: Callable[[], object],
) -> Iterator[Asked[T]]:
    """Asks for all the ids, some at a time. Raises what ``ask`` raises that does not shrink batches.

    ``ask`` is given ids and how often to try. One that fails alone is asked for by ``ask_alone``. When Jira
    fails to answer, ``is_jira_up`` is called, and raises if it is down.
    """
    pending: list[_Batch] = []
    taken = failures = 0
    tolerated = _FAILURES_IN_A_ROW
    while pending or taken < len(ids):
        if not pending:
            pending.append(_Batch(ids[taken : taken + size.now]))
            taken += size.now
        batch = pending.pop()
        try:
            answer = ask(batch.ids, 1 if batch.whole else TRIES)
        except SHRINKS as error:
            failures += 1
            if failures > tolerated:
                raise
            if failures == 1 and isinstance(error, Unavailable):
                is_jira_up()
            if len(batch.ids) > 1:
                middle = (len(batch.ids) + 1) // 2
                pending += [_Batch(batch.ids[middle:], batch), _Batch(batch.ids[:middle], batch)]
                continue
            try:
                alone = Asked(batch.ids, ask_alone(batch.ids[0]))
            except OF_ONE as of_one:
                failures += 1
                yield Asked(batch.ids, None, of_one)
            else:
                failures, tolerated = 0, _FAILURES_AMONG_OTHERS
                yield alone
            continue
        failures, tolerated = 0, _FAILURES_AMONG_OTHERS
        _note_success(batch, size)
        yield Asked(batch.ids, answer)


def _note_success(batch: _Batch, size: BatchSize) -> None:
    """Two halves that are good make a whole that was too large; one that is not was at fault itself."""
    size.succeeded()
    if batch.whole is not None:
        batch.whole.good_halves += 1
        if batch.whole.good_halves == 2:
            size.set(min(size.now, len(batch.ids)))
