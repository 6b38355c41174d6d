"""The history of an issue, put together from wherever Jira shows some of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
from msgspec import Raw

from jira_assets.jira.client import JiraClient
from jira_assets.jira.parts import PartList, by_id, distinct, histories


class _History(msgspec.Struct):
    items: list[Raw] | None = None


class _Embedded(msgspec.Struct):
    histories: list[Raw] = []


@dataclass(frozen=True, slots=True)
class EmbeddedHistory:
    """The history inside an issue: how many changes there are, and ``changelog`` with some, as Jira wrote it.

    At most 40 or 100 are there (jira_cloud.md 1.2).
    """

    total: int | None = None
    changelog: bytes | None = None

    @property
    def weight(self) -> int:
        """In bytes."""
        return len(self.changelog or b"")

    @property
    def histories(self) -> list[Raw]:
        """Those that are there."""
        try:
            return msgspec.json.decode(self.changelog or b"{}", type=_Embedded).histories
        except (msgspec.DecodeError, UnicodeDecodeError):
            return []


def whole_history(sent: Sequence[Raw] | None, embedded: EmbeddedHistory) -> list[Raw] | None:
    """The history, of what was ``sent`` in bulk and what is embedded; None if that is less than Jira counts.

    The bulk read leaves out issues without a word, and shows none of the history of some that have one.
    """
    if sent is None and embedded.total is None:
        return None
    found = list(sent or ())
    held, total = len(distinct(found)), embedded.total or 0
    if held == len(found) >= total:
        return found
    found = joined(found if held >= total else [*found, *embedded.histories])
    return found if len(found) >= total else None


def own_history(
    client: JiraClient, issue_id: str, sent: Sequence[Raw] | None, embedded: EmbeddedHistory
) -> PartList:
    """The history from the issue's own address, with what that does not show. Raises ``JiraError``."""
    own = histories(client, issue_id)
    return replace(own, elements=joined([*own.elements, *(sent or ()), *embedded.histories]))


def joined(pieces: Iterable[Raw]) -> list[Raw]:
    """The histories, each once: one that comes in pieces has the items of all of them, in their order."""
    joined: list[Raw] = []
    for of_one in by_id(pieces).values():
        different = list(dict.fromkeys(bytes(piece) for piece in of_one))
        try:
            joined.append(of_one[0] if len(different) == 1 else _join(different))
        except msgspec.DecodeError:  # its items are no list
            joined.append(of_one[-1])
    return joined


def _join(pieces: Sequence[bytes]) -> Raw:
    """The first piece, with what the others have beside its items. An item may be in a piece twice."""
    items: list[Raw] = []
    known: Counter[bytes] = Counter()
    for piece in pieces:
        in_piece: Counter[bytes] = Counter()
        for item in msgspec.json.decode(piece, type=_History).items or []:
            content = _content(item)
            in_piece[content] += 1
            if in_piece[content] > known[content]:
                items.append(item)
        known |= in_piece
    members = msgspec.json.decode(pieces[0], type=dict[str, Raw])
    members["items"] = Raw(msgspec.json.encode(items))
    return Raw(msgspec.json.encode(members))


def _content(item: Raw) -> bytes:
    """The same for the same content, however it is written."""
    return msgspec.json.encode(msgspec.json.decode(item), order="deterministic")
