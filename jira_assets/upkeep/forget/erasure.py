"""Forgetting somebody: everywhere, for good, and in such a way that it can be done again.

First comes the list of those who are forgotten, so that nothing that runs meanwhile brings them back. Then
all that is stored is looked through twice: for what tells more of the person, and to redact it. Only the list
says how far that has come: when it was interrupted, forgetting the same account again finds what is left.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial

from jira_assets.inbox.archive_file import DamagedArchive
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.forgotten import Forgotten, Traces
from jira_assets.privacy.redaction import Redaction
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.log import RawLog
from jira_assets.settings import Settings
from jira_assets.sync.attachments.store import AttachmentStore
from jira_assets.sync.configuration import catalogue
from jira_assets.upkeep.forget.candidates import NameParts
from jira_assets.upkeep.forget.files import delete_files, keys_of, remove_unfinished, remove_unreadable
from jira_assets.upkeep.forget.report import Report
from jira_assets.upkeep.rotate import rewritten_tables as tables
from jira_assets.upkeep.stores import LISTS, PayloadOwner, stores

Look = Callable[[PayloadOwner, bytes], bytes]
"""What is shown each payload and each body, and says what is to be there instead."""


class Erasure:
    """Of one account, from all that the settings lead to. Raises SettingsError and PrivacyError."""

    def __init__(self, settings: Settings, account_id: str, progress: Callable[[str], None]) -> None:
        catalogue()  # what is wrong with the settings is found before anything is done
        self._settings = settings
        self._account_id = account_id
        self._progress = progress
        self._forgetting = Forgetting(settings.raw_dir, settings.keyring)
        keyring = settings.keyring
        self._searched = {
            store.name: store.opened(keyring)
            for store in stores(settings)
            if store.opened is not None and store.is_searched
        }
        self._raw = RawLog(settings.raw_dir, keyring)
        self._problems: set[str] = set()  # what could not be read

    def run(self) -> Report:
        """Does it. Raises RawLogError, OSError, PrivacyError, SettingsError and WarehouseError: then
        not everything was done, and it has to be done again.
        """
        self._forgetting.list.add(self._account_id)
        known = _Reader(self._in_force())
        self._rewrite("reading", known.look)
        self._forgetting.learn(known.redaction, [known.found])
        redacted = _Redactor(self._in_force(), self._account_id, known.parts(self._account_id))
        self._rewrite("redacting", redacted.look)
        report = redacted.report
        report.deliveries = remove_unreadable(self._settings, redacted.redaction, self._problems)
        self._finish_files(redacted)
        self._renew_copies(report)
        report.problems += [*remove_unfinished(self._settings), *sorted(self._problems)]
        return report

    def rehearse(self) -> Report:
        """Says what ``run`` would find, and changes nothing. Raises as ``run``."""
        forgotten = (self._forgetting.list.read() or Forgotten.empty()).with_account(self._account_id)
        known = _Reader(Redaction(forgotten))
        self._read("reading", known.look)
        in_force = Redaction(forgotten.with_traces(known.found))
        redacted = _Redactor(in_force, self._account_id, known.parts(self._account_id))
        self._read("looking at", redacted.look)
        self._name_issues(redacted.report)
        redacted.report.problems += sorted(self._problems)
        return redacted.report

    def _rewrite(self, what: str, look: Look) -> None:
        """Has a look at everything, superseded rows included, and puts what it says in its place.

        What could not be read stays as it is. Raises RawLogError and OSError where nothing can be written.
        """
        for name, pieces in self._searched.items():
            for piece in pieces.names():
                self._progress(f"{what} {name} ({piece})")
                done = pieces.rewrite(piece, lambda owner: partial(look, owner))
                self._problems.update(done.problems)

    def _read(self, what: str, look: Look) -> None:
        """Has a look at everything that is not superseded, and changes nothing."""
        for name, pieces in self._searched.items():
            if pieces.payloads is None:
                continue
            for piece in pieces.names():
                self._progress(f"{what} {name} ({piece})")
                try:
                    for owner, payload in pieces.payloads(piece):
                        look(owner, payload)
                except (RawLogError, DamagedArchive) as error:
                    self._problems.add(str(error))

    def _in_force(self) -> Redaction:
        redaction = self._forgetting.in_force()
        if redaction is None:
            raise FileNotFoundError(f"{self._forgetting.list.path} was deleted meanwhile")
        return redaction

    def _finish_files(self, redacted: "_Redactor") -> None:
        store = AttachmentStore(self._settings.attachments_dir, self._settings.keyring)
        for month, issue_ids in redacted.concerned.items():
            try:
                redacted.report.files += delete_files(self._raw, store, month, issue_ids)
            except RawLogError as error:
                self._problems.add(str(error))
        self._name_issues(redacted.report)

    def _renew_copies(self, report: Report) -> None:
        """Makes tables and published files what the raw log is now; nothing of what they were is left."""
        settings = self._settings
        self._progress("renewing the tables")
        report.problems += tables.rebuild(settings, self._progress)
        if settings.warehouse_path.exists():
            self._progress("publishing")
            tables.publish(settings, empties_unbuilt=True)
        elif settings.published_dir.exists():
            report.problems.append(
                f"{settings.published_dir} is as it was, since there is no database to publish: delete it"
            )

    def _name_issues(self, report: Report) -> None:
        for month, touched in report.months.items():
            try:
                keys = keys_of(self._raw, month, touched.issue_ids | touched.left.keys())
                report.keys |= {keys.get(issue_id, issue_id) for issue_id in touched.issue_ids}
                for issue_id, parts in touched.left.items():
                    report.left[keys.get(issue_id, issue_id)] |= parts
            except RawLogError as error:
                self._problems.add(str(error))


class _Reader:
    """Gathers what tells more of those who are forgotten."""

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction
        self.found: Mapping[str, Traces] = defaultdict(Traces)

    def look(self, _place: PayloadOwner, payload: bytes) -> bytes:
        for tombstone, traces in self.redaction.traces(payload).items():
            self.found[tombstone].add(traces)
        return payload

    def parts(self, account_id: str) -> NameParts:
        """Of the names of an account."""
        found = self.found.get(self.redaction.forgotten.tombstone(account_id) or "", Traces())
        return NameParts(found.names)


class _Redactor:
    """Redacts, and notes what. ``concerned`` are the issues that the person is in, redacted now or before."""

    def __init__(self, redaction: Redaction, account_id: str, parts: NameParts) -> None:
        self.redaction = redaction
        self._parts = parts
        self.report = Report(redaction.forgotten.tombstone(account_id) or "")
        self.concerned: dict[str, set[str]] = defaultdict(set)

    def look(self, place: PayloadOwner, payload: bytes) -> bytes:
        after = self.redaction.payload(payload, place.issue_id)
        if place.issue_id is not None and place.part is not None:
            if self.report.tombstone.encode() in after:
                self.concerned[place.month].add(place.issue_id)
            if after is not payload:
                self.report.months[place.month].add(place.issue_id, place.part, payload, after)
        elif after is not payload and place == LISTS:
            self.report.listed += 1
        elif after is not payload:
            self.report.months[place.month].add_event(payload)
        if self._parts.are_in(after):
            self.report.leave(place.month, place.issue_id, place.part)
        return after
