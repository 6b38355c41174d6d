"""The forms of JQL that the sandbox takes, and how it refuses others."""

import pytest

from jira_assets.sandbox.jql import Clause, JqlError, Ordering, parse


def test_lists_quotes_and_keywords_in_any_case() -> None:
    query = parse('Project IN (A, "B \\"C") and created >= 1700000000000 order by created DESC, id')
    projects = Clause("project", "in", (("A", False), ('B "C', True)))
    assert query.condition == [[projects, Clause("created", ">=", (("1700000000000", False),))]]
    assert query.order == (Ordering("created", descending=True), Ordering("id", descending=False))


def test_and_binds_before_or_and_parentheses_before_both() -> None:
    def clause(name: str) -> Clause:
        return Clause(name, "=", (("1", False),))

    assert parse("a = 1 OR b = 1 AND (c = 1 OR d = 1)").condition == [
        [clause("a")],
        [clause("b"), [[clause("c")], [clause("d")]]],
    ]


@pytest.mark.parametrize("jql", ["", "order by key"])
def test_an_unbounded_query_is_refused(jql: str) -> None:
    with pytest.raises(JqlError, match="Unbounded JQL queries are not allowed here"):
        parse(jql)


@pytest.mark.parametrize(
    ("jql", "problem"),
    [
        ("project", "Expecting operator but got 'the end of the query'. (line 1, character 8)"),
        ("project in A", "Expecting '(' but got 'A'. (line 1, character 12)"),
        ("project = A B", "Expecting either 'OR' or 'AND' but got 'B'. (line 1, character 13)"),
        ("not key = A-1", "Expecting operator but got 'key'. (line 1, character 5)"),
        ('key = "A', "The quoted string 'A' has not been completed. (line 1, character 7)"),
    ],
)
def test_malformed_queries_are_syntax_errors(jql: str, problem: str) -> None:
    with pytest.raises(JqlError) as caught:
        parse(jql)
    assert caught.value.syntax
    assert caught.value.message == f"Error in the JQL Query: {problem}"


def test_eight_order_fields_are_too_many() -> None:
    with pytest.raises(JqlError, match="at most 7 fields"):
        parse(f"project = A order by {', '.join(['id'] * 8)}")
