"""The doctor's checks of the account that reads SLAs. They may raise a ``JiraError``."""

from collections.abc import Iterator
from dataclasses import replace

from jira_assets.commands.doctor.finding import Finding, ok, refused, warn
from jira_assets.commands.doctor.sign_in import NO_ACCESS, impatient_sla_client
from jira_assets.commands.doctor.site_checks import has_permission, listed
from jira_assets.jira.bulk import myself, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import Forbidden, JiraError, MissingOrForbidden
from jira_assets.settings import Settings

_ACCOUNT = "SLA account"
_AGENT = "SERVICEDESK_AGENT"
_SERVICE_PROJECT = "service_desk"
_REMEDIES: dict[type[JiraError], str] = {
    Forbidden: NO_ACCESS,
    MissingOrForbidden: "The gateway knows no site by this cloud id: correct or unset JIRA_CLOUD_ID.",
}
_MAKE_AN_AGENT = (
    "Give it a Jira Service Management licence and the permission Service Project Agent (project settings, "
    "Permissions), or set JIRA_SLA_EMAIL and JIRA_SLA_API_TOKEN to a service account that has both."
)


def slas(client: JiraClient, settings: Settings) -> Iterator[Finding]:
    """Whether SLAs can be read: by an account of their own, if one is configured, or by the main account."""
    reader = impatient_sla_client(settings)
    if reader is None:
        yield from _agent(client, "the account", _service_projects(client, settings))
        return
    with reader:
        try:
            account = myself(reader)
        except JiraError as error:
            yield replace(refused(_ACCOUNT, error), remedy=_REMEDIES.get(type(error), error.remedy))
            return
        name = account.display_name or account.account_id
        yield ok(_ACCOUNT, f"signed in as {name} through the gateway")
        yield from _hidden(client, reader, name, settings)
        yield from _agent(reader, name, _service_projects(client, settings))


def _hidden(main: JiraClient, reader: JiraClient, name: str, settings: Settings) -> Iterator[Finding]:
    seen = visible_projects(reader)
    copied = [key for key in visible_projects(main) if not settings.projects or key in settings.projects]
    hidden = sorted(key for key in copied if key not in seen)
    if hidden:
        message = f"{name} cannot see {listed(hidden)}, which the main account sees: no SLAs of these"
        yield warn(_ACCOUNT, message, "Give it the permission Browse Projects there.")


def _agent(reader: JiraClient, name: str, service_projects: list[str]) -> Iterator[Finding]:
    lacking = [key for key in service_projects if has_permission(reader, _AGENT, key) is False]
    if lacking:
        message = f"{name} lacks the permission Service Project Agent in {listed(lacking)}: no SLAs of these"
        yield warn("SLAs", message, _MAKE_AN_AGENT)
    elif service_projects:
        yield ok("SLAs", f"{name} may read them in {listed(service_projects)}")
    else:
        yield ok("SLAs", "there are none, as no service project is copied")


def _service_projects(client: JiraClient, settings: Settings) -> list[str]:
    """The keys of the projects to copy that can have SLAs."""
    visible = visible_projects(client, _SERVICE_PROJECT)
    return [key for key in visible if not settings.projects or key in settings.projects]
