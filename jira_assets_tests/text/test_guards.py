"""What would hide the text after it in Markdown, and links that are none."""

from typing import Any

import pytest
from markdown_it import MarkdownIt

from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering
from jira_assets_tests.text.nodes import CODE, EM, STRONG, cell, item, link, markdown, node, paragraph, table
from jira_assets_tests.text.nodes import text as text_node

COLOUR = {"type": "textColor", "attrs": {"color": "#97a0af"}}
HIDING = [
    *("```", "```sql", "~~~", "~~~ a`b", "<!-- x", "<?php", "<!DOCTYPE x>", "<![CDATA[x", "<script>", "<PRE"),
    *("<style type='a'>", "<textarea>", "</script>", "<div>x", "</table>", "<custom-tag>", "<a href='b'>"),
    *("[1]: http://x", r"[a\]b]: c", "[^1]: x"),
]


def _parsed(result: str) -> list[str]:
    """The kinds of the blocks, and texts as they are read."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(result)
    return [token.content if token.type == "inline" else token.type for token in tokens if token.nesting >= 0]


@pytest.mark.parametrize("hiding", HIDING)
@pytest.mark.parametrize("blanks", ["", "   ", "\t"])
def test_a_line_that_would_hide_what_follows_gets_a_backslash(hiding: str, blanks: str) -> None:
    for content in (
        [f"{blanks}{hiding}"],
        [f"a\n{blanks}{hiding}"],
        ["a", node("hardBreak"), f"{blanks}{hiding}"],
    ):
        result = markdown(paragraph(*content), paragraph("b"))
        assert f"\\{hiding}\n\nb" in result
        blocks = MarkdownIt("commonmark").parse(result)
        assert [token.type for token in blocks if token.nesting == 1] == ["paragraph_open"] * 2


@pytest.mark.parametrize("hiding", HIDING)
def test_a_line_is_guarded_as_it_is_written_however_many_texts_it_is_of(hiding: str) -> None:
    in_three = [hiding[0], text_node(hiding[1], COLOUR), hiding[2:]]
    for pieces in (in_three, [text_node(each, COLOUR) for each in hiding]):
        assert markdown(paragraph(*pieces), paragraph("b")) == f"\\{hiding}\n\nb"
    assert markdown(node("blockquote", node("bulletList", item(hiding)))) == f"> * \\{hiding}"


@pytest.mark.parametrize(
    "harmless",
    [
        "```a``` b",
        "<3 you",
        "<https://a.example/>",
        "<b>bold</b> x",
        "a <b> c",
        "[a] b",
        "[x](y)",
        r"\<!-- a",
        "a\\",
    ],
)
def test_what_hides_nothing_is_as_it_was_typed(harmless: str) -> None:
    assert markdown(paragraph(harmless)) == harmless


def test_a_comment_is_guarded_wherever_it_begins_but_in_code() -> None:
    assert markdown(paragraph("a <!-- b --> c <?d?>")) == r"a \<!-- b --> c \<?d?>"
    runs = ["a ", text_node("<!-- b", CODE), " `` ` <!-- c -->"]
    assert markdown(paragraph(*runs)) == r"a `<!-- b` `` ` \<!-- c -->"
    assert markdown(table([cell("<!-- a -->"), cell("b")])).endswith(r"| \<!-- a --> | b |")


def test_code_is_as_it_was_typed_and_so_is_text_without_marks() -> None:
    code = "```\n<!-- a\n    [1]: b\n<script>"
    assert code in markdown(node("bulletList", node("listItem", node("codeBlock", text_node(code))))).replace(
        "\n  ", "\n"
    )
    assert to_text(node("doc", paragraph(code)), Rendering.PLAIN) == code


def test_blanks_at_the_beginning_of_a_block_make_no_code_of_it() -> None:
    assert markdown(paragraph("a"), paragraph("     b"), paragraph("c\n\n     d")) == "a\n\nb\n\nc\n\nd"
    assert markdown(paragraph("a", text_node("\n\n    b\r\nc", EM))) == "a\n\n*b*\n*c*"
    assert markdown(paragraph("a\n\n", "     b")) == "a\n\nb"


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_a_line_ends_where_markdown_ends_it(end: str) -> None:
    assert markdown(node("bulletList", item(f"a{end}~~~"))) == "* a\n  \\~~~"


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (["wow!", text_node("a", link("b:c"))], r"wow\![a](b:c)"),
        ([text_node("wow!", EM), text_node("a", EM, link("b:c"))], r"*wow\![a](b:c)*"),
        ([text_node("wow!", COLOUR), text_node("a", link("b:c"))], r"wow\![a](b:c)"),
        ([r"wow\!", text_node("a", link("b:c"))], r"wow\![a](b:c)"),
        (["\\", text_node("!", COLOUR), text_node("a", link("b:c"))], r"\![a](b:c)"),
        (["wow!", text_node("a", STRONG, link("b:c"))], r"wow\![**a**](b:c)"),
        (["wow! ", text_node("a", link("b:c"))], "wow! [a](b:c)"),
        (["wow!", text_node("b:c", link("b:c"))], "wow!b:c"),
    ],
)
def test_an_exclamation_mark_before_a_link_makes_no_picture_of_it(runs: list[Any], expected: str) -> None:
    assert markdown(paragraph(*runs)) == expected


@pytest.mark.parametrize(
    "target",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " \x01javascript:a",
            "java\tscript:a",
            "java\nscript:a",
        ),
        *("&#106;avascript:a", "javascript&colon;a", "java&Tab;script:a", "&amp;#106;avascript:a"),
        *("javascript\\:a", "vbscript:a", "data:text/html;base64,PHNjcmlwdD4=", "\u200bjavascript:a"),
    ],
)
def test_what_runs_in_a_browser_is_no_target(target: str) -> None:
    assert markdown(paragraph("a ", text_node("b", link(target), STRONG))) == "a **b**"
    assert markdown(node("inlineCard", data={"url": target, "name": "b"})) == "b"
    assert markdown(node("blockCard", url=target)) == "[blockCard]"
    assert markdown(node("mediaSingle", node("media", type="external", url=target, alt="b"))) == "![b]()"


@pytest.mark.parametrize(
    "target", ["https://a.example/?javascript:b", "/data:a", "mailto:a", "javascript", "x-data:a"]
)
def test_other_targets_stay(target: str) -> None:
    assert markdown(paragraph(text_node("b", link(target)))) == f"[b]({target})"


@pytest.mark.parametrize(("known", "shown"), [({"5b": "Ann"}, "@Ann"), ({"5b": "@Ann"}, "@Ann"), ({}, "@5b")])
def test_a_mention_without_a_name_shows_whose_it_is(known: dict[str, str], shown: str) -> None:
    document = node("doc", paragraph("Hi ", node("mention", id="5b"), "!"))
    for rendering in Rendering:
        assert to_text(document, rendering, names=known.get) == f"Hi {shown}!"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"extensionKey": "toc"}, "[toc]"),
        ({"extensionKey": "ari:cloud:ecosystem::extension/1/2/static/my-macro"}, "[my-macro]"),
        ({"extensionKey": "toc", "parameters": {"macroMetadata": {"title": "Contents"}}}, "Contents"),
        (
            {"extensionKey": "jira", "parameters": {"macroParams": {"jql": {"value": "a = b"}}}},
            "[jira] a = b",
        ),
        ({"extensionKey": "jira", "text": "a"}, "a"),
    ],
)
def test_an_extension_shows_the_name_of_its_macro(attributes: dict[str, Any], expected: str) -> None:
    assert markdown(node("extension", **attributes)) == expected
    assert markdown(paragraph("a", node("inlineExtension", **attributes))) == f"a {expected}"


def test_a_nested_list_whose_first_items_are_empty_stays_a_list_with_its_numbers() -> None:
    numbers = node("orderedList", item(), item(""), item("b"), item("c"), order=1)
    result = markdown(node("bulletList", item("a", numbers), item("d")))
    assert result == "* a\n\n  3. b\n  4. c\n* d"
    assert _parsed(result).count("ordered_list_open") == 1


def test_a_row_that_cells_above_cover_counts_as_a_row() -> None:
    spanned = [cell("a", rowspan=3), cell("b", rowspan=2)]
    result = markdown(table(spanned, [], [cell("c")]))
    assert result.splitlines()[2:] == ["| a | b |", "|  |  |", "|  | c |"]
    assert markdown(table([cell("a")], [])).splitlines()[2:] == ["| a |"]


def test_a_row_that_ends_before_a_cell_above_leaves_the_rows_below_in_their_columns() -> None:
    result = markdown(
        table([cell("a"), cell("b"), cell("c", rowspan=2)], [cell("d")], [cell("e"), cell("f")])
    )
    assert result.splitlines()[2:] == ["| a | b | c |", "| d |  |  |", "| e | f |"]
