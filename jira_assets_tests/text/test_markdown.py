"""Blocks in GitHub-flavoured Markdown."""

from typing import Any

import pytest

from jira_assets_tests.text.nodes import BREAK, STRONG, item, markdown, node, paragraph, plain, text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([paragraph("Hel", text("lo"))], "Hello", id="a word in two nodes"),
        pytest.param([paragraph("a"), paragraph(), paragraph("b")], "a\n\nb", id="paragraphs"),
        pytest.param(
            [paragraph("a", BREAK, "b", BREAK, BREAK, "c", BREAK)], "a  \nb\n\nc", id="hard breaks"
        ),
        pytest.param([node("heading", text("T"), level=3), paragraph("a")], "### T\n\na", id="heading"),
        pytest.param([node("heading", text("T"), level="x")], "# T", id="heading of no level"),
        pytest.param([node("heading", text("T\nU"), BREAK, text("V"))], "# T U V", id="heading of lines"),
        pytest.param([paragraph("a"), node("rule"), paragraph("b")], "a\n\n---\n\nb", id="rule"),
        pytest.param(
            [node("blockquote", paragraph("b"), paragraph("c", BREAK, "d")), paragraph("e")],
            "> b\n>\n> c  \n> d\n\ne",
            id="quote",
        ),
        pytest.param([node("blockquote", paragraph("a"))] * 2, "> a\n\n> a", id="two quotes"),
        pytest.param(
            [node("panel", paragraph("a"), panelType="info"), node("panel", paragraph("b"))],
            "> [!NOTE]\n> a\n\n> b",
            id="panels",
        ),
        pytest.param(
            [node("panel", node("orderedList", item("a"), order=3), panelType="error")],
            "> [!CAUTION]\n>\n> 3. a",
            id="panel that begins with a list",
        ),
        pytest.param([node("panel", panelType="info")], "", id="empty panel"),
        pytest.param(
            [node("expand", paragraph("a"), title=" More "), node("nestedExpand", paragraph("b"))],
            "**More**\n\na\n\nb",
            id="expands",
        ),
        pytest.param(
            [node("layoutSection", *[node("layoutColumn", paragraph("a"))] * 2)], "a\n\na", id="layout"
        ),
        pytest.param([node("bodiedExtension", paragraph("a"), text="T")], "T\n\na", id="extension"),
        pytest.param([node("blockCard", data={"name": "A", "url": "https://a.example/"})],
                     "[A](https://a.example/)", id="card"),
        pytest.param([node("novelty", text("a")), node("novelty", text("b"))], "a\n\nb", id="unknown"),
    ],
)  # fmt: skip
def test_blocks(content: list[Any], expected: str) -> None:
    assert markdown(*content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([text("a\n"), text("  b")], "```sql\na\n  b\n```"),
        ([text("a"), BREAK, text("b", STRONG)], "```sql\na\nb\n```"),
        ([text("```\na\n```")], "````sql\n```\na\n```\n````"),
        ([text("``"), text("``")], "`````sql\n````\n`````"),
        ([], "```sql\n```"),
    ],
)
def test_code_is_between_fences_that_it_does_not_contain(content: list[Any], expected: str) -> None:
    assert markdown(node("codeBlock", *content, language="sql")) == expected


def test_the_language_of_code_is_one_line() -> None:
    assert markdown(node("codeBlock", text("a"), language="plain\n`text`")) == "```plain text\na\n```"


def test_code_in_code_has_one_fence() -> None:
    assert markdown(node("codeBlock", node("codeBlock", text("a")), text("b"))) == "```\n\na\nb\n```"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([node("bulletList", item("a"), item("b")), paragraph("c")], "* a\n* b\n\nc",
                     id="bullets"),
        pytest.param([node("orderedList", item("a"), item("b"), order=0)], "0. a\n1. b", id="from zero"),
        pytest.param([node("orderedList", item("a"), order=2.0)], "2. a", id="from a float"),
        pytest.param([node("orderedList", item("a"), order=None)], "1. a", id="numbers from nowhere"),
        pytest.param([node("bulletList", item("a", "b"), item("c"))], "* a\n\n  b\n* c", id="two paragraphs"),
        pytest.param([node("bulletList", item("  a", "b"))], "* a\n\n  b", id="blanks after the marker"),
        pytest.param(
            [node("orderedList", item("a", node("bulletList", item("b", node("codeBlock", text("c\nd"))))),
                  order=9)],
            "9. a\n   * b\n\n     ```\n     c\n     d\n     ```",
            id="nested",
        ),
        pytest.param(
            [node("bulletList", item("a", node("orderedList", item("b"), order=2)))],
            "* a\n\n  2. b",
            id="only a list from 1 may follow a text directly",
        ),
        pytest.param(
            [node("bulletList", item(node("bulletList", item("a"))), item(), item("b"))],
            "* * a\n* b",
            id="empty items",
        ),
        pytest.param([node("bulletList", item("a"))] * 3, "* a\n\n+ a\n\n* a", id="lists next to lists"),
        pytest.param([node("orderedList", item("a"))] * 2, "1. a\n\n1) a", id="numbers next to numbers"),
        pytest.param(
            [node("taskList", node("taskItem", text("a"), state="DONE"),
                  node("taskList", node("taskItem", text("b"), state="TODO")), node("taskItem", text("c")))],
            "- [x] a\n  - [ ] b\n- [ ] c",
            id="tasks",
        ),
        pytest.param(
            [node("taskList", node("taskList", node("taskList", node("taskItem", text("a")))))],
            "- [ ] a",
            id="tasks below nothing",
        ),
        pytest.param(
            [node("taskList", node("blockTaskItem", paragraph("a"), paragraph("b"), state="DONE"))],
            "- [x] a\n\n  b",
            id="tasks of several blocks",
        ),
        pytest.param([node("decisionList", *[node("decisionItem", text("a"))] * 2)], "* <> a\n* <> a",
                     id="decisions"),
    ],
)  # fmt: skip
def test_lists(content: list[Any], expected: str) -> None:
    assert markdown(*content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([paragraph("a"), paragraph(), paragraph("b")], "a\nb"),
        ([paragraph("a", BREAK, BREAK, "b")], "a\nb"),
        ([node("heading", text("T"), level=3)], "T"),
        ([node("rule"), paragraph(text("a", STRONG))], "a"),
        ([node("panel", paragraph("a"), panelType="info")], "a"),
        ([node("expand", paragraph("a"), title="More")], "More\na"),
        ([node("blockCard", data={"name": "A", "url": "https://a.example/"})], "A (https://a.example/)"),
        ([paragraph("b"), node("codeBlock", text("  a\n\n a"), language="sql")], "b\n  a\n\n a"),
        ([node("codeBlock")], "[codeBlock]"),
        ([paragraph(node("mention", text="Ann"), node("status", text="Done"))], "Ann [ DONE ]"),
        ([node("taskList", node("taskItem", text("a"), state="DONE"), node("taskItem", text("b")))],
         "[x] a\n[] b"),
        ([node("decisionList", node("decisionItem", text("a")))], "<> a"),
        ([node("bulletList", item("a", node("orderedList", item("b"), order=3)))] * 2,
         "* a\n  3. b\n* a\n  3. b"),
    ],
)  # fmt: skip
def test_blocks_without_marks(content: list[Any], expected: str) -> None:
    assert plain(*content) == expected
