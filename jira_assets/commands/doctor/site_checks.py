"""The doctor's checks of a site that has let us in. Each takes a client, and may raise a ``JiraError``."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from functools import partial

import msgspec
from msgspec import Raw

from jira_assets import clock
from jira_assets.commands.doctor.finding import Finding, fail, ok, refused, warn
from jira_assets.commands.doctor.sign_in import NO_ACCESS, impatient_sla_client
from jira_assets.jira.bulk import CHANGELOGS, approximate_count, myself, search, visible_projects
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import (
    BadQuery,
    BrokenPaging,
    Forbidden,
    JiraError,
    MissingOrForbidden,
    ScopeMissing,
)
from jira_assets.jira.jql import in_projects, in_steady_order, month_bounds, of_projects
from jira_assets.jira.paging import ids_of
from jira_assets.jira.part_access import switched_off
from jira_assets.jira.parts import comments, remote_links, worklogs
from jira_assets.settings import Settings
from jira_assets.timestamps import parse_timestamp

_SERVER_INFO = "/rest/api/3/serverInfo"
_PERMISSIONS = "/rest/api/3/mypermissions"

_CLOCK_SKEW_SECONDS = 60
_PROJECTS_NAMED = 20
_BROWSE = "BROWSE_PROJECTS"
_ASK_ADMINISTRATOR = (
    "Ask a Jira administrator to give the account the Browse Projects permission "
    "(project settings, Permissions; in a team-managed project, Access)."
)


class _ServerInfo(msgspec.Struct, rename="camel"):
    server_time: str | None = None


class _Permission(msgspec.Struct, rename="camel"):
    have_permission: bool = False


class _Permissions(msgspec.Struct):
    permissions: dict[str, _Permission]


class _Created(msgspec.Struct):
    created: str | None = None


class _Issue(msgspec.Struct):
    key: str
    fields: _Created


def clocks(client: JiraClient) -> Iterator[Finding]:
    """Jira's time against ours, by which it is told how old something is, and when something is due."""
    sent_at = clock.now()
    answer = client.get(_SERVER_INFO, None, _ServerInfo)
    received_at = clock.now()
    theirs = parse_timestamp(answer.value.server_time)
    if theirs is None:
        yield warn(
            "clock", "Jira does not tell its time", "Check that this machine's clock is synchronised (NTP)."
        )
        return
    ahead = (sent_at - theirs).total_seconds()
    behind = (theirs - received_at).total_seconds()
    if max(ahead, behind) > _CLOCK_SKEW_SECONDS:
        difference = f"{ahead:.0f} s ahead of" if ahead > 0 else f"{behind:.0f} s behind"
        yield warn("clock", f"this machine is {difference} Jira", "Synchronise its clock (NTP).")
    else:
        yield ok("clock", "this machine and Jira agree on the time")


def has_permission(client: JiraClient, permission: str, project: str | None = None) -> bool | None:
    """Whether the account has a permission in a project, or in any; None if it cannot see the project."""
    asked = {"permissions": permission, **({"projectKey": project} if project else {})}
    try:
        granted = client.get_json(_PERMISSIONS, asked, _Permissions).permissions
    except MissingOrForbidden:
        return None
    return granted.get(permission, _Permission()).have_permission


def permissions(client: JiraClient, settings: Settings) -> Iterator[Finding]:
    """Whether the account may browse the configured projects, or any where none are configured.

    A project that it cannot see at all is left to ``projects``.
    """
    may_browse = {key: has_permission(client, _BROWSE, key) for key in settings.projects}
    lacking = [key for key, may in may_browse.items() if may is False]
    if lacking:
        message = f"the account lacks the permission Browse Projects in {listed(lacking)}"
        yield fail("permissions", message, _ASK_ADMINISTRATOR)
    elif any(may_browse.values()) or has_permission(client, _BROWSE):
        yield ok("permissions", "the account may browse projects")
    else:
        message = "the account lacks the permission Browse Projects in every project"
        yield fail("permissions", message, _ASK_ADMINISTRATOR)


def projects(client: JiraClient, settings: Settings) -> Iterator[Finding]:
    """Whether the configured projects can be seen, and how many issues they hold by Jira's estimate."""
    visible = visible_projects(client)
    wanted = settings.projects
    for key in wanted:
        if key not in visible:
            message = f"{key} does not exist, or the account lacks the permission Browse Projects there"
            yield fail("projects", message, _instead(key, visible))
    if not visible:
        yield fail("projects", "no project is visible to this account", _ASK_ADMINISTRATOR)
    keys = [key for key in wanted if key in visible] if wanted else sorted(visible)
    if keys:
        yield ok("projects", _inventory(client, keys))


def start_month(client: JiraClient, settings: Settings) -> Iterator[Finding]:
    """The oldest issue against JIRA_START_MONTH: what was created before has no partition."""
    month = settings.start_month
    start, _ = month_bounds(month)
    start_milliseconds = int(start.timestamp()) * 1000
    projects = _searchable(client, settings)
    earlier = in_projects(f"created < {start_milliseconds}", projects)
    oldest = _oldest(client, earlier)
    if oldest:
        key, created = oldest
        count = approximate_count(client, earlier)
        yield warn(
            "start month",
            f"about {count:,} issues are older than JIRA_START_MONTH={month} and in no "
            f"partition, so they are not copied; the oldest is {key} of {created:%Y-%m}",
            f"Set JIRA_START_MONTH={created:%Y-%m}.",
        )
        return
    first = _oldest(client, in_projects(f"created >= {start_milliseconds}", projects))
    if first is None:
        yield warn("start month", "there are no issues", "Check which projects the account can see.")
    else:
        yield ok("start month", f"{month}; the oldest issue is {first[0]} of {first[1]:%Y-%m}")


def site_settings(client: JiraClient) -> Iterator[Finding]:
    """What an administrator has switched off, if anything is: nothing is missing without it."""
    off = switched_off(client)
    if off:
        yield ok("switched off", f"{', '.join(sorted(off))}: not asked for")


def scopes(client: JiraClient, settings: Settings) -> Iterator[Finding]:
    """The scopes that the token lacks, if any, for what is not asked otherwise here."""
    lacking = [error for ask in _scoped_reads(client, settings) if (error := _scope_missing(ask)) is not None]
    for error in lacking:
        yield warn("scopes", f"the token lacks the scope for {error.method} {error.path}", error.remedy)


def _scoped_reads(client: JiraClient, settings: Settings) -> Iterator[Callable[[], object]]:
    """Small reads, of one issue that can be seen, if there is one."""
    yield lambda: client.post("/rest/api/3/comment/list", {"ids": [1]}, Raw)
    jql = in_steady_order(in_projects("created >= 0", _searchable(client, settings)))
    page = next(search(client, jql, ["id"], issues_per_page=1))
    for issue_id in ids_of(page.value):
        yield partial(client.post, CHANGELOGS, {"issueIdsOrKeys": [issue_id], "maxResults": 1}, Raw)
        yield from (partial(read, client, issue_id) for read in (comments, worklogs, remote_links))


def _scope_missing(ask: Callable[[], object]) -> ScopeMissing | None:
    """The error, if it is that; what else may go wrong is no matter of scopes."""
    try:
        ask()
    except ScopeMissing as error:
        return error
    except (BadQuery, BrokenPaging, Forbidden, MissingOrForbidden):
        return None
    return None


def _instead(key: str, visible: Iterable[str]) -> str:
    similar = get_close_matches(key, visible, n=1)
    guess = f"Did you mean {similar[0]}? " if similar else ""
    seen = listed(sorted(visible)) or "no project"
    return f"{guess}Correct JIRA_PROJECTS; the account can see {seen}. Otherwise: {_ASK_ADMINISTRATOR}"


def _inventory(client: JiraClient, keys: Sequence[str]) -> str:
    total = f"{len(keys):,} to copy, with about {approximate_count(client, of_projects(keys)):,} issues"
    if len(keys) > _PROJECTS_NAMED:
        return f"{total} ({listed(keys)})"
    counts = [f"{key} {approximate_count(client, of_projects([key])):,}" for key in keys]
    return f"{total} ({', '.join(counts)})"


def listed(keys: Sequence[str]) -> str:
    """Keys of projects for a message, not all if there are many."""
    more = len(keys) - _PROJECTS_NAMED
    return ", ".join(keys[:_PROJECTS_NAMED]) + (f" and {more} more" if more > 0 else "")


def _searchable(client: JiraClient, settings: Settings) -> Sequence[str]:
    """The configured projects; unknown ones have been reported, and are an error in JQL."""
    visible = visible_projects(client) if settings.projects else {}
    return [key for key in settings.projects if key in visible]


def _oldest(client: JiraClient, jql: str) -> tuple[str, datetime] | None:
    """The key and creation time of the oldest issue that the JQL selects."""
    page = next(search(client, in_steady_order(jql), ["key", "created"], issues_per_page=1))
    for raw in page.value.issues:
        issue = msgspec.json.decode(raw, type=_Issue)
        created = parse_timestamp(issue.fields.created)
        if created:
            return issue.key, created
    return None


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
