"""What forgetting leaves, for somebody to look at: texts with a single part of the person's name.

It may be anybody's, so it is listed and not redacted. The parts are known only while somebody's name is
found, and noted nowhere: the digest of a single common word would tell it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from jira_assets.privacy.forgotten import WORD, folded, full_names
from jira_assets.privacy.json_tree import decoded, objects

_SHORTEST = 3  # characters of a part: shorter ones are initials and particles
_OF_PEOPLE = frozenset({"displayName", "emailAddress", "self", "avatarUrls", "key", "name"})


class NameParts:
    """The parts of names such as `Jane Doe`, and of names of a single word."""

    def __init__(self, names: Iterable[str]) -> None:
        words = {word for name in names for word in chain(_words(name), *full_names(name))}
        parts = sorted(word for word in words if len(word) >= _SHORTEST or not word.isascii())
        self._parts = (
            re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, parts))})(?![^\W_])") if parts else None
        )

    def are_in(self, payload: bytes) -> bool:
        """Whether a part stands in some text, other than as what somebody else is called."""
        if self._parts is None:
            return False
        tree = decoded(payload)
        texts = _texts(tree.root) if tree is not None else [payload.decode(errors="replace")]
        return any(self._parts.search(_comparable(text)) for text in texts)


def _words(name: str) -> list[str]:
    return [folded(word) for word in WORD.findall(unicodedata.normalize("NFC", name))]


def _comparable(text: str) -> str:
    return folded(unicodedata.normalize("NFC", text))


def _texts(root: list[Any]) -> Iterator[str]:
    for node in objects(root):
        is_person = not _OF_PEOPLE.isdisjoint(node) and "displayName" in node
        for name, value in node.items():
            if isinstance(value, str) and not (is_person and name in _OF_PEOPLE):
                yield value
            elif isinstance(value, list):
                yield from (each for each in value if isinstance(each, str))
