"""`issues`: one row per issue, as it stands now."""

from collections.abc import Iterator, Sequence
from functools import partial

from jira_assets.raw.record import Part
from jira_assets.tables.configured import configured_values
from jira_assets.tables.declare import KEY_COLUMNS, Column, IssueTable, Kind, Personal, Row
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.issue import Issue, as_text
from jira_assets.tables.shapes import LinkedIssue, Named, Project, Status, StatusCategory

_NO_STATUS = Status()
_NO_CATEGORY = StatusCategory()
_NO_PROJECT = Project()
_NO_PARENT = LinkedIssue()
_CATEGORY_KEYS = ("new", "indeterminate", "done", "undefined")


def _rows(configured_columns: Sequence[str], issue: Issue) -> Iterator[Row]:
    fields = issue.fields
    parent = fields.parent or _NO_PARENT
    configured, custom_fields = configured_values(issue, configured_columns)
    yield (
        issue.url,
        fields.summary,
        issue.text(fields.description),
        *_named(issue, "issue_types", fields.issuetype),
        *_status(issue),
        *_named(issue, "priorities", fields.priority),
        *_named(issue, "resolutions", fields.resolution),
        as_text((fields.project or _NO_PROJECT).id),
        *issue.project,
        *issue.person(fields.creator),
        *issue.person(fields.reporter),
        *issue.person(fields.assignee),
        fields.created,
        fields.updated,
        fields.resolutiondate,
        fields.duedate,
        fields.labels,
        *_named_ones(issue, "components", fields.components),
        *_named_ones(issue, "versions", fields.fixVersions),
        *_named_ones(issue, "versions", fields.versions),
        as_text(parent.id),
        issue.key_of_another(parent.key),
        issue.text(fields.environment),
        fields.security and fields.security.name,
        fields.votes and fields.votes.votes,
        fields.watches and fields.watches.watchCount,
        fields.timeoriginalestimate,
        fields.timeestimate,
        fields.timespent,
        None if issue.attachments is None else len(issue.attachments),
        fields.comment and fields.comment.total,
        None if issue.links is None else len(issue.links),
        *configured,
        custom_fields,
        issue.previous_keys,
        issue.latest.hidden_since,
        issue.latest.hidden_because,
        issue.latest.fetched_at[Part.ISSUE],
        issue.latest.source,
    )


def _named(issue: Issue, list_name: str, named: Named | None) -> Row:
    """An id, and the name of what it stands for."""
    if named is None:
        return None, None
    entry_id = as_text(named.id)
    return entry_id, *issue.named(list_name, entry_id, named.name)


def _status(issue: Issue) -> Row:
    status = issue.fields.status or _NO_STATUS
    category = status.statusCategory or _NO_CATEGORY
    entry_id = as_text(status.id)
    return entry_id, *issue.named("statuses", entry_id, status.name, category.name, category.key)


def _named_ones(issue: Issue, list_name: str, named: list[Named] | None) -> Row:
    """Names, and the ids of what they stand for, in the same order."""
    if not named:
        return (None, None) if named is None else ([], [])
    found = [_named(issue, list_name, one) for one in named if one.name is not None]
    return [name for _, name in found], [entry_id for entry_id, _ in found]


def _user_columns(role: str, described: str) -> tuple[Column, ...]:
    return (
        Column(f"{role}_email", Kind.TEXT, f"Address of {described}; NULL where hidden.", Personal.CONTACT),
        Column(f"{role}_name", Kind.TEXT, f"Display name of {described}.", Personal.IDENTITY),
        Column(f"{role}_account_id", Kind.TEXT, f"Account id of {described}.", Personal.ACCOUNT),
    )


def _id(role: str, described: str) -> Column:
    return Column(f"{role}_id", Kind.TEXT, f"Id of the {described}; the name is that which it has now.")


_BEFORE = (
    Column("issue_url", Kind.TEXT, "Address of the issue in a browser."),
    Column("summary", Kind.TEXT, "Title.", Personal.FREE_TEXT),
    Column("description", Kind.TEXT, "Description as readable text.", Personal.FREE_TEXT),
    _id("issue_type", "type"),
    Column("issue_type", Kind.TEXT, "Name of the type, as the site shows it."),
    _id("status", "status"),
    Column("status", Kind.TEXT, "Name of the status, as the site shows it."),
    Column("status_category", Kind.TEXT, "Name of the status's category, as the site shows it."),
    Column(
        "status_category_key",
        Kind.TEXT,
        "Key of the category: open is what is not `done`. The names are translated, the key never.",
        accepted=_CATEGORY_KEYS,
    ),
    _id("priority", "priority"),
    Column("priority", Kind.TEXT, "Name of the priority."),
    _id("resolution", "resolution"),
    Column("resolution", Kind.TEXT, "Name of the resolution; NULL while unresolved."),
    _id("project", "project"),
    Column("project_key", Kind.TEXT, "Key of the project."),
    Column("project_name", Kind.TEXT, "Name of the project."),
    *_user_columns("creator", "whoever created it"),
    *_user_columns("reporter", "whoever reported it"),
    *_user_columns("assignee", "whoever is to work on it"),
    Column("created_at", Kind.TIMESTAMP, "When it was created.", nullable=False),
    Column("updated_at", Kind.TIMESTAMP, "When it was last updated, by Jira's account."),
    Column("resolved_at", Kind.TIMESTAMP, "When it was resolved; NULL while unresolved."),
    Column("due_date", Kind.DATE, "When it is due."),
    Column("labels", Kind.TEXT_LIST, "Labels.", Personal.FREE_TEXT),
    Column("components", Kind.TEXT_LIST, "Names of the components."),
    Column("component_ids", Kind.TEXT_LIST, "Ids of the components, in the order of their names."),
    Column("fix_versions", Kind.TEXT_LIST, "Names of the versions that it is fixed in."),
    Column("fix_version_ids", Kind.TEXT_LIST, "Ids of those versions, in the order of their names."),
    Column("affects_versions", Kind.TEXT_LIST, "Names of the versions that it affects."),
    Column("affects_version_ids", Kind.TEXT_LIST, "Ids of those versions, in the order of their names."),
    Column("parent_id", Kind.TEXT, "Id of the parent issue."),
    Column("parent_key", Kind.TEXT, "Key of the parent issue."),
    Column("environment", Kind.TEXT, "Environment as readable text.", Personal.FREE_TEXT),
    Column("security_level", Kind.TEXT, "Name of the security level."),
    Column("votes", Kind.INTEGER, "Number of votes."),
    Column("watches", Kind.INTEGER, "Number of watchers."),
    Column("time_original_estimate_s", Kind.INTEGER, "Original estimate in seconds."),
    Column("time_estimate_s", Kind.INTEGER, "Remaining estimate in seconds."),
    Column("time_spent_s", Kind.INTEGER, "Logged time in seconds."),
    Column("attachment_count", Kind.INTEGER, "Number of attachments."),
    Column("comment_count", Kind.INTEGER, "Number of comments, by Jira's count."),
    Column("issuelink_count", Kind.INTEGER, "Number of links to other issues."),
)
_AFTER = (
    Column("custom_fields", Kind.JSON, "All other custom fields that are set, by name.", Personal.FREE_TEXT),
    Column("previous_keys", Kind.TEXT_LIST, "Keys that it or its project had before, oldest first."),
    Column(
        "out_of_sight_since",
        Kind.TIMESTAMP,
        "When the account was found not to see it any more, although it may be there; NULL if it is seen.",
    ),
    Column(
        "out_of_sight_because",
        Kind.TEXT,
        "Why that seems to be: of its security level, of its project, or because it is archived.",
    ),
    Column("_synced_at", Kind.TIMESTAMP, "When this state was asked for."),
    Column("_source", Kind.TEXT, "Why it was: backfill, webhook, sla_poll, reconcile or neighbour."),
)
COMMON_COLUMNS = frozenset(column.name for column in (*KEY_COLUMNS, *_BEFORE, *_AFTER))
"""The names of the columns that `issues` has on every site."""


def issues_table(mapping: FieldMapping) -> IssueTable:
    """`issues` with the columns of a mapping beside those that it has on every site."""
    return IssueTable(
        name="issues",
        description="One row per issue, with the fields that every site has, and this site's own.",
        own_columns=(*_BEFORE, *(each.column for each in mapping), *_AFTER),
        primary_key=("issue_id",),
        parts=frozenset({Part.ISSUE, Part.CHANGELOG}),
        rows=partial(_rows, tuple(each.column.name for each in mapping)),
    )


ISSUES = issues_table(())
"""What is in it on every site: enough for whoever only needs its name. What is written is `issues_table`."""
