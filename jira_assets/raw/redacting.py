"""What becomes of records when somebody is forgotten, before they are appended to the log."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from upath import UPath

from jira_assets.privacy.errors import PrivacyError
from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.redaction import Redaction
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.record import Record
from jira_assets.raw.rewriting import ChangeOf


class Redacting:
    """By the list under the log's root. Raises RawLogError if nobody knows who is forgotten."""

    def __init__(self, root: UPath, keyring: Keyring) -> None:
        self._forgetting = Forgetting(root, keyring)

    def before(self, records: Iterable[Record]) -> tuple[list[Record], Redaction | None]:
        """The records without those who are forgotten, and the redaction that did it."""
        found = list(records)
        with _known():
            redaction = self._forgetting.for_storing(each.payload for each in found if each.payload)
        return (found if redaction is None else [_redacted(each, redaction) for each in found]), redaction

    def after(self, redaction: Redaction | None) -> ChangeOf | None:
        """What is to be done to records that were appended: somebody may have been forgotten meanwhile, and
        looked for before they were there. Mostly it is nothing.
        """
        with _known():
            now = self._forgetting.in_force()
        if now is None or now is redaction:
            return None
        return lambda issue_id, _part: partial(now.payload, issue_id=issue_id)


def _redacted(record: Record, redaction: Redaction) -> Record:
    payload, error = record.payload, record.error
    return replace(
        record,
        payload=None if payload is None else redaction.payload(payload, record.issue_id),
        error=None if error is None else redaction.text(error),
    )


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except (OSError, PrivacyError) as error:
        raise RawLogError(f"nothing is stored unless it is known who is forgotten: {error}") from error
