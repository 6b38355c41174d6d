"""What is kept, where and how: the settings that don't concern the account."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jira_assets.settings.environment import SettingsError, Values, shown
from jira_assets.settings.folders import DEFAULT_DATA_DIR, Folders
from jira_assets.text.rendering import Rendering

if TYPE_CHECKING:
    from upath import UPath

    from jira_assets.privacy.keyring import Keyring

DEFAULT_EVENT_RETENTION_DAYS = 30
DEFAULT_HISTORY_DAYS = 30
DEFAULT_MAX_DELETED_PERCENT = 5
DEFAULT_MAX_DELETED_ISSUES = 20
DEFAULT_ATTACHMENT_MAX_MB = 50
DEFAULT_MAX_ANSWER_MB = 256

_HUNDRED_PERCENT = 100
_BYTES_PER_MB = 1_000_000


class CopySettings(Values, Folders):
    """Typed, validated access to them. Every attribute may raise ``SettingsError``."""

    __slots__ = ()

    @property
    def data_dir(self) -> "UPath":
        """Where everything is kept: an absolute local folder, or a URL such as ``s3://bucket/jira``."""
        from upath import UPath  # fsspec is slow to import, and most commands never touch a path

        value = self._optional("JIRA_DATA_DIR") or DEFAULT_DATA_DIR
        if "://" not in value:
            return UPath(Path(value).expanduser().absolute())
        try:
            return UPath(value)
        except (ValueError, ImportError) as error:
            remedy = "Use a folder, or a URL whose fsspec package is installed (s3fs for s3://)"
            raise SettingsError("JIRA_DATA_DIR", f"cannot be used ({error})", remedy) from error

    @property
    def max_deleted_percent(self) -> float:
        """A census that finds more gone than this, and than ``max_deleted_issues``, is not believed; 5 unless
        set.
        """
        value = self._optional("JIRA_MAX_DELETED_PERCENT") or str(DEFAULT_MAX_DELETED_PERCENT)
        if not re.fullmatch(r"\d{1,3}(\.\d+)?", value, re.ASCII) or float(value) > _HUNDRED_PERCENT:
            remedy = "Set it to a number between 0 and 100"
            raise SettingsError("JIRA_MAX_DELETED_PERCENT", f"is {shown(value)}", remedy)
        return float(value)

    @property
    def max_deleted_issues(self) -> int:
        """So many issues, comments or worklogs may be gone at once, whatever their share; 20 unless set."""
        value = self._optional("JIRA_MAX_DELETED_ISSUES") or str(DEFAULT_MAX_DELETED_ISSUES)
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII):
            remedy = "Set it to a number, 0 or more"
            raise SettingsError("JIRA_MAX_DELETED_ISSUES", f"is {shown(value)}", remedy)
        return int(value)

    @property
    def event_retention_days(self) -> int:
        """For how many days archived events are kept; 30 unless set."""
        return self._days("JIRA_EVENT_RETENTION_DAYS", DEFAULT_EVENT_RETENTION_DAYS)

    @property
    def history_days(self) -> int:
        """For how many days Dagster remembers runs that succeeded; 30 unless set."""
        return self._days("JIRA_HISTORY_DAYS", DEFAULT_HISTORY_DAYS)

    @property
    def rendering(self) -> Rendering:
        """How rich text is written into the tables; as Markdown unless set."""
        value = self._optional("JIRA_TEXT") or Rendering.MARKDOWN.value
        return Rendering(self._one_of("JIRA_TEXT", value, [each.value for each in Rendering]))

    @property
    def fields_file(self) -> Path | None:
        """The mapping of the site's fields to columns; None for the one that comes with the package."""
        return self._file("JIRA_FIELDS")

    @property
    def downloads_attachments(self) -> bool:
        """Whether the content of attachments is copied too; it is unless JIRA_ATTACHMENTS is ``metadata``."""
        value = self._optional("JIRA_ATTACHMENTS") or "all"
        return self._one_of("JIRA_ATTACHMENTS", value, ["all", "metadata"]) == "all"

    @property
    def attachment_max_bytes(self) -> int:
        """Larger attachments are not copied; 50 MB unless set."""
        return self._megabytes("JIRA_ATTACHMENT_MAX_MB", DEFAULT_ATTACHMENT_MAX_MB)

    @property
    def max_answer_bytes(self) -> int:
        """Larger answers of Jira, decompressed, are asked for in smaller pieces; 256 MB unless set."""
        return self._megabytes("JIRA_MAX_ANSWER_MB", DEFAULT_MAX_ANSWER_MB)

    @property
    def encryption_keys(self) -> str | None:
        """``id:base64`` separated by commas, a secret; None if nothing is encrypted."""
        return self._optional("JIRA_ENCRYPTION_KEYS")

    @property
    def keyring(self) -> "Keyring":
        """The keys, verified: the ones that the data are encrypted with are among them.

        Raises ``UnknownKey`` or ``WrongKey``, which name the key, too.
        """
        from jira_assets.privacy.errors import MalformedKeys
        from jira_assets.privacy.in_use import verified  # not every command has to do with data

        try:
            return verified(self.encryption_keys, self.keys_file, self._holds_plain)
        except MalformedKeys as error:
            raise SettingsError("JIRA_ENCRYPTION_KEYS", error.problem, error.remedy) from None

    def _holds_plain(self) -> bool:
        """Whether there is something, and no key has sealed any of it."""
        from jira_assets.raw.segments import holds_plain

        waiting = (self.inbox_dir, self.queue_dir, self.events_dir)
        return holds_plain(
            self.raw_dir,
            otherwise=any(path.is_file() for folder in waiting for path in folder.rglob("[!.]*")),
        )

    @property
    def privacy_file(self) -> Path | None:
        """What becomes of personal data in the tables; None for the default."""
        return self._file("JIRA_PRIVACY")

    def _days(self, name: str, default: int) -> int:
        value = self._optional(name) or str(default)
        if not re.fullmatch(r"[1-9][0-9]{0,4}", value):
            raise SettingsError(name, f"is {shown(value)}", "Set it to a number of days, 1 or more")
        return int(value)

    def _megabytes(self, name: str, default: int) -> int:
        value = self._optional(name) or str(default)
        if not re.fullmatch(r"[1-9][0-9]{0,6}", value):
            raise SettingsError(name, f"is {shown(value)}", "Set it to a number of megabytes, 1 or more")
        return int(value) * _BYTES_PER_MB

    def _file(self, name: str) -> Path | None:
        value = self._optional(name)
        return None if value is None else Path(value).expanduser().absolute()

    def _one_of(self, name: str, value: str, accepted: list[str]) -> str:
        if value not in accepted:
            raise SettingsError(name, f"is {shown(value)}", f"Set it to {' or '.join(accepted)}")
        return value
