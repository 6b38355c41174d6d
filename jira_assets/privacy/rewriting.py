"""What is stored, written anew: with the key that writes now, or with something taken out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

Change = Callable[[bytes], bytes]
"""From what is stored, decrypted, to what is to be there instead; what is to stay it gives back as it is.

It is called for the same content as often as that is found, so it must always say the same of it.
"""


def unchanged(content: bytes) -> bytes:
    """The change of who only wants another key."""
    return content


@dataclass(slots=True)
class Rewritten:
    """How many pieces of data were looked at, how many of them were merely sealed with the key that writes,
    and how many had to be changed.

    ``problems`` name what could not be read, and is as it was.
    """

    seen: int = 0
    resealed: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Rewritten") -> None:
        self.seen += other.seen
        self.resealed += other.resealed
        self.changed += other.changed
        self.problems += other.problems
