"""Values of other types than the format has, and what is in the parameters of extensions."""

from typing import Any

import pytest

from jira_assets_tests.text.nodes import EM, STRIKE, STRONG, item, markdown, node, paragraph, text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(paragraph(node("status", text=5)), "[ 5 ]", id="number in a status"),
        pytest.param(paragraph(node("mention", text=5)), "@5", id="number in a mention"),
        pytest.param(paragraph({"type": "text", "text": 0}), "0", id="number in a text"),
        pytest.param(paragraph(node("status", text=["q", "r"])), "[ q r ]", id="list in a status"),
        pytest.param(node("expand", title=["x"]), "**x**", id="list in a title"),
        pytest.param(node("orderedList", item("a"), order="5"), "5. a", id="digits for a number"),
        pytest.param(node("heading", text("a"), level="3"), "### a", id="digits for a level"),
        pytest.param(paragraph(node("date", timestamp=True)), "", id="no date"),
        pytest.param(
            node("orderedList", item("a"), item("b"), order=999_999_999),
            "999999997. a\n999999998. b",
            id="largest numbers",
        ),
        pytest.param(node("media", alt=" ", url="http://x/y"), "![](http://x/y)", id="alt"),
    ],
)
def test_values_of_other_types_are_read(content: Any, expected: str) -> None:
    assert markdown(content) == expected


def test_the_parameters_of_an_extension_are_texts_save_for_ids_urls_and_secrets() -> None:
    parameters = {
        "jqlQuery": {"value": "project=X"},
        "__bodyContent": {"value": "body text"},
        "serverId": {"value": "8f2"},
        "image": {"value": "https://x/y"},
        "apiToken": {"value": "hush"},
        "macroId": {"value": "b"},
    }
    assert markdown(node("extension", parameters={"macroParams": parameters})) == "project=X body text"


def test_a_mark_that_begins_with_another_and_again_within_it_is_html() -> None:
    runs = [text("a", STRONG, EM), text("c.", STRONG), text("»", STRONG, STRIKE, EM)]
    assert markdown(paragraph(*runs)).startswith("**<em>a</em>c.")


@pytest.mark.parametrize("texts", [("a?token=", "bc d"), ("a?token=b", "c d")])
def test_a_secret_in_several_texts_is_redacted(texts: tuple[str, str]) -> None:
    shown = markdown(paragraph(texts[0], text(texts[1], STRONG)))
    assert "c" not in shown
    assert "REDACTED" in shown


def test_empty_lines_in_deep_quotes_stay_short() -> None:
    document: Any = paragraph("a" + "\n" * 1000 + "b")
    for _ in range(40):
        document = node("blockquote", document)
    assert len(markdown(document)) < 25_000
