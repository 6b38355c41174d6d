"""Objects within a line, and the words next to them."""

from typing import Any

import pytest

from jira_assets_tests.text.nodes import CODE, EM, STRONG, link, markdown, node, paragraph, plain, text

OK = node("placeholder", text="ok")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([text("bold", STRONG), OK], "**bold** ok", id="placeholder after bold"),
        pytest.param([text("see", CODE), OK], "`see` ok", id="placeholder after code"),
        pytest.param(
            [text("site", link("http://x")), node("inlineExtension", text="ok")],
            "[site](http://x) ok",
            id="extension after link",
        ),
        pytest.param([text("see", EM), node("mediaInline")], "*see* [mediaInline]", id="file after italics"),
        pytest.param([text("हिन्दी"), OK], "हिन्दी ok", id="combining marks"),
        pytest.param([node("mention", text="@bob"), "_x"], "@bob _x", id="underscore after mention"),
        pytest.param([node("mention", text="@bob"), "'s, x"], "@bob's, x", id="end of a word"),
        pytest.param([node("inlineCard", url="http://x/a"), "/b"], "http://x/a /b", id="path after URL"),
        pytest.param([node("status", text="done"), "(2)"], "[ done ] (2)", id="bracket after status"),
        pytest.param([node("status", text="done"), ": y"], "[ done ] : y", id="colon after status"),
        pytest.param(
            [node("foo", text("alpha")), node("bar", text("beta")), "c"], "alpha beta c", id="unknown nodes"
        ),
        pytest.param(["un", text("believ", STRONG), "able"], "un**believ**able", id="one word"),
    ],
)
def test_objects_in_a_line_are_apart_from_words(content: list[Any], expected: str) -> None:
    assert markdown(paragraph(*content)) == expected


def test_unknown_nodes_of_a_decision_are_apart() -> None:
    assert plain(node("decisionItem", node("zz", text("a")), node("yy", text("b")))) == "<> a b"
