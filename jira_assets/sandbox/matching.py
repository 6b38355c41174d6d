"""What a parsed query means: which issues match, and in which order."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter, eq, ge, gt, le, lt, ne
from zoneinfo import ZoneInfo

from jira_assets.sandbox.index import IssueIndex
from jira_assets.sandbox.jql import Both, Clause, Condition, Either, JqlError, Negated, Ordering, Query, Value
from jira_assets.sandbox.stored import StoredIssue

Predicate = Callable[[StoredIssue], bool]
SortKey = tuple[int | str, ...]

_FIELDS = {
    "project": "project",
    "created": "created",
    "createddate": "created",
    "updated": "updated",
    "updateddate": "updated",
    "statuscategory": "category",
    "id": "issue",
    "issue": "issue",
    "issuekey": "issue",
    "key": "issue",
}
_CATEGORIES = {"to do": "new", "new": "new", "in progress": "indeterminate", "indeterminate": "indeterminate"}
_CATEGORIES |= {"done": "done", "complete": "done", "2": "new", "4": "indeterminate", "3": "done"}
_COMPARE: dict[str, Callable[[int, int], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_RELATIVE = re.compile(r"([+-]?)(\d+)([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_DATE_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_VALID_DATES = (
    "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
    "or a period format e.g. '-5d', '4w 2d'."
)
_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Perspective:
    """Whose search it is. ``lenient`` is how Jira treats an under-privileged caller: what does not exist
    matches nothing instead of being an error, so that nobody can probe for names."""

    projects: frozenset[str] | None
    sees_secured: bool
    lenient: bool
    time_zone: str
    now: int
    known_projects: Collection[str]
    resolve: Callable[[str], StoredIssue | None]

    def sees(self, issue: StoredIssue) -> bool:
        return (self.projects is None or issue.project in self.projects) and (
            self.sees_secured or not issue.secured
        )


def matching(
    query: Query, index: IssueIndex, perspective: Perspective, reconciled: Mapping[str, StoredIssue | None]
) -> list[StoredIssue]:
    """The visible issues that match, in the order asked for (newest first if none was).

    ``reconciled`` issues (None: deleted) are looked at as they are, whatever the index says of them.
    Raises JqlError for fields and values that do not exist, unless the perspective is lenient.
    """
    predicate = _predicate(query.condition, perspective)
    candidates = _candidates(query, index, perspective)
    if reconciled:
        candidates = [issue for issue in candidates if issue.id not in reconciled]
        candidates += [issue for issue in reconciled.values() if issue is not None]
    found = [issue for issue in candidates if perspective.sees(issue) and predicate(issue)]
    for ordering in reversed(query.order or (Ordering("created", descending=True),)):
        found.sort(key=_sort_key(ordering), reverse=ordering.descending)
    return found


def position(issue: StoredIssue, order: Sequence[Ordering]) -> SortKey:
    """Where an issue stands in an ordering: what a page token remembers."""
    return tuple(part for ordering in _effective(order) for part in _sort_key(ordering)(issue))


def comes_after(issue: StoredIssue, last: SortKey, order: Sequence[Ordering]) -> bool:
    """Whether an issue stands behind a remembered position."""
    for ordering in _effective(order):
        key = _sort_key(ordering)(issue)
        remembered, last = last[: len(key)], last[len(key) :]
        if key != remembered:
            return bool((key > remembered) != ordering.descending)
    return False


def _effective(order: Sequence[Ordering]) -> Sequence[Ordering]:
    return order or (Ordering("created", descending=True),)


def _sort_key(ordering: Ordering) -> Callable[[StoredIssue], SortKey]:
    # The id makes every order total: equal values must not change places between two pages.
    attribute = _FIELDS.get(ordering.field)
    if attribute is None:
        raise JqlError(f"Not able to sort using field '{ordering.field}'.", syntax=False)
    if ordering.field == "id":
        return lambda issue: (issue.number,)
    if attribute == "issue":
        return lambda issue: (issue.project, _number_in_key(issue.key), issue.number)
    value = attrgetter(attribute)
    return lambda issue: (value(issue), issue.number)


def _number_in_key(key: str) -> int:
    number = key.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _candidates(query: Query, index: IssueIndex, perspective: Perspective) -> Sequence[StoredIssue]:
    clauses = query.condition.parts if isinstance(query.condition, Both) else (query.condition,)
    for field, between in (("created", index.created_between), ("updated", index.updated_between)):
        low, high = -_FOREVER, _FOREVER
        for clause in clauses:
            if isinstance(clause, Clause) and _FIELDS.get(clause.field) == field:
                bound = _moment(clause.values[0], perspective)
                if bound is not None and clause.operator in {">", ">=", "="}:
                    low = max(low, bound)
                if bound is not None and clause.operator in {"<", "<=", "="}:
                    high = min(high, bound)
        if (low, high) != (-_FOREVER, _FOREVER):
            return between(low, high)
    return index.all()


def _predicate(condition: Condition, perspective: Perspective) -> Predicate:
    match condition:
        case Both(parts):
            predicates = [_predicate(part, perspective) for part in parts]
            return lambda issue: all(predicate(issue) for predicate in predicates)
        case Either(parts):
            predicates = [_predicate(part, perspective) for part in parts]
            return lambda issue: any(predicate(issue) for predicate in predicates)
        case Negated(part):
            negated = _predicate(part, perspective)
            return lambda issue: not negated(issue)
        case Clause():
            return _clause(condition, perspective)


def _clause(clause: Clause, perspective: Perspective) -> Predicate:
    kind = _FIELDS.get(clause.field)
    if kind is None:
        return _nothing(
            f"Field '{clause.field}' does not exist or you do not have permission to view it.", perspective
        )
    if kind in {"created", "updated"}:
        return _time_clause(clause, kind, perspective)
    if clause.operator not in {"=", "!=", "in", "not in"}:
        message = f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        return _nothing(message, perspective)
    wanted = {
        found for value in clause.values if (found := _known(kind, value, clause, perspective)) is not None
    }
    identify = attrgetter("id" if kind == "issue" else kind)
    if clause.operator in {"!=", "not in"}:
        return lambda issue: identify(issue) not in wanted
    return lambda issue: identify(issue) in wanted


def _known(kind: str, value: Value, clause: Clause, perspective: Perspective) -> str | None:
    if kind == "project":
        visible = perspective.known_projects if perspective.projects is None else perspective.projects
        found: str | None = value.text.upper() if value.text.upper() in visible else None
    elif kind == "category":
        found = _CATEGORIES.get(value.text.lower())
    else:
        issue = perspective.resolve(value.text)
        found = issue.id if issue is not None and perspective.sees(issue) else None
    if found is None and not perspective.lenient:
        if kind == "issue":
            message = f"An issue with key '{value.text}' does not exist for field '{clause.field}'."
        else:
            message = f"The value '{value.text}' does not exist for the field '{clause.field}'."
        raise JqlError(message, syntax=False)
    return found


def _time_clause(clause: Clause, attribute: str, perspective: Perspective) -> Predicate:
    compare = _COMPARE.get(clause.operator)
    bound = _moment(clause.values[0], perspective)
    if compare is None:
        message = f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        return _nothing(message, perspective)
    if bound is None:
        message = (
            f"Date value '{clause.values[0].text}' for field '{clause.field}' is invalid. {_VALID_DATES}"
        )
        return _nothing(message, perspective)
    read = attrgetter(attribute)
    return lambda issue: compare(read(issue), bound)


def _moment(value: Value, perspective: Perspective) -> int | None:
    """Epoch milliseconds of a date operand: bare digits are that, text is in the caller's time zone."""
    if value.text.lstrip("-").isdigit():
        return None if value.quoted else int(value.text)
    relative = _RELATIVE.fullmatch(value.text)
    if relative:
        sign, amount, unit = relative.groups()
        distance = timedelta(**{_UNITS[unit]: int(amount)}) // timedelta(milliseconds=1)
        return perspective.now + (-distance if sign == "-" else distance)
    for date_format in _DATE_FORMATS:
        try:
            moment = datetime.strptime(value.text, date_format).replace(
                tzinfo=ZoneInfo(perspective.time_zone)
            )
        except ValueError:
            continue
        return int(moment.timestamp()) * 1000
    return None


def _nothing(message: str, perspective: Perspective) -> Predicate:
    if not perspective.lenient:
        raise JqlError(message, syntax=False)
    return lambda _issue: False
