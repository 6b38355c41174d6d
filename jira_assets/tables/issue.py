"""One issue as the tables see it: its latest parts, decoded once however many tables read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from jira_assets.raw.attachments import decode_files
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.lookups import PROJECTS
from jira_assets.raw.record import Part
from jira_assets.tables.custom_field_keys import keys
from jira_assets.tables.distinct import Distinct, Identified, distinct, distinct_by_id, joined, later, newer
from jira_assets.tables.envelope import EnvelopeReader
from jira_assets.tables.issue_files import IssueFiles
from jira_assets.tables.lenient import read
from jira_assets.tables.names import NO_NAMES, Names, Values
from jira_assets.tables.readers import as_text
from jira_assets.tables.shapes import (
    Comment,
    History,
    Id,
    IssueLink,
    Named,
    Project,
    RemoteLink,
    User,
    Worklog,
)
from jira_assets.tables.sla_shapes import Sla
from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering

if TYPE_CHECKING:
    from jira_assets.tables.field_columns import FieldColumn

C = TypeVar("C", bound=Identified)
_NULL = b"null"
_NO_PROJECT = Project()
_GATEWAY = "https://api.atlassian.com/"

OTHER_FIELDS = (
    *("attachment", "comment", "components", "component", "description", "duedate", "environment"),
    *("epic child", "epic link", "fixversions", "fix version", "issueparentassociation", "issuetype"),
    *("key", "labels", "link", "parent", "priority", "project", "rank", "remoteissuelink", "resolution"),
    *("resolutiondate", "security", "sprint", "status", "story points", "summary", "timeestimate"),
    *("timeoriginalestimate", "timespent", "version", "versions", "workflow", "worklogid"),
)
"""What changes are about that no site's users are: ids of fields, and names that are older than ids."""


class Problem(NamedTuple):
    """A value that could not be read, and is NULL therefore."""

    issue_key: str
    field: str
    reason: str


class UnreadableIssue(RawLogError):
    """What is stored as an issue is none."""

    def __init__(self, month: str, issue_id: str) -> None:
        super().__init__(f"issue {issue_id} of {month} is stored as something that is no issue")
        self.month = month


@dataclass(frozen=True)
class Site:
    """What the tables need to know beside the issues: all that rows depend on but for the issue and the code.

    ``names`` are ids and names of the custom fields. ``columns`` are the configured columns of `issues`, each
    with the id of the field that it shows, if that is known (see `tables.resolve`). ``other_fields`` are ids
    and names, in lower case, of the fields that are known to hold no users.
    """

    url: str | None = None  # where people see it
    names: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple["FieldColumn", str | None], ...] = ()
    rendering: Rendering = Rendering.MARKDOWN
    other_fields: tuple[str, ...] = OTHER_FIELDS

    @cached_property
    def names_by_id(self) -> dict[str, str]:
        """Field names by id, as they are."""
        return dict(self.names)

    @cached_property
    def keys(self) -> dict[str, str]:
        """What `custom_fields` calls each field, by id."""
        return keys(self.names)

    @cached_property
    def shown_by(self) -> dict[str, list["FieldColumn"]]:
        """The configured columns that show a field, by its id."""
        found: dict[str, list[FieldColumn]] = {}
        for column, field_id in self.columns:
            if field_id is not None:
                found.setdefault(field_id, []).append(column)
        return found

    @cached_property
    def field_of(self) -> dict[str, str | None]:
        """By the name of a configured column the id of the field that it shows, if that is known."""
        return {column.column.name: field_id for column, field_id in self.columns}


class Issue:
    """The decoded parts of an issue; None for one never fetched. Problems gather while it is read."""

    def __init__(
        self, latest: LatestIssue, reader: EnvelopeReader, site: Site, names: Names = NO_NAMES
    ) -> None:
        """Raises UnreadableIssue when the issue is no JSON object: its month then stays as it is."""
        # The payloads are let go: they are several times as large as what is decoded of them.
        self.month, self.source, self.errors = latest.month, latest.source, latest.errors
        self.hidden_since, self.hidden_because = latest.hidden_since, latest.hidden_because
        self.fetched_at = latest.fetched_at
        self.issue_id = self.key = latest.issue_id
        self.site = site
        self.problems: list[Problem] = []
        found = reader.read(latest.payloads[Part.ISSUE], self.note)
        if found is None:
            raise UnreadableIssue(latest.month, latest.issue_id)
        envelope = found.envelope
        self.fields = envelope.fields
        self._names = names
        self._own_key = envelope.key
        project = self.fields.project or _NO_PROJECT
        self.project = self._shown(PROJECTS, project.id, project.key, project.name)
        """The key and the name of its project, as they are now."""
        self.key = self._current_key() or latest.issue_id
        # What was noted so far was noted before the key was known.
        self.problems = [problem._replace(issue_key=self.key) for problem in self.problems]
        self.change_count = envelope.changelog
        self._self_url = envelope.self
        self.own_fields: Mapping[str, Any] = reader.own_fields(found, self.note)
        """The custom fields that are set, and those of the system that a configured column shows, by id."""
        attachments, links = self.fields.attachment, self.fields.issuelinks
        self.attachments = None if attachments is None else distinct_by_id(attachments)
        self.links = None if links is None else distinct(links, _end)
        """The ends of links that are here: of a link of the issue to itself both are."""
        self.comments = self._children(latest, Part.COMMENTS, list[Comment], newer)
        self.histories = self._children(latest, Part.CHANGELOG, list[History], joined)
        self.worklogs = self._children(latest, Part.WORKLOGS, list[Worklog], newer)
        self.remote_links = self._children(latest, Part.REMOTE_LINKS, list[RemoteLink], later)
        self.comments_show_media = b'"media' in latest.payloads.get(Part.COMMENTS, b"")
        self.slas = self._slas(latest.slas) if latest.slas else {}
        """The SLAs that apply, by field id, and when each was read, in milliseconds since the epoch."""
        self.file_records = decode_files(latest.payloads.get(Part.FILES))
        """What became of the content of attachments, by attachment id."""

    def names_of(self, list_name: str, thing: Named | None, *more: str | None) -> Values:
        """What the site calls now what the issue refers to by its id, in all that the list says of it: the
        name, and ``more``; that as the issue has it, if it is unknown.
        """
        if thing is None:
            return None, *more
        return self._shown(list_name, thing.id, thing.name, *more)

    def person(self, user: User | None) -> tuple[str | None, str | None, str | None]:
        """The address, the name and the account id of somebody, as they are now."""
        if user is None:
            return None, None, None
        account_id = user.account_id
        if not self._names.version:
            return user.emailAddress, user.displayName, account_id
        email, name = self._shown("users", account_id, user.emailAddress, user.displayName)
        return email, name, account_id

    @property
    def previous_keys(self) -> list[str] | None:
        """The keys that lead to it beside its own, oldest first: from before it was moved, as the history of
        a move tells in an item `Key`, and from before its project had another key. None if nothing is known.
        """
        project = self.fields.project or _NO_PROJECT
        former = self._names.former_keys.get(as_text(project.id) or "", ()) if self._own_key else ()
        items = [item for history in self.histories or () for item in history.items or ()]
        found = [item.from_text for item in items if item.field == "Key"]
        found += [f"{key}-{self.key.rpartition('-')[2]}" for key in former]
        previous = {key: None for key in (*found, self._own_key) if key is not None and key != self.key}
        return [*previous] or (None if self.histories is None else [])

    def key_of_another(self, key: str | None) -> str | None:
        """The key that another issue has now, which this one shows as it was."""
        return self._names.issue_key(key)

    def _shown(self, list_name: str, entry_id: Id, *own: str | None) -> Values:
        if not self._names.version:  # cheaper than to ask, which is done for all that an issue refers to
            return own
        return self._names.shown(list_name, as_text(entry_id), own, self.fetched_at[Part.ISSUE])

    def _current_key(self) -> str | None:
        own, project = self._own_key, self.project[0]
        if own is None or project is None:
            return self._names.issue_key(own)
        before, dash, number = own.rpartition("-")
        # A project of another key than the issue's is its own, under a new one: the number stays.
        return f"{project}-{number}" if dash and before != project else own

    @cached_property
    def files(self) -> IssueFiles:
        """The attachments, as texts call them."""
        return IssueFiles(self.key, self.attachments or (), self.file_records)

    def text(self, value: object) -> str | None:
        """Rich text of the issue as the site wants it written, with the files that it shows."""
        if value is None or isinstance(value, str):  # none, or wiki markup: it shows no files or names
            return to_text(value)
        files = self.files.path if self.fields.attachment else None
        return to_text(value, self.site.rendering, files, self.display_name)

    def display_name(self, account_id: str) -> str | None:
        """The name of a user whom the issue itself shows: texts mention some by their ids only."""
        return self._display_names.get(account_id)

    @cached_property
    def _display_names(self) -> dict[str, str]:
        fields = self.fields
        users = [fields.creator, fields.reporter, fields.assignee]
        users += [attachment.author for attachment in fields.attachment or ()]
        users += [user for comment in self.comments or () for user in (comment.author, comment.updateAuthor)]
        users += [history.author for history in self.histories or ()]
        users += [worklog.author for worklog in self.worklogs or ()]
        known = [user for user in users if user is not None]
        return {user.account_id: user.displayName for user in known if user.account_id and user.displayName}

    @property
    def url(self) -> str | None:
        """Where people see the issue. Through the gateway, `self` is an address for programs only."""
        if self._self_url and not self._self_url.startswith(_GATEWAY):
            return f"{self._self_url.split('/rest/')[0]}/browse/{self.key}"
        return f"{self.site.url}/browse/{self.key}" if self.site.url else None

    def identified(self, children: Sequence[C] | None, what: str) -> Sequence[C]:
        """Those that have an id. One without can't be stored: it is noted, completeness shows it."""
        if not children:
            return ()
        found = [child for child in children if child.id is not None]
        for _ in range(len(children) - len(found)):
            self.note(what, "it has no id")
        return found

    def _children(
        self, latest: LatestIssue, part: Part, kind: type[list[C]], join: Callable[[C, C], C]
    ) -> Distinct[C] | None:
        payload = latest.payloads.get(part)
        if payload == b"[]":  # most parts of most issues
            return Distinct()
        children = None if payload is None else read(kind, payload, part.value, self.note)
        return None if children is None else distinct_by_id(children, join)

    def _slas(self, readings: Sequence[tuple[int, bytes]]) -> dict[str, tuple[int, Sla]]:
        found: dict[str, tuple[int, Sla]] = {}
        for observed_at, payload in readings:
            for field_id, raw in (read(dict[str, msgspec.Raw], payload, "sla", self.note) or {}).items():
                found.pop(field_id, None)  # the last reading counts, also when it is that none applies
                sla = None if bytes(raw) == _NULL else read(Sla, raw, field_id, self.note)
                if sla is not None:
                    found[field_id] = observed_at, sla
        return found

    def note(self, field: str, reason: str) -> None:
        """Remember that a value could not be read."""
        self.problems.append(Problem(self.key, field, reason))


def _end(link: IssueLink) -> tuple[str, str | None] | None:
    return None if link.id is None else (str(link.id), link.direction)
