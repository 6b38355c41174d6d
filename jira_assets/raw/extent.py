"""What the log of a month consists of, so that a reader can tell it from another one.

A reader remembers up to which number it has read. The number alone says nothing: when the newest segment is
moved away, or the folder comes from a backup, the next segment gets the same one. So a reader also keeps the
identity of what it has read: a sum over the number and the checksum of each segment. A segment that
compaction or rewriting has made tells in its metadata which ones it has replaced, and counts as all of them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Member = tuple[int, int]
"""A segment's number and checksum."""

_KEPT = 256  # replaced segments that are told one by one; whoever has not read further reads all anew
_BYTES = 8


class Position(NamedTuple):
    """Up to which segment a reader has read a log, and the identity of the log up to there: None where an
    older version of us has noted none.
    """

    number: int
    identity: str | None


@dataclass(frozen=True, slots=True)
class Members:
    """Segments that are there, or have been replaced by those. ``folded`` are sums over older ones, each with
    the greatest number that it covers.
    """

    single: frozenset[Member] = frozenset()
    folded: frozenset[tuple[int, int]] = frozenset()

    def __or__(self, other: "Members") -> "Members":
        return Members(self.single | other.single, self.folded | other.folded)

    def identity(self, number: int) -> str | None:
        """Of those up to a number; None if that cannot be told any more."""
        if any(covered > number for covered, _ in self.folded):
            return None
        total = sum(part for _, part in self.folded) + _sum(m for m in self.single if m[0] <= number)
        return f"{total % 2 ** (8 * _BYTES):0{2 * _BYTES}x}"

    def shortened(self) -> "Members":
        """The same with few single ones."""
        ordered = sorted(self.single)
        older = ordered[:-_KEPT]
        if not older:
            return self
        covered = max(older[-1][0], *(covered for covered, _ in self.folded), 0)
        total = sum(part for _, part in self.folded) + _sum(older)
        return Members(frozenset(ordered[-_KEPT:]), frozenset({(covered, total % 2 ** (8 * _BYTES))}))

    def dumped(self) -> str:
        """As text for a file's metadata."""
        return ";".join(
            ",".join(f"{number}:{value:x}" for number, value in sorted(pairs))
            for pairs in (self.single, self.folded)
        )

    @classmethod
    def loaded(cls, text: str) -> "Members":
        """Raises ValueError for what is no such text."""
        single, folded = (
            frozenset((int(number), int(value, 16)) for number, value in _pairs(part))
            for part in text.split(";")
        )
        return cls(single, folded)


class Extent(NamedTuple):
    """The log of a month as it was found: its newest segment's number (0 if there is none), its bytes, and
    its members.
    """

    newest: int
    size: int
    members: Members

    @property
    def position(self) -> Position:
        """Of a reader who has read all of it."""
        return Position(self.newest, self.members.identity(self.newest))

    def continues(self, position: Position) -> bool:
        """Whether it is the log that somebody has read up to there, be it compacted or longer now."""
        if position.identity is None or position.number > self.newest:
            return False
        return self.members.identity(position.number) == position.identity


def _sum(members: Iterable[Member]) -> int:
    """Over a digest of each, so that no two segments make up for two others."""
    digests = (hashlib.blake2b(b"%d:%d" % member, digest_size=_BYTES).digest() for member in members)
    return sum(int.from_bytes(digest, "big") for digest in digests)


def _pairs(text: str) -> list[list[str]]:
    return [pair.split(":") for pair in text.split(",")] if text else []
