"""The JQL that a sync sends, and what it finds: comparisons joined by AND and OR, in parentheses or not.

Times are bare epoch milliseconds. Jira reads a quoted time in the caller's own zone, so nobody who wants to
be sure sends one: it is refused here, and so is every other form that nobody sends.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, eq, ge, gt, le, lt, ne

from jira_assets.sandbox.index import IssueIndex
from jira_assets.sandbox.stored import StoredIssue

SortKey = tuple[int | str, ...]
Predicate = Callable[[StoredIssue], bool]

_TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|([<>!]=|[<>=(),]|[^\s"<>=!(),]+))""")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
_MAX_ORDER_FIELDS = 7
_FIELDS = {"project": "project", "statuscategory": "category", "created": "created", "updated": "updated"}
_FIELDS |= dict.fromkeys(("id", "key", "issuekey"), "id")
_TIMES = ("created", "updated")
_COMPARE: dict[str, Callable[[int, int], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_CATEGORIES = ("new", "indeterminate", "done")
_FOREVER = 1 << 62


class JqlError(Exception):
    """A query that Jira refuses. ``syntax`` tells a malformed one from one that names what does not exist."""

    def __init__(self, message: str, *, syntax: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.syntax = syntax


@dataclass(frozen=True, slots=True)
class Clause:
    """``field operator values``, e.g. ``project in (A, B)``: the field is in lower case, and of each value it
    is known whether it was quoted.
    """

    field: str
    operator: str
    values: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Ordering:
    field: str
    descending: bool


Condition = list["list[Clause | Condition]"]
"""Of these lists all that one of them holds has to be true."""


@dataclass(frozen=True, slots=True)
class Query:
    condition: Condition
    order: tuple[Ordering, ...]


@dataclass(frozen=True, slots=True)
class Perspective:
    """Whose search it is. ``lenient`` is how Jira treats an under-privileged caller: what does not exist
    matches nothing instead of being an error, so that nobody can probe for names.
    """

    projects: frozenset[str] | None
    sees_secured: bool
    lenient: bool
    known_projects: Collection[str]
    resolve: Callable[[str], StoredIssue | None]

    def sees(self, issue: StoredIssue) -> bool:
        return (self.projects is None or issue.project in self.projects) and (
            self.sees_secured or not issue.secured
        )


def parse(jql: str) -> Query:
    """A bounded query. Raises JqlError with Jira's own words."""
    return _Parser(jql).query()


class _Parser:
    def __init__(self, jql: str) -> None:
        self._jql = jql
        self._position = 0
        unclosed = _QUOTED.sub(lambda found: " " * len(found[0]), jql).find('"')
        if unclosed >= 0:
            raise _malformed(f"The quoted string '{jql[unclosed + 1 :]}' has not been completed.", unclosed)

    def query(self) -> Query:
        if not self._peek()[0] or self._takes("order", look=True):
            raise JqlError(_UNBOUNDED)
        condition = self._either()
        order = self._ordered_by() if self._takes("order") else ()
        if self._jql[self._position :].strip():
            raise self._expected("either 'OR' or 'AND'")
        return Query(condition, order)

    def _either(self) -> Condition:
        found = [self._both()]
        while self._takes("or"):
            found.append(self._both())
        return found

    def _both(self) -> list[Clause | Condition]:
        found = [self._part()]
        while self._takes("and"):
            found.append(self._part())
        return found

    def _part(self) -> Clause | Condition:
        if not self._takes("("):
            field = self._value("a field name")[0].lower()
            return Clause(field, *self._compared())
        condition = self._either()
        self._take(")")
        return condition

    def _compared(self) -> tuple[str, tuple[tuple[str, bool], ...]]:
        if self._takes("in"):
            self._take("(")
            values = [self._value("a value")]
            while self._takes(","):
                values.append(self._value("a value"))
            self._take(")")
            return "in", tuple(values)
        for operator in _COMPARE:
            if self._takes(operator):
                return operator, (self._value("a value"),)
        raise self._expected("operator")

    def _ordered_by(self) -> tuple[Ordering, ...]:
        self._take("by")
        order = [self._ordering()]
        while self._takes(","):
            order.append(self._ordering())
        if len(order) > _MAX_ORDER_FIELDS:
            raise JqlError(f"JQL can be ordered by at most {_MAX_ORDER_FIELDS} fields.")
        return tuple(order)

    def _ordering(self) -> Ordering:
        field = self._value("a field name")[0].lower()
        if field not in _FIELDS:
            raise JqlError(f"Not able to sort using field '{field}'.", syntax=False)
        descending = self._takes("desc")
        return Ordering(field, descending or (self._takes("asc") and False))

    def _peek(self) -> tuple[str, bool, int]:
        """The next token, whether it is quoted, and where it ends."""
        found = _TOKEN.match(self._jql, self._position)
        if found is None:
            return "", False, self._position
        is_quoted = found[1] is not None
        return re.sub(r"\\(.)", r"\1", found[1]) if is_quoted else found[2], is_quoted, found.end()

    def _takes(self, word: str, *, look: bool = False) -> bool:
        text, is_quoted, end = self._peek()
        if is_quoted or text.lower() != word:
            return False
        self._position = self._position if look else end
        return True

    def _take(self, word: str) -> None:
        if not self._takes(word):
            raise self._expected(f"'{word.upper()}'")

    def _value(self, what: str) -> tuple[str, bool]:
        text, is_quoted, end = self._peek()
        if not is_quoted and not re.match(r"[^<>=!(),]", text):
            raise self._expected(what)
        self._position = end
        return text, is_quoted

    def _expected(self, what: str) -> JqlError:
        rest = self._jql[self._position :].lstrip()
        got = self._peek()[0] or rest[:1] or "the end of the query"
        return _malformed(f"Expecting {what} but got '{got}'.", len(self._jql) - len(rest))


def _malformed(problem: str, position: int) -> JqlError:
    return JqlError(f"Error in the JQL Query: {problem} (line 1, character {position + 1})")


def matching(
    query: Query, index: IssueIndex, perspective: Perspective, reconciled: Mapping[str, StoredIssue | None]
) -> list[StoredIssue]:
    """The visible issues that match, in the order asked for (newest first if none was).

    ``reconciled`` issues (None: deleted) are looked at as they are, whatever the index says of them.
    Raises JqlError for fields and values that do not exist, unless the perspective is lenient.
    """
    is_found = _any_of(query.condition, perspective)
    candidates = _candidates(query.condition, index)
    if reconciled:
        candidates = [issue for issue in candidates if issue.id not in reconciled]
        candidates += [issue for issue in reconciled.values() if issue is not None]
    found = [issue for issue in candidates if perspective.sees(issue) and is_found(issue)]
    for ordering in reversed(_effective(query.order)):
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
    if ordering.field == "id":
        return lambda issue: (issue.number,)
    if _FIELDS[ordering.field] == "id":
        return lambda issue: (issue.project, int(issue.key.rpartition("-")[2]), issue.number)
    value = attrgetter(_FIELDS[ordering.field])
    return lambda issue: (value(issue), issue.number)


def _candidates(condition: Condition, index: IssueIndex) -> Sequence[StoredIssue]:
    """Few of all issues, if the condition bounds a time."""
    for field, between in (("created", index.created_between), ("updated", index.updated_between)):
        low, high = -_FOREVER, _FOREVER
        for clause in condition[0] if len(condition) == 1 else ():
            if isinstance(clause, Clause) and clause.field == field:
                bound = _milliseconds(clause)
                low = max(low, bound) if clause.operator in {">", ">=", "="} else low
                high = min(high, bound) if clause.operator in {"<", "<=", "="} else high
        if (low, high) != (-_FOREVER, _FOREVER):
            return between(low, high)
    return index.all()


def _any_of(condition: Condition, perspective: Perspective) -> Predicate:
    choices = [
        [
            _clause(part, perspective) if isinstance(part, Clause) else _any_of(part, perspective)
            for part in parts
        ]
        for parts in condition
    ]
    return lambda issue: any(all(holds(issue) for holds in parts) for parts in choices)


def _clause(clause: Clause, perspective: Perspective) -> Predicate:
    attribute = _FIELDS.get(clause.field)
    if attribute is None:
        if perspective.lenient:
            return lambda _issue: False
        message = f"Field '{clause.field}' does not exist or you do not have permission to view it."
        raise JqlError(message, syntax=False)
    read = attrgetter(attribute)
    if attribute in _TIMES:
        compare, bound = _COMPARE[clause.operator], _milliseconds(clause)
        return lambda issue: compare(read(issue), bound)
    if clause.operator not in {"=", "!=", "in"}:
        message = f"The operator '{clause.operator}' is not supported by the '{clause.field}' field."
        raise JqlError(message, syntax=False)
    wanted = {_known(attribute, text, clause, perspective) for text, _ in clause.values}
    is_wanted = clause.operator != "!="
    return lambda issue: (read(issue) in wanted) is is_wanted


def _known(attribute: str, text: str, clause: Clause, perspective: Perspective) -> str | None:
    """What an issue has that is meant; None if there is no such thing, and the perspective is lenient."""
    found: str | None = None
    message = f"The value '{text}' does not exist for the field '{clause.field}'."
    if attribute == "project":
        visible = perspective.known_projects if perspective.projects is None else perspective.projects
        found = text.upper() if text.upper() in visible else None
    elif attribute == "category":
        found = text.lower() if text.lower() in _CATEGORIES else None
    else:
        issue = perspective.resolve(text)
        found = issue.id if issue is not None and perspective.sees(issue) else None
        message = f"An issue with key '{text}' does not exist for field '{clause.field}'."
    if found is None and not perspective.lenient:
        raise JqlError(message, syntax=False)
    return found


def _milliseconds(clause: Clause) -> int:
    text, is_quoted = clause.values[0]
    if is_quoted or not text.isdigit() or clause.operator == "in":
        raise JqlError(f"Date value '{text}' for field '{clause.field}' is invalid.", syntax=False)
    return int(text)
