"""``jira-assets keys rotate``: everything that is kept comes under the key that writes.

What is done is told by the data themselves: whoever runs it again goes on where it was killed. Only when no
place holds anything of another key any more is that key noted as no longer in use.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.inbox.inbox import DamagedDelivery
from jira_assets.privacy.errors import NoKey, PrivacyError
from jira_assets.privacy.in_use import KeysInUse
from jira_assets.privacy.rewriting import Rewritten, unchanged
from jira_assets.raw.errors import RawLogError
from jira_assets.settings import Settings
from jira_assets.upkeep.rotate import rewritten_tables as tables
from jira_assets.upkeep.stores import Pieces, stores, sweep
from jira_assets.warehouse.database_file import set_aside
from jira_assets.warehouse.encrypted import Counts

_ROUNDS = 3  # what runs beside us may move something from where we have not been to where we were
_SECONDS_BETWEEN_PROGRESS = 10.0
_UNREADABLE = (RawLogError, DamagedArchive, DamagedDelivery, PrivacyError)


@dataclass(slots=True)
class Rotated:
    """What a rotation came to.

    ``problems`` are what could not be read. ``left`` says where there is still something of other keys (None
    is no key), ``retired`` which keys nothing needs any more.
    """

    writing: str
    resealed: int = 0
    problems: list[str] = field(default_factory=list)
    left: dict[str | None, list[str]] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing but what the key that writes has encrypted."""
        return not self.problems and not self.left


class Rotation:
    """Brings everything under the key that writes, beside whatever else is running."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        """Raises ``SettingsError``, and PrivacyError if a key that is in use is missing or is another."""
        self._settings = settings
        self._tell = tell
        self._keyring = settings.keyring
        self._in_use = KeysInUse(settings.keys_file)
        self._sealed = {
            store.name: store.opened(self._keyring) for store in stores(settings) if store.opened is not None
        }

    def run(self) -> Rotated:
        """Raises what keeps it from writing: OSError, RawLogError, DiskFull, WarehouseError.

        Whatever is done by then needs not be done again.
        """
        if self._keyring.writing is None:
            raise NoKey
        # Whatever is sealed first notes that its key is in use. From then on nobody begins without that key.
        self._keyring.seal(b"", "rotation")
        sweep(self._settings)  # of killed writers, from before there was this key
        rotated = Rotated(self._keyring.writing)
        self._rewrite_all(rotated)
        self._tell("tables: months that another key has protected are rebuilt")
        rotated.problems += tables.rebuild(self._settings, lambda line: self._tell(f"tables: {line}"))
        self._tell(f"published: {tables.publish(self._settings):,} months written")
        self._verify(rotated)
        if rotated.is_complete:
            self._in_use.note(self._keyring, is_all_sealed=True)
        return rotated

    def _rewrite_all(self, rotated: Rotated) -> None:
        for number in range(_ROUNDS):
            done = Rewritten()
            for name, pieces in self._sealed.items():
                done.add(self._rewrite(name, pieces, is_first=number == 0))
            rotated.resealed += done.resealed
            rotated.problems = done.problems
            if not done.resealed:
                break

    def _rewrite(self, name: str, pieces: Pieces, *, is_first: bool) -> Rewritten:
        done = Rewritten()
        told = monotonic()
        found = sorted(pieces.names())
        for number, piece in enumerate(found, start=1):
            done.add(pieces.rewrite(piece, lambda _: unchanged))
            if monotonic() - told > _SECONDS_BETWEEN_PROGRESS and number < len(found):
                told = monotonic()
                self._tell(f"{_progress(name, pieces, done)} ({number:,} of {len(found):,})")
        if done.resealed or (done.seen and is_first):
            self._tell(_progress(name, pieces, done))
        return done

    def _verify(self, rotated: Rotated) -> None:
        """Looks everywhere for what other keys have encrypted. Those of which nothing is left are retired."""
        left: dict[str | None, list[str]] = defaultdict(list)
        is_all_known = True
        for where, count in self._counts():
            if isinstance(count, str):
                is_all_known = False
                rotated.problems += [count] if count not in rotated.problems else []
                continue
            for key_id, number in count.items():
                if key_id != rotated.writing:
                    left[key_id].append(f"{number:,} in {where}")
        rotated.left = dict(left)
        for key_id in self._in_use.ids() if is_all_known else ():
            if key_id != rotated.writing and key_id not in left:
                self._in_use.retire(key_id)
                rotated.retired.append(key_id)

    def _counts(self) -> Iterator[tuple[str, Counts | str]]:
        """Every piece with what each key has sealed there, or with why that cannot be told."""
        for name, pieces in self._sealed.items():
            for piece in sorted(pieces.names()):
                where = f"{name} ({piece})"
                try:
                    yield where, pieces.count_by_key(piece)
                except _UNREADABLE as error:
                    yield where, str(error)
        yield from tables.count_by_key(self._settings)
        for path in set_aside(self._settings.warehouse_path):
            yield str(path), f"{path} was damaged and is as it was: delete it"


def _progress(name: str, pieces: Pieces, done: Rewritten) -> str:
    return f"{name}: {done.resealed:,} of {done.seen:,} {pieces.units} encrypted anew"
