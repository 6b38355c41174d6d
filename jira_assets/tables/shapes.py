"""The shapes that Jira sends, as far as the tables read them. Everything may be absent or null.

Source: the OpenAPI document of Jira Cloud v3; `name`/`key` of users are what Jira Server sends instead of
`accountId`.
"""

from typing import Annotated, Any

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Id = str | int | None
When = str | int | float | None
"""ISO 8601 with an offset, or epoch seconds or milliseconds: see `tables.frames`."""


class Named(msgspec.Struct, gc=False):
    id: Id = None
    name: str | None = None


class StatusCategory(msgspec.Struct, gc=False):
    key: str | None = None
    name: str | None = None


class Status(Named, gc=False):
    statusCategory: StatusCategory | None = None


class Project(msgspec.Struct, gc=False):
    id: Id = None
    key: str | None = None
    name: str | None = None


class ScopeProject(msgspec.Struct, gc=False):
    id: Id = None


class ProjectScope(msgspec.Struct, gc=False):
    """Where what a team-managed project has of its own is valid."""

    project: ScopeProject | None = None


class User(msgspec.Struct, gc=False):
    accountId: str | None = None
    displayName: str | None = None
    emailAddress: str | None = None
    key: str | None = None
    name: str | None = None

    @property
    def account_id(self) -> str | None:
        """Cloud's account id, else what Server identifies its users by."""
        return self.accountId or self.key or self.name


class Count(msgspec.Struct, gc=False):
    """What is left of a list that is a part of its own: Jira's count of it."""

    total: Int64 | None = None


class Votes(msgspec.Struct, gc=False):
    votes: Int64 | None = None


class Watches(msgspec.Struct, gc=False):
    watchCount: Int64 | None = None


class Attachment(msgspec.Struct, gc=False):
    id: Id = None
    filename: str | None = None
    author: User | None = None
    created: When = None
    size: Int64 | None = None
    mimeType: str | None = None
    content: str | None = None
    thumbnail: str | None = None


class LinkedFields(msgspec.Struct, gc=False):
    summary: str | None = None
    status: Named | None = None
    priority: Named | None = None


class LinkedIssue(msgspec.Struct, gc=False):
    id: Id = None
    key: str | None = None
    fields: LinkedFields | None = None


class IssueLink(msgspec.Struct, gc=False):
    id: Id = None
    type: Named | None = None
    inwardIssue: LinkedIssue | None = None
    outwardIssue: LinkedIssue | None = None

    @property
    def direction(self) -> str | None:
        """Which end the other issue is; None where Jira does not say which issue that is."""
        return "inward" if self.inwardIssue else "outward" if self.outwardIssue else None


class Fields(msgspec.Struct, gc=False):
    """The system fields of an issue."""

    summary: str | None = None
    description: Any = None
    environment: Any = None
    issuetype: Named | None = None
    status: Status | None = None
    priority: Named | None = None
    resolution: Named | None = None
    project: Project | None = None
    creator: User | None = None
    reporter: User | None = None
    assignee: User | None = None
    created: When = None
    updated: When = None
    resolutiondate: When = None
    duedate: str | None = None
    labels: list[str] | None = None
    components: list[Named] | None = None
    fixVersions: list[Named] | None = None
    versions: list[Named] | None = None
    parent: LinkedIssue | None = None
    security: Named | None = None
    votes: Votes | None = None
    watches: Watches | None = None
    timeoriginalestimate: Int64 | None = None
    timeestimate: Int64 | None = None
    timespent: Int64 | None = None
    attachment: list[Attachment] | None = None
    issuelinks: list[IssueLink] | None = None
    comment: Count | None = None
    worklog: Count | None = None


class Visibility(msgspec.Struct, gc=False):
    type: str | None = None
    value: str | None = None


class Comment(msgspec.Struct, gc=False):
    id: Id = None
    author: User | None = None
    updateAuthor: User | None = None
    body: Any = None
    created: When = None
    updated: When = None
    jsdPublic: bool | None = None
    visibility: Visibility | None = None


class ChangeItem(
    msgspec.Struct, gc=False, rename={"from_id": "from", "from_text": "fromString", "to_text": "toString"}
):
    field: str | None = None
    fieldId: str | None = None
    fieldtype: str | None = None
    from_id: str | None = None
    from_text: str | None = None
    to: str | None = None
    to_text: str | None = None


class History(msgspec.Struct, gc=False):
    id: Id = None
    author: User | None = None
    created: When = None
    items: list[ChangeItem] | None = None


class Worklog(msgspec.Struct, gc=False):
    id: Id = None
    author: User | None = None
    comment: Any = None
    started: When = None
    created: When = None
    updated: When = None
    timeSpentSeconds: Int64 | None = None


class Application(msgspec.Struct, gc=False):
    name: str | None = None
    type: str | None = None


class RemoteStatus(msgspec.Struct, gc=False):
    resolved: bool | None = None


class RemoteObject(msgspec.Struct, gc=False):
    url: str | None = None
    title: str | None = None
    status: RemoteStatus | None = None


class RemoteLink(msgspec.Struct, gc=False):
    id: Id = None
    globalId: str | None = None
    application: Application | None = None
    relationship: str | None = None
    object: RemoteObject | None = None
