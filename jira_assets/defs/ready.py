"""What every run looks at before it does anything."""

from dagster import Failure

from jira_assets.privacy.errors import PrivacyError
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError


def ready_settings() -> Settings:
    """The settings, once it is known that the keys that the data are encrypted with are among them.

    Raises Failure, without retries: a key that is missing or wrong does not come by itself.
    """
    settings = Settings.load()
    try:
        _ = settings.keyring
    except (SettingsError, PrivacyError) as error:
        raise Failure(str(error), allow_retries=False) from error
    return settings
