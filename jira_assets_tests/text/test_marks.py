"""Bold, italic, code and links in Markdown, where their ends are anywhere."""

from typing import Any

import pytest

from jira_assets_tests.text.nodes import (
    BREAK,
    CODE,
    EM,
    STRONG,
    link,
    markdown,
    node,
    paragraph,
    text,
)

LINK = link("https://a.example/")
SUB, SUP = ({"type": "subsup", "attrs": {"type": kind}} for kind in ("sub", "sup"))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["Hel", text("lo", STRONG)], "Hel**lo**", id="within a word"),
        pytest.param(["x ", text("a", STRONG), text("b", EM)], "x <strong>a</strong><em>b</em>",
                     id="next to each other"),
        pytest.param(["a", text(" b ", STRONG), "c"], "a **b** c", id="blanks at the ends"),
        pytest.param([text("a", STRONG), text(" ", EM), text("b", STRONG)], "**a b**", id="marked blanks"),
        pytest.param([text("a ", STRONG), text("b", STRONG)], "**a b**", id="the same in two nodes"),
        pytest.param([text("a ", STRONG), text("b", EM, STRONG), text(" c", STRONG)],
                     "**a *b* c**", id="nested"),
        pytest.param([text("a", EM), text(" b ", EM, STRONG), text("c", EM)],
                     "*a **b** c*", id="nested otherwise"),
        pytest.param([text("a ", STRONG), text("b ", STRONG, EM), text("c", EM)],
                     "**a *b*** *c*", id="crossing"),
        pytest.param([text("a:", STRONG), "b"], "<strong>a:</strong>b", id="asterisks would be no mark"),
        pytest.param([text("a:", STRONG), " b"], "**a:** b", id="punctuation before a blank"),
        pytest.param(["(", text("a", STRONG), ")"], "(**a**)", id="within punctuation"),
        pytest.param([text("*a", STRONG)], "<strong>*a</strong>", id="asterisks within"),
        pytest.param([text("a", STRONG), BREAK, text("b", STRONG)], "**a**  \n**b**", id="lines"),
        pytest.param([text("a\nb", STRONG)], "**a**\n**b**", id="lines in a node"),
        pytest.param([text("a", {"type": "underline"}, {"type": "textColor", "attrs": {"color": "#97a0af"}})],
                     "a", id="marks without words"),
        pytest.param(["H", text("2", SUB), "O"], "H<sub>2</sub>O", id="subscript"),
        pytest.param(["10", text("3", SUP)], "10<sup>3</sup>", id="superscript"),
        pytest.param([node("mention", text="@Ann") | {"marks": [STRONG]}], "**@Ann**", id="a marked mention"),
    ],
)  # fmt: skip
def test_marks(texts: list[Any], expected: str) -> None:
    assert markdown(paragraph(*texts)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a", "`a`"),
        ("a ", "`a `"),
        (" a ", "`  a  `"),
        (" ", "` `"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("a\nb", "`a`\n`b`"),
    ],
)
def test_code_within_a_line(code: str, expected: str) -> None:
    assert markdown(paragraph("x", text(code, CODE), "y")) == f"x{expected}y"


def test_code_may_have_other_marks() -> None:
    assert markdown(paragraph(text("a", CODE, STRONG), text("b", CODE, LINK))) == (
        "<strong>`a`</strong>[`b`](https://a.example/)"
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([text("He", LINK), text("llo", STRONG, LINK), text("you", link("b"))],
         "[He**llo**](https://a.example/)[you](b)"),
        ([text("a ", STRONG), text("b ", LINK, STRONG), "c"], "**a [b](https://a.example/)** c"),
        ([text("[A-1] a", LINK)], "[[A-1] a](https://a.example/)"),
        ([text("a]b", LINK)], "a]b (https://a.example/)"),
        ([text("a", link("https://a.example/b (c)"))], "[a](<https://a.example/b (c)>)"),
        ([text("a", link("b\n<c>"))], "[a](<b%0A%3Cc%3E>)"),
        ([text(" ", LINK), "a"], "a"),
        ([text("a", link("b"), link("c"))], "[a](b)"),
    ],
)  # fmt: skip
def test_links(texts: list[Any], expected: str) -> None:
    assert markdown(paragraph(*texts)) == expected
