"""The settings, declared once: `.env.example`, docs/settings.md and `jira-assets doctor` come from here.

Values come from the environment, over `.env` in the working directory. Loading never fails, so the code
location always loads. A value is validated when it is asked for, and a missing or malformed one then raises a
``SettingsError`` that names the variable and says what to do about it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from jira_assets.settings import setting
from jira_assets.settings.environment import SettingsError, read_variables
from jira_assets.settings.folders import DEFAULT_DATA_DIR, Folders
from jira_assets.settings.setting import Setting, Values
from jira_assets.text.rendering import Rendering

if TYPE_CHECKING:
    from upath import UPath

    from jira_assets.privacy.keyring import Keyring

DEFAULT_START_MONTH = "2015-01"

SIGN_IN = "Site and account"
_COPIED = "What is copied, and where to"
_WEBHOOKS = "Webhooks"
_TABLES = "Tables and attachments"
_PRIVACY = "Privacy"
_OPERATIONS = "Operations"


class Settings(Values, Folders):
    """Typed, validated access to the settings. Every attribute may raise ``SettingsError``."""

    __slots__ = ()

    domain = Setting(
        "JIRA_DOMAIN",
        SIGN_IN,
        "The host name in your browser's address bar.",
        setting.host,
        otherwise="required",
        example="your-company.atlassian.net",
    )
    email = Setting(
        "JIRA_EMAIL",
        SIGN_IN,
        "The address of the account that made the token. The copy contains what this account can see. "
        "Leave it blank for a service account, whose token is sent as a Bearer token.",
        setting.email,
    )
    api_token = Setting(
        "JIRA_API_TOKEN",
        SIGN_IN,
        f"The token, from <{setting.ACCOUNT_PAGE}>: a classic one, or one with the scopes `read:jira-work` "
        "and `read:jira-user` together with `JIRA_CLOUD_ID`.",
        setting.required_token,
        otherwise="required, unless you use OAuth",
        is_secret=True,
    )
    token_expires = Setting(
        "JIRA_TOKEN_EXPIRES",
        SIGN_IN,
        "The last day of the token. Jira shows it once, when you create the token. "
        "`token_lives` warns from 30 days before.",
        setting.day,
        example="2027-05-31",
    )
    cloud_id = Setting(
        "JIRA_CLOUD_ID",
        SIGN_IN,
        "For tokens with scopes and for service accounts, whose calls go through api.atlassian.com: "
        "the `cloudId` in `https://<your site>/_edge/tenant_info`. Leave it blank for a classic token.",
        setting.cloud_id,
    )
    oauth_client_id = Setting(
        "JIRA_OAUTH_CLIENT_ID",
        SIGN_IN,
        "A service account's OAuth 2.0 credential, instead of `JIRA_EMAIL` and `JIRA_API_TOKEN`.",
        setting.text,
    )
    oauth_client_secret = Setting(
        "JIRA_OAUTH_CLIENT_SECRET", SIGN_IN, "The secret of that credential.", setting.token, is_secret=True
    )
    sla_email = Setting(
        "JIRA_SLA_EMAIL",
        SIGN_IN,
        "An account that reads SLAs, if the one above is no agent of the service desk. "
        "Without an address, `JIRA_SLA_API_TOKEN` is sent as a Bearer token.",
        setting.email,
        otherwise="the account above",
    )
    sla_api_token = Setting(
        "JIRA_SLA_API_TOKEN", SIGN_IN, "The token of that account.", setting.token, is_secret=True
    )
    given_base_url = Setting(
        "JIRA_BASE_URL",
        SIGN_IN,
        "Another address, such as that of `jira-assets sandbox`. `http://` works for this machine only.",
        setting.site_address,
        otherwise="`https://<JIRA_DOMAIN>`",
        example="http://127.0.0.1:8765",
    )

    projects = Setting(
        "JIRA_PROJECTS",
        _COPIED,
        "The keys of the projects to copy, separated by commas.",
        setting.project_keys,
        otherwise="every project the account can see",
        example="SUP,ENG",
    )
    start_month = Setting(
        "JIRA_START_MONTH",
        _COPIED,
        "The month (UTC) of the oldest issue; `jira-assets doctor` finds it. Older issues are not copied.",
        setting.past_month,
        default=DEFAULT_START_MONTH,
    )
    given_data_dir = Setting(
        "JIRA_DATA_DIR",
        _COPIED,
        "A folder, or a URL such as `s3://bucket/jira`. DuckDB writes to local disks only, so with a URL the "
        "database stays in `data/`.",
        setting.text,
        default=DEFAULT_DATA_DIR,
    )

    webhook_secret = Setting(
        "JIRA_WEBHOOK_SECRET",
        _WEBHOOKS,
        "The secret that Jira signs webhooks with.",
        setting.text,
        otherwise="no webhook is accepted",
        is_secret=True,
    )
    previous_webhook_secret = Setting(
        "JIRA_WEBHOOK_SECRET_PREVIOUS",
        _WEBHOOKS,
        "The previous secret, while you replace it.",
        setting.text,
        is_secret=True,
    )
    event_retention_days = Setting(
        "JIRA_EVENT_RETENTION_DAYS",
        _WEBHOOKS,
        "How many days the archive keeps events.",
        setting.days,
        default="30",
    )

    fields_file = Setting(
        "JIRA_FIELDS",
        _TABLES,
        "Your copy of `jira_assets/fields.toml`: the columns of `issues` for your site's own fields.",
        setting.path,
        otherwise="`jira_assets/fields.toml`",
    )
    rendering = Setting(
        "JIRA_TEXT",
        _TABLES,
        "How descriptions, comments and other rich text are written: `markdown` or `plain`.",
        setting.one_of(Rendering),
        default=Rendering.MARKDOWN.value,
    )
    attachments = Setting(
        "JIRA_ATTACHMENTS",
        _TABLES,
        "`all`, or `metadata` to leave the content of attachments in Jira.",
        setting.one_of(("all", "metadata")),
        default="all",
    )
    attachment_max_bytes = Setting(
        "JIRA_ATTACHMENT_MAX_MB",
        _TABLES,
        "Larger attachments are not downloaded (MB).",
        setting.megabytes,
        default="50",
    )

    encryption_keys = Setting(
        "JIRA_ENCRYPTION_KEYS",
        _PRIVACY,
        "The keys that everything is encrypted with, newest first, separated by commas. "
        "`jira-assets keys new` creates one. Keep a copy away from the data: without it they are lost.",
        setting.text,
        otherwise="nothing is encrypted",
        is_secret=True,
    )
    privacy_file = Setting(
        "JIRA_PRIVACY",
        _PRIVACY,
        "Your copy of `jira_assets/privacy.toml`: how the tables show names, addresses and texts.",
        setting.path,
        otherwise="`jira_assets/privacy.toml`",
    )

    alert_url = Setting(
        "JIRA_ALERT_URL",
        _OPERATIONS,
        'Where failed runs and checks are posted as `{"text": "…"}`: an incoming webhook of Slack, or of '
        "anything that accepts the same.",
        setting.incoming_webhook,
        otherwise="nowhere",
        is_secret=True,
    )
    history_days = Setting(
        "JIRA_HISTORY_DAYS",
        _OPERATIONS,
        "How many days Dagster remembers runs. Failed runs stay for 90 days; runs for events and SLAs, if "
        "uneventful, for 3.",
        setting.days,
        default="30",
    )
    max_deleted_percent = Setting(
        "JIRA_MAX_DELETED_PERCENT",
        _OPERATIONS,
        "A census that misses more than this share of the issues (or comments, or worklogs), and more than "
        "`JIRA_MAX_DELETED_ISSUES`, deletes nothing (%).",
        setting.percentage,
        default="5",
    )
    max_deleted_issues = Setting(
        "JIRA_MAX_DELETED_ISSUES",
        _OPERATIONS,
        "So many issues (or comments, or worklogs) may be deleted at once, whatever their share.",
        setting.count,
        default="20",
    )
    max_answer_bytes = Setting(
        "JIRA_MAX_ANSWER_MB",
        _OPERATIONS,
        "Larger answers of Jira (MB, decompressed) are requested again in smaller pieces.",
        setting.megabytes,
        default="256",
    )

    @classmethod
    def load(cls) -> "Settings":
        """Reads the environment, and `.env` in the working directory for what the environment leaves out."""
        return cls(*read_variables(Path(".env"), VARIABLES))

    def with_values(self, **values: str) -> "Settings":
        """These settings with some variables replaced; a blank value unsets one."""
        return Settings({**self._values, **values}, self._unreadable)

    @property
    def base_url(self) -> str:
        """The address of the site without a trailing slash: JIRA_BASE_URL, or https:// and the domain."""
        return self.given_base_url or f"https://{self.domain}"

    @property
    def has_api_token(self) -> bool:
        """Whether there is one, be it well formed or not."""
        return bool(self.value("JIRA_API_TOKEN"))

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What a webhook may be signed with: two secrets while one replaces the other, none if not set."""
        return tuple(filter(None, (self.webhook_secret, self.previous_webhook_secret)))

    @property
    def data_dir(self) -> "UPath":
        """Where everything is kept: an absolute local folder, or a URL such as ``s3://bucket/jira``."""
        from upath import UPath  # fsspec is slow to import, and most commands never touch a path

        value = self.given_data_dir or DEFAULT_DATA_DIR
        if "://" not in value:
            return UPath(Path(value).expanduser().absolute())
        try:
            return UPath(value)
        except (ValueError, ImportError) as error:
            remedy = "Use a folder, or a URL whose fsspec package is installed (s3fs for s3://)"
            raise SettingsError("JIRA_DATA_DIR", f"cannot be used ({error})", remedy) from error

    @property
    def downloads_attachments(self) -> bool:
        """Whether the content of attachments is copied too."""
        return self.attachments == "all"

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


SETTINGS: tuple[Setting[object], ...] = tuple(
    declared for declared in vars(Settings).values() if isinstance(declared, Setting)
)
VARIABLES = tuple(declared.name for declared in SETTINGS)
