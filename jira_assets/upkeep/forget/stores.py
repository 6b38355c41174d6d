"""All that is stored of what Jira said, gone through from one end to the other."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import NamedTuple

from jira_assets.files import UnfitFile, read_file
from jira_assets.inbox.archive import Archive
from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.inbox.inbox import LARGEST_BYTES, DamagedDelivery, Inbox
from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.redaction import Redaction
from jira_assets.privacy.rewriting import Change
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part
from jira_assets.settings import Settings

_MONTH_LENGTH = len("2024-01")


class PayloadOwner(NamedTuple):
    """Whose payload it is. The body of an event has no issue and no part; its month is that in which it came,
    or ``waiting``. Neither has an entry of the site's lists, which are of all months.
    """

    month: str
    issue_id: str | None = None
    part: str | None = None


LISTS = PayloadOwner("lists")
"""Where what the site calls things is, people among them."""

Look = Callable[[PayloadOwner, bytes], bytes]
"""What is shown each payload and each body, and says what is to be there instead."""


class Stores:
    """The raw log and the lists beside it, the archive of events, and those that wait. ``problems`` names
    what could not be read.
    """

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        keyring = settings.keyring
        self.raw = RawLog(settings.raw_dir, keyring)
        self.problems: set[str] = set()
        self._archive = Archive(settings.events_dir, keyring)
        self._inbox = Inbox(settings.inbox_dir, keyring)
        self._unreadable = Inbox(settings.unreadable_dir, keyring)
        self._progress = progress

    def rewrite(self, what: str, look: Look) -> None:
        """Has a look at everything, superseded rows included, and puts what it says in its place.

        What could not be read stays as it is. Raises RawLogError and OSError where nothing can be written.
        """
        for month in self.raw.months():
            self._progress(f"{what} {month}")
            self.problems.update(self.raw.rewrite_parts(month, _of_month(look, month)).problems)
        for name in self.raw.lookups.lists():
            self._progress(f"{what} the list of {name}")
            self.problems.update(self.raw.lookups.rewrite(name, partial(look, LISTS)).problems)
        for day in self._archive.days():
            self._progress(f"{what} the events of {day}")
            change = partial(look, PayloadOwner(day[:_MONTH_LENGTH]))
            self.problems.update(self._archive.rewrite(day, change).problems)
        self.problems.update(self._inbox.rewrite(partial(look, PayloadOwner("waiting"))).problems)

    def read(self, what: str, look: Callable[[PayloadOwner, bytes], object]) -> None:
        """Has a look at everything that is not superseded, and changes nothing."""
        for month in self.raw.months():
            self._progress(f"{what} {month}")
            self._read(self._parts(month), look)
        for name in self.raw.lookups.lists():
            self._progress(f"{what} the list of {name}")
            self._read(self._entries(name), look)
        for day in self._archive.days():
            self._progress(f"{what} the events of {day}")
            self._read(self._bodies(day), look)

    def _read(
        self, found: Iterator[tuple[PayloadOwner, bytes]], look: Callable[[PayloadOwner, bytes], object]
    ) -> None:
        try:
            for place, payload in found:
                look(place, payload)
        except (RawLogError, DamagedArchive) as error:
            self.problems.add(str(error))

    def _parts(self, month: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        for issue in self.raw.latest(month):
            for part, payload in issue.payloads.items():
                yield PayloadOwner(month, issue.issue_id, part.value), payload
            for _, payload in issue.slas:
                yield PayloadOwner(month, issue.issue_id, Part.SLA.value), payload

    def _entries(self, name: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        for entry in self.raw.lookups.read(name):
            yield LISTS, bytes(entry.entry)

    def _bodies(self, day: str) -> Iterator[tuple[PayloadOwner, bytes]]:
        for event in self._archive.read(date.fromisoformat(day)):
            yield PayloadOwner(day[:_MONTH_LENGTH]), event.body

    def remove_unreadable(self, redaction: Redaction) -> int:
        """Deletes the deliveries that are no events and speak of people who are forgotten; says how many."""
        found = [name for name in self._unreadable.names() if self._speaks_of(name, redaction)]
        self._unreadable.remove(found)
        return len(found)

    def _speaks_of(self, name: str, redaction: Redaction) -> bool:
        try:
            content = self._unreadable.read(name).body
        except DamagedDelivery:
            try:
                content = read_file(self._unreadable.folder / name, LARGEST_BYTES)
            except UnfitFile as error:
                self.problems.add(f"{self._unreadable.folder / name} {error}")
                return False
        except PrivacyError as error:
            self.problems.add(str(error))
            return False
        return redaction.payload(content) is not content


def _of_month(look: Look, month: str) -> Callable[[str, str], Change]:
    return lambda issue_id, part: partial(look, PayloadOwner(month, issue_id, part))
