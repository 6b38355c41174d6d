"""Every setting, once: what reads them, `.env.example` and docs/settings.md follow (`make docs`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment variable. Blank counts as missing; then ``default`` holds, in words."""

    name: str
    description: str
    default: str = ""
    example: str = ""
    is_secret: bool = False


SECTIONS: dict[str, tuple[Setting, ...]] = {
    "The site": (
        Setting(
            "JIRA_DOMAIN",
            "The host name in your browser's address bar.",
            example="your-company.atlassian.net",
        ),
        Setting(
            "JIRA_EMAIL",
            "The address of the account that reads Jira: what it sees is copied. Leave it blank for a "
            "service account whose token is sent as a Bearer token.",
        ),
        Setting(
            "JIRA_API_TOKEN",
            "The account's token, from https://id.atlassian.com/manage-profile/security/api-tokens: a "
            "classic one, or one with scopes together with JIRA_CLOUD_ID.",
            is_secret=True,
        ),
        Setting(
            "JIRA_CLOUD_ID",
            "For tokens with scopes and for service accounts: `cloudId` in the answer of https://<your "
            "site>/_edge/tenant_info. Their calls go through api.atlassian.com.",
        ),
        Setting(
            "JIRA_OAUTH_CLIENT_ID",
            "A service account's OAuth 2.0 credential, instead of JIRA_EMAIL and JIRA_API_TOKEN.",
        ),
        Setting("JIRA_OAUTH_CLIENT_SECRET", "The secret of that credential.", is_secret=True),
        Setting(
            "JIRA_TOKEN_EXPIRES",
            "The last day of the token, such as 2027-05-31. Jira shows it when the token is made, and not "
            "later. You are warned from 30 days before.",
        ),
        Setting(
            "JIRA_BASE_URL",
            "Another address of the site, such as http://127.0.0.1:8765 for the sandbox. http:// works for "
            "this machine only.",
            default="https:// and JIRA_DOMAIN",
        ),
    ),
    "What is copied, and where to": (
        Setting("JIRA_PROJECTS", "Keys of projects, with commas: SUP,ENG.", default="all that are visible"),
        Setting(
            "JIRA_START_MONTH",
            "The month (YYYY-MM, UTC) of the oldest issue; `jira-assets doctor` tells it. Earlier issues "
            "are not copied.",
            default="2015-01",
        ),
        Setting(
            "JIRA_DATA_DIR",
            "A folder, or a URL such as s3://bucket/jira. DuckDB writes to local disks only: with a URL "
            "the database stays in data/.",
            default="data",
        ),
    ),
    "SLAs and webhooks": (
        Setting(
            "JIRA_SLA_EMAIL",
            "An agent of the service desk, to read SLAs, where the account above is none. Without the "
            "address its token is a Bearer token.",
            default="the account above",
        ),
        Setting("JIRA_SLA_API_TOKEN", "The token of that agent.", is_secret=True),
        Setting(
            "JIRA_WEBHOOK_SECRET",
            "The secret that Jira signs webhooks with. Without one none is accepted.",
            is_secret=True,
        ),
        Setting(
            "JIRA_WEBHOOK_SECRET_PREVIOUS",
            "The secret before that one, for as long as Jira may still sign with it.",
            is_secret=True,
        ),
        Setting("JIRA_EVENT_RETENTION_DAYS", "For how many days events stay in the archive.", default="30"),
        Setting(
            "JIRA_HISTORY_DAYS",
            "For how many days Dagster remembers runs; failed ones for 90, those of events that did "
            "nothing remarkable for 3.",
            default="30",
        ),
    ),
    "What is kept, and how": (
        Setting("JIRA_TEXT", "How rich text is written: markdown or plain.", default="markdown"),
        Setting(
            "JIRA_FIELDS",
            "A copy of jira_assets/fields.toml with the columns that you want for your own fields.",
            default="jira_assets/fields.toml",
        ),
        Setting(
            "JIRA_ATTACHMENTS",
            "all, or metadata to leave the content of attachments in Jira.",
            default="all",
        ),
        Setting("JIRA_ATTACHMENT_MAX_MB", "Larger attachments are not downloaded.", default="50"),
        Setting(
            "JIRA_MAX_ANSWER_MB",
            "Larger answers of Jira, decompressed, are asked for in smaller pieces.",
            default="256",
        ),
        Setting(
            "JIRA_ENCRYPTION_KEYS",
            "The keys that everything is encrypted with, newest first, with commas between; `jira-assets "
            "keys new` makes one. Keep a copy where the data are not: without it they are lost.",
            is_secret=True,
        ),
        Setting(
            "JIRA_PRIVACY",
            "A copy of jira_assets/privacy.toml that says what becomes of names, addresses and texts in "
            "the tables.",
            default="jira_assets/privacy.toml",
        ),
    ),
    "Healing and alerts": (
        Setting(
            "JIRA_MAX_DELETED_PERCENT",
            "A census that finds more than so many percent of the issues (or comments, or worklogs) gone "
            "is not believed.",
            default="5",
        ),
        Setting(
            "JIRA_MAX_DELETED_ISSUES",
            "It is believed all the same if they are no more than this.",
            default="20",
        ),
        Setting(
            "JIRA_ALERT_URL",
            'Where failed runs and checks are posted to as {"text": "..."}: an incoming webhook of '
            "Slack's, for example.",
            is_secret=True,
        ),
    ),
}
VARIABLES = tuple(setting.name for settings in SECTIONS.values() for setting in settings)
