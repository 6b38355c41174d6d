"""A strict parser for the part of JQL that a sync needs. What the words mean is decided in ``matching``."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:(?P<quote>["'])|(?P<operator>!=|!~|<=|>=|[=<>~(),])|(?P<word>[^\s=!<>~(),"']+))"""
)
_RESERVED = re.compile(r"\s*(.)")
_MAX_ORDER_FIELDS = 7
_COMPARISONS = ("=", "!=", "<", ">", "<=", ">=", "~", "!~")
_OPERATORS = "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'in', 'not in', 'is', 'is not', 'was', 'changed'"


class JqlError(Exception):
    """A query that Jira refuses. ``syntax`` tells a malformed one from one that names what does not exist."""

    def __init__(self, message: str, *, syntax: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.syntax = syntax


@dataclass(frozen=True, slots=True)
class Value:
    """An operand as written. Quoting matters: only an unquoted integer is epoch milliseconds."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """``field operator values``, e.g. ``project in (A, B)``; the field and the operator are in lower case."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Both:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Negated:
    part: "Condition"


Condition = Clause | Both | Either | Negated


@dataclass(frozen=True, slots=True)
class Ordering:
    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    condition: Condition
    order: tuple[Ordering, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    start: int

    @property
    def keyword(self) -> str:
        return self.text.lower() if self.kind != "string" else ""


def parse(jql: str) -> Query:
    """Parse a bounded query. Raises JqlError with Jira's own words."""
    return _Parser(jql).query()


class _Parser:
    def __init__(self, jql: str) -> None:
        self._jql = jql
        self._tokens = _tokens(jql)
        self._next = 0

    def query(self) -> Query:
        if self._peek().kind == "end" or self._peek().keyword == "order":
            raise JqlError(
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            )
        condition = self._either()
        order = self._order_by() if self._peek().keyword == "order" else ()
        if self._peek().kind != "end":
            raise self._unexpected("Expecting either 'OR' or 'AND' but got '{}'.")
        return Query(condition, order)

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take_keyword("or", "|", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._negation()]
        while self._take_keyword("and", "&", "&&"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _negation(self) -> Condition:
        if self._take_keyword("not"):
            return Negated(self._negation())
        if self._take_keyword("("):
            condition = self._either()
            self._expect(")", "Expecting ')' before '{}'.")
            return condition
        return self._clause()

    def _clause(self) -> Condition:
        field = self._operand("Expecting a field name but got '{}'.").text.lower()
        operator = self._operator()
        if operator in {"in", "not in"}:
            values = self._list()
        else:
            values = (self._operand("Expecting a value, list or function but got '{}'."),)
        return Clause(field, operator, values)

    def _operator(self) -> str:
        token = self._peek()
        if token.kind == "operator" and token.text in _COMPARISONS:
            self._next += 1
            return token.text
        if self._take_keyword("in"):
            return "in"
        if self._take_keyword("not"):
            self._expect("in", "Expecting 'IN' but got '{}'.")
            return "not in"
        if self._take_keyword("is"):
            return "is not" if self._take_keyword("not") else "is"
        raise self._unexpected(f"Expecting operator but got '{{}}'. The valid operators are {_OPERATORS}.")

    def _list(self) -> tuple[Value, ...]:
        self._expect("(", "Expecting '(' but got '{}'.")
        values = [self._operand("Expecting a value but got '{}'.")]
        while self._take_keyword(","):
            values.append(self._operand("Expecting a value but got '{}'."))
        self._expect(")", "Expecting ')' before '{}'.")
        return tuple(values)

    def _order_by(self) -> tuple[Ordering, ...]:
        self._next += 1
        self._expect("by", "Expecting 'BY' but got '{}'.")
        order = [self._ordering()]
        while self._take_keyword(","):
            order.append(self._ordering())
        if len(order) > _MAX_ORDER_FIELDS:
            raise JqlError(f"JQL can be ordered by at most {_MAX_ORDER_FIELDS} fields.")
        return tuple(order)

    def _ordering(self) -> Ordering:
        field = self._operand("Expecting a field name but got '{}'.").text.lower()
        descending = self._take_keyword("desc")
        if not descending:
            self._take_keyword("asc")
        return Ordering(field, descending)

    def _operand(self, message: str) -> Value:
        token = self._peek()
        if token.kind not in {"word", "string"}:
            raise self._unexpected(message)
        self._next += 1
        if token.kind == "word" and self._peek().text == "(":
            raise JqlError(f"Unable to find JQL function '{token.text}()'.", syntax=False)
        return Value(token.text, quoted=token.kind == "string")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take_keyword(self, *keywords: str) -> bool:
        if self._peek().keyword in keywords:
            self._next += 1
            return True
        return False

    def _expect(self, keyword: str, message: str) -> None:
        if not self._take_keyword(keyword):
            raise self._unexpected(message)

    def _unexpected(self, message: str) -> JqlError:
        token = self._peek()
        text = "the end of the query" if token.kind == "end" else token.text
        return _syntax_error(message.format(text), self._jql, token.start)


def _tokens(jql: str) -> list[_Token]:
    tokens, position = [], 0
    while jql[position:].strip():
        found = _TOKEN.match(jql, position)
        if found is None:
            start = _first_character(jql, position)
            character = jql[start]
            message = (
                f"The character '{character}' is a reserved JQL character. You must enclose it in a string"
            )
            raise _syntax_error(f"{message} or use the escape '\\u{ord(character):04x}' instead.", jql, start)
        if found["quote"]:
            start = found.start("quote")
            text, position = _quoted(jql, start)
            tokens.append(_Token(text, "string", start))
        else:
            kind = "operator" if found["operator"] else "word"
            tokens.append(_Token(found[kind], kind, found.start(kind)))
            position = found.end()
    return [*tokens, _Token("", "end", len(jql))]


def _quoted(jql: str, start: int) -> tuple[str, int]:
    quote, position = jql[start], start + 1
    characters: list[str] = []
    while position < len(jql):
        if jql[position] == "\\" and position + 1 < len(jql):
            position += 1
        elif jql[position] == quote:
            return "".join(characters), position + 1
        characters.append(jql[position])
        position += 1
    raise _syntax_error(f"The quoted string '{jql[start + 1 :]}' has not been completed.", jql, start)


def _first_character(jql: str, position: int) -> int:
    found = _RESERVED.match(jql, position)
    return found.start(1) if found else position


def _syntax_error(message: str, jql: str, position: int) -> JqlError:
    line = jql.count("\n", 0, position) + 1
    column = position - (jql.rfind("\n", 0, position) + 1) + 1
    return JqlError(f"Error in the JQL Query: {message} (line {line}, character {column})")
