"""`issues`: one row per issue, as it stands now."""

from jira_assets.raw.record import Part
from jira_assets.tables.columns import date, integer, person, text, text_list, timestamp
from jira_assets.tables.custom_fields import custom_fields
from jira_assets.tables.declare import (
    CATEGORY_KEYS,
    KEY_COLUMNS,
    Column,
    IssueTable,
    Kind,
    Personal,
    platform_api,
)
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.issue import Issue
from jira_assets.tables.names import Values
from jira_assets.tables.readers import as_text, each, id_text, name_now, of_owner, together
from jira_assets.tables.shapes import Fields, Named, Status, StatusCategory

_NO_CATEGORY = StatusCategory()


def _status_now(issue: Issue, status: Status | None) -> Values:
    category = (status and status.statusCategory) or _NO_CATEGORY
    return issue.names_of("statuses", status, category.name, category.key)


def _project_now(issue: Issue, _fields: Fields) -> Values:
    return issue.project


def _attachment_count(issue: Issue, _fields: Fields) -> int | None:
    return None if issue.attachments is None else len(issue.attachments)


def _issuelink_count(issue: Issue, _fields: Fields) -> int | None:
    return None if issue.links is None else len(issue.links)


def _synced_at(issue: Issue, _fields: Fields) -> int:
    return issue.fetched_at[Part.ISSUE]


_STATUS, _CATEGORY, _CATEGORY_KEY = together(_status_now, 3, "status")
_PROJECT_KEY, _PROJECT_NAME = together(_project_now, 2)


def _id(role: str, described: str, path: str) -> Column:
    return text(f"{role}_id", f"Id of the {described}; the name is that which it has now.", id_text(path))


def _names(names: str, ids: str, described: str, list_name: str, path: str) -> tuple[Column, Column]:
    """Two lists in the same order: what a list of the site's has of the things that stand at a path."""

    def now(issue: Issue, things: list[Named] | None) -> tuple[list[str | None] | None, ...]:
        if not things:
            return (None, None) if things is None else ([], [])
        known = [thing for thing in things if thing.name is not None]
        return [issue.names_of(list_name, thing)[0] for thing in known], [as_text(one.id) for one in known]

    read_names, read_ids = together(now, 2, path)
    return (
        text_list(names, f"Names of {described}.", read_names),
        text_list(ids, f"Ids of {described}, in the order of their names.", read_ids),
    )


_BEFORE = (
    text("issue_url", "Address of the issue in a browser.", of_owner("url")),
    text("summary", "Title.", "summary", Personal.FREE_TEXT),
    text("description", "Description as readable text.", each(Issue.text, "description"), Personal.FREE_TEXT),
    _id("issue_type", "type", "issuetype.id"),
    text("issue_type", "Name of the type, as the site shows it.", name_now("issue_types", "issuetype")),
    _id("status", "status", "status.id"),
    text("status", "Name of the status, as the site shows it.", _STATUS),
    text("status_category", "Name of the status's category, as the site shows it.", _CATEGORY),
    text(
        "status_category_key",
        "Key of the category: open is what is not `done`. The names are translated, the key never.",
        _CATEGORY_KEY,
        accepted=CATEGORY_KEYS,
    ),
    _id("priority", "priority", "priority.id"),
    text("priority", "Name of the priority.", name_now("priorities", "priority")),
    _id("resolution", "resolution", "resolution.id"),
    text(
        "resolution", "Name of the resolution; NULL while unresolved.", name_now("resolutions", "resolution")
    ),
    _id("project", "project", "project.id"),
    text("project_key", "Key of the project.", _PROJECT_KEY),
    text("project_name", "Name of the project.", _PROJECT_NAME),
    *person("creator", "whoever created it"),
    *person("reporter", "whoever reported it"),
    *person("assignee", "whoever is to work on it"),
    timestamp("created_at", "When it was created.", "created", nullable=False),
    timestamp("updated_at", "When it was last updated, by Jira's account.", "updated"),
    timestamp("resolved_at", "When it was resolved; NULL while unresolved.", "resolutiondate"),
    date("due_date", "When it is due.", "duedate"),
    text_list("labels", "Labels.", "labels", Personal.FREE_TEXT),
    *_names("components", "component_ids", "the components", "components", "components"),
    *_names("fix_versions", "fix_version_ids", "the versions that it is fixed in", "versions", "fixVersions"),
    *_names(
        "affects_versions", "affects_version_ids", "the versions that it affects", "versions", "versions"
    ),
    text("parent_id", "Id of the parent issue.", id_text("parent.id")),
    text("parent_key", "Key of the parent issue.", each(Issue.key_of_another, "parent.key")),
    text("environment", "Environment as readable text.", each(Issue.text, "environment"), Personal.FREE_TEXT),
    text("security_level", "Name of the security level.", "security.name"),
    integer("votes", "Number of votes.", "votes.votes"),
    integer("watches", "Number of watchers.", "watches.watchCount"),
    integer("time_original_estimate_s", "Original estimate in seconds.", "timeoriginalestimate"),
    integer("time_estimate_s", "Remaining estimate in seconds.", "timeestimate"),
    integer("time_spent_s", "Logged time in seconds.", "timespent"),
    integer("attachment_count", "Number of attachments.", each(_attachment_count)),
    integer("comment_count", "Number of comments, by Jira's count.", "comment.total"),
    integer("issuelink_count", "Number of links to other issues.", each(_issuelink_count)),
)
_AFTER = (
    Column(
        "custom_fields",
        Kind.JSON,
        "All other custom fields that are set, by name.",
        Personal.FREE_TEXT,
        read=each(custom_fields),
    ),
    text_list(
        "previous_keys", "Keys that it or its project had before, oldest first.", of_owner("previous_keys")
    ),
    timestamp(
        "out_of_sight_since",
        "When the account was found not to see it any more, although it may be there; NULL if it is seen.",
        of_owner("hidden_since"),
    ),
    text(
        "out_of_sight_because",
        "Why that seems to be: of its security level, of its project, or because it is archived.",
        of_owner("hidden_because"),
    ),
    timestamp("_synced_at", "When this state was asked for.", each(_synced_at)),
    text(
        "_source",
        "Why it was: backfill, webhook, sla_poll, reconcile or neighbour.",
        of_owner("source"),
    ),
)
COMMON_COLUMNS = frozenset(column.name for column in (*KEY_COLUMNS, *_BEFORE, *_AFTER))
"""The names of the columns that `issues` has on every site."""


def issues_table(mapping: FieldMapping) -> IssueTable:
    """`issues` with the columns of a mapping beside those that it has on every site."""
    return IssueTable(
        name="issues",
        description="One row per issue, with the fields that every site has, and this site's own.",
        own_columns=(*_BEFORE, *(shown.declared for shown in mapping), *_AFTER),
        primary_key=("issue_id",),
        source=platform_api("issues"),
        parts=frozenset({Part.ISSUE, Part.CHANGELOG}),
        elements=lambda issue: (issue.fields,),
    )


ISSUES = issues_table(())
"""What is in it on every site: enough for whoever only needs its name. What is written is `issues_table`."""
