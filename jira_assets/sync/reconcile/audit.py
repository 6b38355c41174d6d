"""The audit: issues as Jira shows them now, beside what is published of them.

Nothing that was made of earlier answers has a say, neither raw nor the warehouse: whatever went wrong on the
way shows. All ids are compared; of the issues, a random sample and those that changed last are read anew, and
made into rows in memory. A difference counts unless the issue has changed since it was published: then it
waits in the queue, or changed so recently that nobody can have told us.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from jira_assets.inbox.events import Expected
from jira_assets.inbox.queue import Item
from jira_assets.jira.access import AccessGuard
from jira_assets.jira.bulk import bulk_issues, search
from jira_assets.jira.issue_json import CutIssue, cut
from jira_assets.jira.jql import in_projects, in_steady_order
from jira_assets.jira.listing import listed_ids
from jira_assets.jira.paging import ids_of
from jira_assets.jira.states import FIELDS, missing
from jira_assets.raw.latest import LatestIssue
from jira_assets.raw.log import RawLog
from jira_assets.raw.record import Part, Source
from jira_assets.settings import Settings
from jira_assets.sync.configuration import catalogue, protection, resolution, site
from jira_assets.sync.reconcile.scope import Kept, Scope, created_within
from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.declare import IssueTable, Kind, Personal
from jira_assets.tables.frames import Builder
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import ISSUES
from jira_assets.tables.protection import Protection
from jira_assets.tables.worklogs import WORKLOGS
from jira_assets.timestamps import month_of
from jira_assets.warehouse.published import Counted, IssueMonth, Published, PublishedIssue

SAMPLE = 200
"""How many issues are chosen at random, and how many of those that changed last."""

# Whatever no event tells is found by a sweep each hour; then it has to be fetched.
_MAY_BE_UNKNOWN = timedelta(hours=2)
_WHOLE = (["*all"], ["changelog"])
_STATE = ("issue_key", "updated_at", "status_id")
_AUDITED = (ISSUES, COMMENTS, WORKLOGS, ATTACHMENTS, ISSUELINKS)
_SHOWN_WHOLE = (ATTACHMENTS.name, ISSUELINKS.name)
_NAMES_FILES = b'"media'  # text that does shows where we keep them, which Jira does not know


@dataclass(frozen=True, slots=True)
class Difference:
    """That an issue is published otherwise than Jira shows it, and where. ``updated`` is when Jira says that
    it was changed; None if it is not there.
    """

    month: str
    issue_id: str
    key: str
    where: tuple[str, ...]
    updated: datetime | None

    def __str__(self) -> str:
        return f"{self.key}: {', '.join(self.where)}"


@dataclass(slots=True)
class Audit:
    """How many ids and how many issues were compared, which issues differ, and the keys of those that may
    merely have changed since. ``queued`` of those that differ were not in the queue yet.
    """

    ids: int = 0
    issues: int = 0
    differences: list[Difference] = field(default_factory=list)
    changed_since: list[str] = field(default_factory=list)
    queued: int = 0


class Auditor:
    """Compares what is published with Jira. The builder makes rows of these tables, protected like theirs."""

    def __init__(
        self,
        scope: Scope,
        published: Published,
        tables: Collection[IssueTable],
        builder: Builder,
        protection: Protection,
        progress: Callable[[str], None] = lambda _line: None,
    ) -> None:
        names = {table.name for table in _AUDITED}
        self._columns = {
            table: [*(_STATE if table.name == ISSUES.name else ()), *_texts(table)]
            for table in tables
            if table.name in names
        }
        self._scope = scope
        self._published = published
        self._comparison = _Comparison(self._columns, builder, protection, scope.raw)
        self._progress = progress

    @classmethod
    def from_settings(cls, settings: Settings, scope: Scope, progress: Callable[[str], None]) -> "Auditor":
        """Of the configured copy. Raises ``SettingsError``, ``PrivacyError`` and ``RawLogError``."""
        tables, protected = catalogue().tables, protection(settings)
        builder = Builder(tables, site(settings, resolution(settings)), protected)
        return cls(scope, Published(settings.published_dir), tables, builder, protected, progress)

    def run(self, sample: int = SAMPLE, seed: int | None = None) -> Audit:
        """Raises ``JiraError`` and ``WarehouseError``; then nothing is known, and nothing queued."""
        audit = Audit()
        kept = self._scope.kept()
        if kept is None:
            return audit
        client = self._scope.client
        guard = AccessGuard(client, self._scope.projects, self._scope.lookups.visible_projects)
        guard.begin()
        condition = in_projects(created_within(kept.spans), guard.named)
        places = self._published.places(guard.seen)
        listed = set(listed_ids(client, [in_steady_order(condition)]))
        audit.ids = len(places.keys() | listed)
        self._progress(f"{len(listed):,} issues in Jira, {len(places):,} published")
        chosen = self._chosen(condition, places, listed, sample, random.Random(seed))
        differing = list(self._differences(chosen, places, kept))
        audit.issues = len(chosen)
        if differing:
            guard.look()  # whatever went out of sight until now may have been taken for deleted
            # Again, with what is published by now: what changed meanwhile is on its way, or there.
            again = [each.issue_id for each in differing]
            places = self._published.places(guard.seen)
            self._judge(list(self._differences(again, places, kept)), places, audit)
        audit.queued = self._scope.queue.add(self._items(audit.differences))
        return audit

    def _chosen(
        self,
        condition: str,
        places: Mapping[str, IssueMonth],
        listed: Collection[str],
        sample: int,
        chance: random.Random,
    ) -> list[str]:
        """Those that changed last, some at random, and some of those that are on one side only."""
        pages = search(self._scope.client, f"{condition} ORDER BY updated DESC", FIELDS)
        newest = islice((issue_id for page in pages for issue_id in ids_of(page.value)), sample)
        everywhere = sorted({*places, *listed}, key=int)
        one_sided = sorted(places.keys() ^ {*listed}, key=int)
        at_random = chance.sample(everywhere, min(sample, len(everywhere)))
        return [*dict.fromkeys([*newest, *at_random, *one_sided[:sample]])]

    def _differences(
        self, issue_ids: Sequence[str], places: Mapping[str, IssueMonth], kept: Kept
    ) -> Iterator[Difference]:
        """Of these issues, those that are published otherwise than Jira shows them."""
        client = self._scope.client
        at = {issue_id: places[issue_id] for issue_id in issue_ids if issue_id in places}
        published = self._published.issues(self._columns, at)
        left_out = {issue_id for issue_id, place in at.items() if not place.is_hidden}
        compared = 0
        for page in bulk_issues(client, issue_ids, *_WHOLE):
            for raw in page.value.issues:
                issue = cut(raw)
                if not isinstance(issue, CutIssue):
                    continue
                compared += 1
                left_out.discard(issue.issue_id)
                where = self._comparison.of(issue, published.get(issue.issue_id))
                if where and kept.has(issue.created):
                    month = at[issue.issue_id].month if issue.issue_id in at else month_of(issue.created)
                    yield Difference(month, issue.issue_id, issue.key, where, issue.updated)
            self._progress(f"{compared:,} of {len(issue_ids):,} issues compared")
        # What bulk reads leave out may be archived; what does not answer by itself either is deleted.
        for issue_id in missing(client, sorted(left_out, key=int)):
            key = str(published[issue_id].rows[ISSUES.name][()]["issue_key"])
            yield Difference(at[issue_id].month, issue_id, key, ("it is not in Jira",), None)

    def _judge(self, differing: Iterable[Difference], places: Mapping[str, IssueMonth], audit: Audit) -> None:
        queue, now = self._scope.queue, self._scope.client.now
        waiting = {item.issue_id for month in queue.months() for item in queue.items(month)}
        at = {each.issue_id: places[each.issue_id] for each in differing if each.issue_id in places}
        published = self._published.issues({ISSUES: _STATE}, at)
        for each in differing:
            is_stale = _updated(published.get(each.issue_id)) != each.updated
            is_recent = each.updated is not None and now - each.updated < _MAY_BE_UNKNOWN
            if each.issue_id in waiting or (is_stale and is_recent):
                audit.changed_since.append(each.key)
            else:
                audit.differences.append(each)

    def _items(self, differences: Iterable[Difference]) -> dict[str, list[Item]]:
        items: dict[str, list[Item]] = defaultdict(list)
        for each in differences:
            expected = Expected(each.updated, None)
            cause = f"published otherwise than in Jira: {', '.join(each.where)}"
            now = self._scope.client.now
            items[each.month].append(Item(each.issue_id, cause, now, Source.RECONCILE, expected=expected))
        return items


class _Comparison:
    """Of an issue in Jira's answer with its published rows."""

    def __init__(
        self,
        columns: Mapping[IssueTable, Sequence[str]],
        builder: Builder,
        protection: Protection,
        raw: RawLog,
    ) -> None:
        self._columns = columns
        self._builder = builder
        self._protection = protection
        self._raw = raw

    def of(self, issue: CutIssue, published: PublishedIssue | None) -> tuple[str, ...]:
        """Where they differ."""
        if published is None or ISSUES.name not in published.rows:
            return ("it is not published",)
        return (*self._in_rows(issue, published), *_in_counts(issue, published))

    def _in_rows(self, issue: CutIssue, published: PublishedIssue) -> Iterator[str]:
        frames = self._builder.build([self._latest(issue)]).frames
        for table, columns in self._columns.items():
            ours = published.rows.get(table.name, {})
            made = frames[table.name].to_dicts()
            for row in made:
                key = tuple(str(row[name]) for name in table.primary_key if name != "issue_id")
                named = " ".join([table.name, *key])
                if key not in ours:
                    yield f"{named} is missing"
                else:
                    yield from (f"{named}: {c}" for c in columns if self._differ(row[c], ours[key][c]))
            if table.name in _SHOWN_WHOLE and len(ours) > len(made):
                yield f"{len(ours)} {table.name}, and not {len(made)}"

    def _latest(self, issue: CutIssue) -> LatestIssue:
        """The issue with as many of its comments and worklogs as Jira's answer shows."""
        payloads = {Part.ISSUE: issue.payload}
        for part, children in ((Part.COMMENTS, issue.comments), (Part.WORKLOGS, issue.worklogs)):
            if children.elements is not None:
                payloads[part] = msgspec.json.encode(children.elements)
        month = month_of(issue.created)
        if any(_NAMES_FILES in payload for payload in payloads.values()):
            for stored in self._raw.latest(month, [issue.issue_id], [Part.ISSUE, Part.FILES]):
                payloads |= {part: text for part, text in stored.payloads.items() if part is Part.FILES}
        return LatestIssue(month, issue.issue_id, payloads, dict.fromkeys(payloads, 0))

    def _differ(self, made: object, ours: object) -> bool:
        if isinstance(made, str) and isinstance(ours, str):
            return self._protection.differ(ours, made)
        return made != ours


def _in_counts(issue: CutIssue, published: PublishedIssue) -> Iterator[str]:
    """The lists of which Jira's answer may show the beginning only are compared by their length."""
    totals = {
        Part.COMMENTS: issue.comments.total,
        Part.WORKLOGS: issue.worklogs.total,
        Part.CHANGELOG: issue.changelog_total,
    }
    for part, total in totals.items():
        counted = published.counts.get(part, Counted(0, None, None))
        if total in (None, counted.published):
            continue
        # A promise that Jira did not keep when the list was fetched is told by `everything_complete`.
        if (total, counted.published) != (counted.promised, counted.stored):
            yield f"{counted.published} {part}, and not {total}"


def _texts(table: IssueTable) -> list[str]:
    """The columns that hold what people wrote."""
    if table.name not in (ISSUES.name, COMMENTS.name, WORKLOGS.name):
        return []
    return [c.name for c in table.own_columns if c.personal is Personal.FREE_TEXT and c.kind is Kind.TEXT]


def _updated(published: PublishedIssue | None) -> object:
    return published and published.rows[ISSUES.name][()]["updated_at"]
