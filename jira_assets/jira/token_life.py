"""How long the API token still lives. Jira doesn't tell, so whoever makes the token notes its last day."""

from datetime import date

from jira_assets.settings import Settings

WARN_DAYS = 30


def token_days_left(settings: Settings, today: date) -> int | None:
    """Days until JIRA_TOKEN_EXPIRES, the token's last day: 0 on that day, negative when it is over.

    None if the day is not known. Raises ``SettingsError`` if it is malformed.
    """
    expires = settings.token_expires
    return None if expires is None else (expires - today).days
