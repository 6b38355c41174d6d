"""What the rows of the log hold: payloads, compressed and sealed if there is a key, and why a fetch failed.

A payload is sealed for its month, issue and part, and for its times and generation, which say what is latest.
It is not sealed for a segment: compaction moves it as it is.
What older versions sealed, not for its times, is read until everything is known to be sealed like that.
What is changed after it was fetched says how often that was, so that it wins over what it was before.
"""

import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from jira_assets.privacy.errors import NotSealed, PrivacyError, Tampered, UnknownKey
from jira_assets.privacy.keyring import Keyring, is_sealed, key_id_of
from jira_assets.privacy.rewriting import Change, unchanged
from jira_assets.raw.codec import DamagedPayload, compress, decompress, is_compressed, plain, revision_of
from jira_assets.raw.errors import UnreadableSegment
from jira_assets.raw.record import NO_FAILURES, Record
from jira_assets.raw.segments import Row, Segment
from jira_assets.timestamps import epoch_milliseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = "\x01"  # between what may be read of a reason and the rest, sealed and in base64
_REVISED = "\x02"  # behind a reason, as often as it was changed
_OURS = str.maketrans(_MARK + _REVISED, "  ")


class Renewed(NamedTuple):
    """A payload or an error as it is to be stored instead; ``is_news`` is whether it says something else."""

    payload: bytes | None
    error: str | None
    is_news: bool


class Contents:
    """The contents of one month's rows."""

    def __init__(self, keyring: Keyring, month: str) -> None:
        self._keyring = keyring
        self._month = month

    def pack(self, record: Record) -> tuple[bytes | None, str | None]:
        """The payload and the error of a record as they are stored."""
        updated, fetched = epoch_milliseconds(record.issue_updated) * 1000, _microseconds(record.fetched_at)
        place = self._place(record.issue_id, record.name, updated, fetched, *_later(record.generation))
        payload, error = record.payload, record.error
        return (
            None if payload is None else self._packed(payload, 0, place),
            None if error is None else self._packed_error(error.translate(_OURS), place),
        )

    def payload(self, row: Row, segment: Segment) -> bytes:
        """Raises UnreadableSegment if that is not what was stored, or no key of ours opens it."""
        return self._decompressed(self._frame(row, segment), row, segment)

    def error(self, row: Row, segment: Segment) -> str:
        """Why the fetch failed; raises as ``payload``."""
        return self._reason(row, segment).rstrip(_REVISED)

    def standing(self, row: Row, segment: Segment) -> tuple[int, bytes]:
        """Of two rows of the same moment the one in which this is greater wins. Raises as ``payload``."""
        if row[6] is None:
            frame = self._frame(row, segment)
            return revision_of(frame), self._decompressed(frame, row, segment)
        reason = self._reason(row, segment)
        return _revision(reason), reason.rstrip(_REVISED).encode()

    def moved(self, row: Row) -> Row:
        """A row as another segment is to hold it: a frame that nobody sealed as what is in it, unless it is
        damaged, which whoever reads it will tell.
        """
        stored = row[5]
        if stored is None or is_sealed(stored) or not is_compressed(stored):
            return row
        with suppress(DamagedPayload):
            return (*row[:5], plain(decompress(stored), revision_of(stored)), *row[6:])
        return row

    def key_of(self, row: Row, segment: Segment) -> str | None:
        """The id of the key that has sealed a row, if one has. Raises as ``payload``."""
        place = self._place_of(row)
        try:
            return key_id_of(row[5] or b"" if row[6] is None else _sealed(row[6]), place)
        except (binascii.Error, Tampered) as error:
            raise _unreadable(row, segment, error) from error

    def renewed(self, row: Row, segment: Segment, change: Change) -> Renewed | None:
        """What a row is to hold instead: what ``change`` makes of it, under the key that writes.

        None if that is what it holds. Raises as ``payload``.
        """
        is_current = self.key_of(row, segment) == self._keyring.writing and self._is_bound(row)
        if is_current and change is unchanged:
            return None
        renewed = self._renewed_payload if row[6] is None else self._renewed_error
        return renewed(row, segment, change, is_current)

    def _renewed_payload(
        self, row: Row, segment: Segment, change: Change, is_current: bool
    ) -> Renewed | None:
        place, frame = self._place_of(row), self._frame(row, segment)
        if change is not unchanged:
            payload = self._decompressed(frame, row, segment)
            changed = change(payload)
            if changed != payload:
                revised = self._packed(changed, revision_of(frame) + 1, place)
                return Renewed(revised, None, is_news=True)
        if is_current:
            return None
        if is_compressed(frame) and self._keyring.writing is not None:  # not decoded: it may be damaged
            return Renewed(self._keyring.seal(frame, place), None, is_news=False)
        payload = self._decompressed(frame, row, segment)
        return Renewed(self._packed(payload, revision_of(frame), place), None, is_news=False)

    def _renewed_error(self, row: Row, segment: Segment, change: Change, is_current: bool) -> Renewed | None:
        place, reason = self._place_of(row), self._reason(row, segment)
        error = reason.rstrip(_REVISED)
        changed = change(error.encode()).decode().translate(_OURS)
        if changed != error:
            revised = changed + _REVISED * (_revision(reason) + 1)
            return Renewed(None, self._packed_error(revised, place), is_news=True)
        return None if is_current else Renewed(None, self._packed_error(reason, place), is_news=False)

    def _frame(self, row: Row, segment: Segment) -> bytes:
        try:
            return self._unsealed(row[5] or b"", row)
        except PrivacyError as error:
            raise _unreadable(row, segment, error) from error

    def _decompressed(self, frame: bytes, row: Row, segment: Segment) -> bytes:
        try:
            return decompress(frame)
        except DamagedPayload as error:
            raise _unreadable(row, segment, error) from error

    def _reason(self, row: Row, segment: Segment) -> str:
        stored = row[6] or ""
        try:
            if _MARK not in stored:
                return self._keyring.unseal(stored.encode(), _of_error(self._place_of(row))).decode()
            return self._unsealed(_sealed(stored), row, _of_error).decode()
        except (binascii.Error, UnicodeDecodeError, PrivacyError) as error:
            raise _unreadable(row, segment, error) from error

    def _packed(self, payload: bytes, revision: int, place: str) -> bytes:
        """Sealed bytes do not compress, so what is sealed is compressed before."""
        if self._keyring.writing is None:
            return plain(payload, revision)
        return self._keyring.seal(compress(payload, revision), place)

    def _packed_error(self, error: str, place: str) -> str:
        """Jira's messages quote what was asked for. Only what sets one kind of reason apart can be read."""
        if self._keyring.writing is None:
            return error
        told = next((reason for reason in NO_FAILURES if error.startswith(reason)), "")
        sealed = self._keyring.seal(error.encode(), _of_error(place))
        return f"{told}{_MARK}{base64.b64encode(sealed).decode()}"

    def _unsealed(self, stored: bytes, row: Row, of: Callable[[str], str] = str) -> bytes:
        try:
            return self._keyring.unseal(stored, of(self._place_of(row)))
        except Tampered:
            if self._keyring.refuses_plain or not is_sealed(stored):
                raise
            return self._keyring.unseal(stored, of(self._place(*row[:2])))

    def _is_bound(self, row: Row) -> bool:
        """Whether a row is sealed for its times, if it is sealed."""
        stored, place = row[5] or b"", self._place_of(row)
        if row[6] is not None:
            stored, place = _sealed(row[6]), _of_error(place)
        try:
            return not is_sealed(stored) or bool(self._keyring.unseal(stored, place) or True)
        except PrivacyError:
            return False

    def _place_of(self, row: Row) -> str:
        return self._place(*row[:4], *_later(row[8]))

    def _place(self, issue_id: str, name: str, *latest_by: int) -> str:
        return "/".join(["raw", self._month, issue_id, name, *map(str, latest_by)])


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _later(generation: int) -> tuple[int, ...]:
    """Nothing for the first generation, which nearly all rows are of."""
    return (generation,) if generation else ()


def _of_error(place: str) -> str:
    return f"{place}/error"


def _sealed(stored: str) -> bytes:
    """What is sealed of an error; nothing if it was stored without a key."""
    return base64.b64decode(stored.partition(_MARK)[2])


def _revision(reason: str) -> int:
    return len(reason) - len(reason.rstrip(_REVISED))


def _unreadable(row: Row, segment: Segment, error: Exception) -> UnreadableSegment:
    what = "tombstone" if row[1] == "deleted" else row[1]
    if isinstance(error, UnknownKey | NotSealed):
        return UnreadableSegment(str(segment.path), f"the {what} of issue {row[0]}: {error}", remedy=None)
    reason = "it was changed or moved" if isinstance(error, Tampered) else str(error)
    return UnreadableSegment(str(segment.path), f"the {what} of issue {row[0]} is damaged ({reason})")
