"""What the settings lead to, as resources: the copy of the site, and the connection to Jira."""

from dagster import ConfigurableResource, Failure, ResourceDependency
from pydantic import Field

from jira_assets.http.throttle import Throttle
from jira_assets.jira.client import JiraClient
from jira_assets.privacy.errors import PrivacyError
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError


class SiteCopy(ConfigurableResource[None]):
    """The copy: where it is kept, of which site it is, and what is copied.

    The columns of the tables and the first month are part of the definitions: they are read from the
    environment once, when those are loaded.
    """

    variables: dict[str, str] = Field(
        default={},
        description="Settings by their names, such as JIRA_DATA_DIR, before those of the environment.",
    )

    @property
    def settings(self) -> Settings:
        """As they are now; each raises ``SettingsError`` when it is read, if it is malformed."""
        return Settings.load().with_values(**self.variables)

    def ready_settings(self) -> Settings:
        """The settings, once it is known that the keys that the data are encrypted with are among them.

        Raises Failure, without retries: a key that is missing or wrong does not come by itself.
        """
        settings = self.settings
        try:
            _ = settings.keyring
        except (SettingsError, PrivacyError) as error:
            raise Failure(str(error), allow_retries=False) from error
        return settings


class JiraConnection(ConfigurableResource[None]):
    """Opens clients for the site that is copied. Whoever opens one closes it."""

    site_copy: ResourceDependency[SiteCopy]

    def open(self, throttle: Throttle | None = None) -> JiraClient:
        """A client. Raises ``SettingsError``; sends nothing yet."""
        return JiraClient.from_settings(self.site_copy.settings, throttle)

    def open_for_slas(self) -> JiraClient | None:
        """A client of the account that reads SLAs; None if that is the main account. Raises as ``open``."""
        return JiraClient.for_slas(self.site_copy.settings)
