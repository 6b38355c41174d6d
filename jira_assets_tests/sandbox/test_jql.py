import pytest

from jira_assets.sandbox.jql import Both, Clause, JqlError, Ordering, Value, parse

_UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."


def test_lists_quotes_and_keywords_in_any_case() -> None:
    query = parse('Project IN (A, "B C") and created >= 1700000000000 order by created DESC, id')
    assert isinstance(query.condition, Both)
    assert query.condition.parts == (
        Clause("project", "in", (Value("A"), Value("B C", quoted=True))),
        Clause("created", ">=", (Value("1700000000000"),)),
    )
    assert query.order == (Ordering("created", descending=True), Ordering("id", descending=False))


@pytest.mark.parametrize("jql", ["", "  ", "order by key", "ORDER BY created DESC"])
def test_an_unbounded_query_is_refused(jql: str) -> None:
    with pytest.raises(JqlError) as caught:
        parse(jql)
    assert caught.value.message == _UNBOUNDED


def test_an_unclosed_string_is_refused_in_jiras_words() -> None:
    with pytest.raises(JqlError) as caught:
        parse('summary ~ "unclosed')
    expected = "The quoted string 'unclosed' has not been completed. (line 1, character 11)"
    assert caught.value.message == f"Error in the JQL Query: {expected}"


@pytest.mark.parametrize(
    "jql",
    [
        "project",
        "project =",
        "project in A",
        "project in (A",
        "(project = A",
        "project = A B",
        "project = A and",
    ],
)
def test_malformed_queries_are_syntax_errors(jql: str) -> None:
    with pytest.raises(JqlError) as caught:
        parse(jql)
    assert caught.value.syntax
    assert "Error in the JQL Query" in caught.value.message


def test_seven_order_fields_are_allowed_and_eight_are_not() -> None:
    seven = "created, updated, key, id, project, statusCategory, issue"
    assert len(parse(f"project = A order by {seven}").order) == 7
    with pytest.raises(JqlError, match="at most 7 fields"):
        parse(f"project = A order by {seven}, issuekey")
