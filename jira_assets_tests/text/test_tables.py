"""Tables in GitHub-flavoured Markdown."""

from typing import Any

import pytest

from jira_assets_tests.text.nodes import (
    BREAK,
    CODE,
    cell,
    header,
    item,
    link,
    markdown,
    node,
    paragraph,
    plain,
    table,
    text,
)


def lines(*content: Any) -> list[str]:
    return markdown(*content).split("\n")


def test_a_table_has_a_header_and_a_separator() -> None:
    assert lines(paragraph("x"), table([header("a"), header()], [cell("b"), cell("c")]), paragraph("y")) == [
        "x",
        "",
        "| a |  |",
        "| --- | --- |",
        "| b | c |",
        "",
        "y",
    ]


@pytest.mark.parametrize("first", [cell("a"), header("a")])
def test_a_table_without_a_row_of_headers_gets_an_empty_one(first: dict[str, Any]) -> None:
    assert lines(table([first, cell("b")])) == ["|  |  |", "| --- | --- |", "| a | b |"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([paragraph("a", BREAK, "b"), paragraph("c\r\nd")], "a<br>b<br>c<br>d", id="lines"),
        pytest.param([node("bulletList", item("a"), item("b"))], "* a<br>* b", id="list"),
        pytest.param([node("codeBlock", text("a\nb|"), text("c"))], "`a`<br>`b\\|c`", id="code"),
        pytest.param([node("heading", text("a"), level=2), node("rule")], "## a<br>---", id="heading"),
        pytest.param([node("panel", paragraph("a"), panelType="info"), paragraph("b")], "a<br>b", id="panel"),
        pytest.param([node("nestedExpand", paragraph("a"), title="T")], "**T**<br>a", id="expand"),
        pytest.param([paragraph("a|b", text("c|d", CODE))], "a\\|b`c\\|d`", id="bars"),
        pytest.param([paragraph(text("a", link("b|c")))], "[a](b\\|c)", id="a link"),
        pytest.param(
            [table([cell("a"), cell("b")], [cell("c")])], "\\| a \\| b \\|<br>\\| c \\|", id="table"
        ),
    ],
)
def test_a_cell_is_one_line(content: list[Any], expected: str) -> None:
    assert lines(table([header("T")], [cell(*content)]))[2] == f"| {expected} |"


def test_cells_stay_in_their_columns() -> None:
    spanned = table(
        [header("a", colspan=2), header("b")],
        [cell("c", rowspan=2), cell("d"), cell("e", rowspan=3)],
        [cell("f")],
        [cell("g"), cell("h")],
        [cell("i", colspan=4, rowspan="x")],
    )
    assert lines(spanned) == [
        "| a |  | b |  |",
        "| --- | --- | --- | --- |",
        "| c | d | e |",
        "|  | f |  |",
        "| g | h |  |",
        "| i |  |  |  |",
    ]


def test_no_span_makes_a_row_of_any_length() -> None:
    wide = table([header("a", colspan=10**9, rowspan=float("inf"))], [cell("b", rowspan=10**9)])
    assert len(markdown(wide)) < 2000


def test_cells_that_reach_down_take_time_in_proportion_to_the_table() -> None:
    high = [cell("a", rowspan=10**6)] * 5_000
    assert markdown(table(high, *[[cell("b")]] * 5_000)).count("| b |") == 5_000


def test_a_table_keeps_its_place() -> None:
    rows = table([header("a")], [cell("b")])
    assert lines(node("blockquote", rows, paragraph("c"))) == ["> | a |", "> | --- |", "> | b |", ">", "> c"]
    assert lines(node("bulletList", item("c", rows))) == ["* c", "", "  | a |", "  | --- |", "  | b |"]


def test_rows_and_cells_without_a_table_keep_their_text() -> None:
    assert markdown(node("tableRow", cell("a"), cell("b"))) == "| a | b |"
    assert markdown(cell("a"), paragraph("b")) == "| a |\n\nb"
    assert (
        markdown(node("table", node("tableRow"), node("tableRow", text("a"), cell("b")))) == "a| b |\n| --- |"
    )


def test_without_marks_a_row_is_a_line() -> None:
    rows = table([header("a", colspan=2), header()], [cell("b", "c"), cell(node("codeBlock", text("d|e")))])
    assert plain(rows) == "|a||\n|b c|d|e|"
