"""Rich text of Jira becomes readable text, whatever its shape, and keeps every word (known defect 15)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.text.adf import to_text
from jira_assets.text.blocks import BLOCKS
from jira_assets.text.inline import INLINE
from jira_assets_tests.shared_data import shared


def node(kind: str, *content: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attributes, "content": list(content)}


def text(value: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": value, "marks": list(marks)}


def link(href: object) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": href}}


def paragraph(*content: Any) -> dict[str, Any]:
    return node("paragraph", *(text(child) if isinstance(child, str) else child for child in content))


def item(*content: Any) -> dict[str, Any]:
    return node("listItem", *(paragraph(child) if isinstance(child, str) else child for child in content))


STRONG = {"type": "strong"}
BREAK = {"type": "hardBreak"}


def test_what_is_not_a_document_passes_through() -> None:
    wiki = "h1. Title\r\n\r\n{code}a  b{code} \x00 "
    assert to_text(wiki) is wiki
    assert to_text(None) is None
    assert to_text(42) is None
    assert to_text({}) == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            [paragraph("Hel", text("lo", STRONG))], "Hello", id="a word in two marks stays one word"
        ),
        pytest.param([paragraph("a"), paragraph(), paragraph("b")], "a\n\nb", id="paragraphs"),
        pytest.param([paragraph("a", BREAK, "b", BREAK, BREAK, "c", BREAK)], "a\nb\n\nc", id="hard breaks"),
        pytest.param([node("heading", text("T"), level=3), paragraph("a")], "### T\n\na", id="heading"),
        pytest.param([node("heading", text("T"), level="x")], "# T", id="heading of no level"),
        pytest.param([paragraph("a"), node("rule"), paragraph("b")], "a\n\n---\n\nb", id="rule"),
        pytest.param(
            [paragraph("a"), node("blockquote", paragraph("b"), paragraph("c", BREAK, "d")), paragraph("e")],
            "a\n\n> b\n>\n> c\n> d\n\ne",
            id="quote",
        ),
        pytest.param(
            [node("blockquote", paragraph("a")), node("blockquote", paragraph("b"))],
            "> a\n\n> b",
            id="two quotes",
        ),
        pytest.param(
            [node("codeBlock", text("a\n"), text("  b"), language="sql")], "```sql\na\n  b\n```", id="code"
        ),
        pytest.param(
            [node("codeBlock", text("```\na\n```"))], "````\n```\na\n```\n````", id="code with a fence"
        ),
        pytest.param([node("expand", paragraph("a"), title="More")], "More\n\na", id="expand"),
        pytest.param([node("panel", paragraph("a"), panelType="info"), paragraph("b")], "a\n\nb", id="panel"),
        pytest.param([node("blockCard", url="https://a.example/")], "https://a.example/", id="card"),
        pytest.param(
            [node("mediaSingle", node("media", type="file", alt="a.png"), node("caption", text("A plan")))],
            "a.png\nA plan",
            id="picture with a caption",
        ),
        pytest.param(
            [node("mediaGroup", *[node("media", type="file", id="1")] * 2)],
            "📎 2 Files",
            id="files without a name",
        ),
        pytest.param([node("extension", parameters={"text": "a"})], "a", id="extension"),
        pytest.param([node("extension", extensionKey="toc")], "[extension]", id="extension without text"),
        pytest.param([node("novelty", text("a")), node("novelty", text("b"))], "a\n\nb", id="unknown blocks"),
        pytest.param([paragraph("a", node("novelty", text("b")), "c")], "abc", id="unknown within a line"),
    ],
)
def test_blocks(content: list[Any], expected: str) -> None:
    assert to_text(node("doc", *content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            [node("bulletList", item("a"), item("b")), paragraph("c")], "* a\n* b\n\nc", id="bullets"
        ),
        pytest.param(
            [node("orderedList", item("a"), item("b"), order=0)], "0. a\n1. b", id="numbers from zero"
        ),
        pytest.param([node("orderedList", item("a"), order=None)], "1. a", id="numbers from nowhere"),
        pytest.param([node("bulletList", item("a", "b"), item("c"))], "* a\n\n  b\n* c", id="two paragraphs"),
        pytest.param(
            [
                node(
                    "orderedList",
                    item("a", node("bulletList", item("b", node("codeBlock", text("c\nd"))))),
                    order=9,
                )
            ],
            "9. a\n   * b\n\n     ```\n     c\n     d\n     ```",
            id="nested",
        ),
        pytest.param(
            [node("bulletList", item(node("bulletList", item("a"))), item(), item("b"))],
            "* * a\n* b",
            id="empty items",
        ),
        pytest.param(
            [
                node(
                    "taskList",
                    node("taskItem", text("a"), state="DONE"),
                    node("taskList", node("taskItem", text("b"), state="TODO")),
                    node("taskItem", text("c")),
                )
            ],
            "[x] a\n  [] b\n[] c",
            id="tasks",
        ),
        pytest.param([node("decisionList", node("decisionItem", text("a")))], "<> a", id="decisions"),
    ],
)
def test_lists(content: list[Any], expected: str) -> None:
    assert to_text(node("doc", *content)) == expected


def test_a_row_of_a_table_is_a_line() -> None:
    cells = [
        paragraph("a", BREAK, "b"),
        node("bulletList", item("c"), item("d")),
        node("codeBlock", text("e\nf")),
    ]
    rows = [
        node("tableRow", node("tableHeader", paragraph("Name")), node("tableHeader"), node("tableHeader")),
        node("tableRow", *(node("tableCell", cell) for cell in cells)),
    ]
    quote = node("blockquote", node("table", *rows), paragraph("after"))
    assert to_text(quote) == "> | Name |  |  |\n> | a b | * c * d | ``` e f ``` |\n>\n> after"


@pytest.mark.parametrize(
    ("inline", "expected"),
    [
        (node("mention", id="5b", text="@Ann"), "@Ann"),
        (node("mention", id="5b"), "@unknown"),
        (node("emoji", shortName=":tada:", text="🎉"), "🎉"),
        (node("emoji", shortName=":acme:"), ":acme:"),
        (node("date", timestamp="1704067200000"), "2024-01-01"),
        (node("date", timestamp="-86400000"), "1969-12-31"),
        (node("date", timestamp="tomorrow"), "tomorrow"),
        (node("date", timestamp="9" * 30), "9" * 30),
        (node("status", text="Stable", color="green"), "[ Stable ]"),
        (node("inlineCard", url="https://a.example/"), "https://a.example/"),
        (node("inlineCard", data={"@id": "https://a.example/", "name": "A"}), "[A](https://a.example/)"),
        (node("mediaInline", alt="a.png"), "a.png"),
        (node("placeholder", text="Say more"), "Say more"),
        (node("inlineExtension", text="a"), "a"),
        (text("a", link("https://a.example/")), "[a](https://a.example/)"),
        (text("a@b.example", link("mailto:a@b.example")), "a@b.example"),
        (text("a", link("")), "a"),
    ],
)
def test_texts_that_are_not_in_text_nodes(inline: dict[str, Any], expected: str) -> None:
    assert to_text(paragraph("before ", inline, " after")) == f"before {expected} after"


def test_a_link_over_several_text_nodes_is_one_link() -> None:
    to_a, to_b = link("https://a.example/"), link("https://b.example/")
    words = [text("He", to_a), text("llo", STRONG, to_a), text("you", to_b)]
    assert to_text(paragraph(*words)) == "[Hello](https://a.example/)[you](https://b.example/)"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"type": "doc"}, ""),
        ({"type": "doc", "content": None}, ""),
        ({"type": "doc", "content": "a"}, "a"),
        ({"type": "doc", "content": paragraph("a")}, "a"),
        ({"type": "doc", "content": [None, 1, True, "a", [paragraph("b")]]}, "a\n\nb"),
        ({"type": ["doc"], "content": [text("a")]}, "a"),
        ({"type": "mention", "attrs": "nobody"}, "@unknown"),
        ({"type": "paragraph", "text": "a", "content": [text("b")]}, "ab"),
        ({"type": "text", "text": None, "marks": "strong", "content": [text("a", {"type": "link"})]}, "a"),
        ([paragraph("a"), paragraph("b")], "a\n\nb"),
    ],
)
def test_malformed_documents_keep_their_text(document: object, expected: str) -> None:
    assert to_text(document) == expected


def test_the_text_can_always_be_stored() -> None:
    assert to_text(paragraph("a\ud83d b\ude00 \ud83d", "\ude00", " \x00")) == "a\ufffd b\ufffd 😀 \x00"
    assert to_text("a\ud800") == "a\ufffd"


@pytest.mark.parametrize(
    "kind", ["bulletList", "listItem", "blockquote", "heading", "tableCell", "text", "novelty"]
)
def test_a_document_nested_10_000_deep_is_text_of_its_size(kind: str) -> None:
    document: Any = text("deepest")
    for _ in range(10_000):
        document = {"type": kind, "content": [text("a", link("b")), document]}
    result = to_text(document)
    assert result is not None
    assert result.count("[a](b)") + result.count("a") >= 10_000
    assert "deepest" in result
    assert len(result) < 2_000_000


@pytest.mark.parametrize("kind", ["bulletList", "listItem", "blockquote", "heading", "table", "novelty"])
def test_nesting_without_text_writes_little(kind: str) -> None:
    document: Any = text("deepest")
    for _ in range(10_000):
        document = {"type": kind, "content": [document]}
    result = to_text(document)
    assert result is not None
    assert result.endswith("deepest")
    assert len(result) < 100


def leaves(document: Any) -> Iterator[str]:
    """The texts of a document's text nodes, line by line."""
    if isinstance(document, dict):
        if document.get("type") == "text" and isinstance(document.get("text"), str):
            yield from filter(None, map(str.strip, document["text"].split("\n")))
        yield from leaves(document.get("content"))
    elif isinstance(document, list):
        for child in document:
            yield from leaves(child)


def assert_all_leaves_in_order(document: Any) -> None:
    result = to_text(document)
    assert result is not None
    position = 0
    for leaf in leaves(document):
        found = result.find(leaf, position)
        assert found >= 0, f"{leaf!r} is not in {result[position:]!r}"
        position = found + len(leaf)


KINDS = st.sampled_from([*BLOCKS, *INLINE, "text", "panel", "expand", "placeholder", "extension", "novelty"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "url", "href", "type", "order", "level", "data"]), children
        )
    ),
    max_leaves=5,
)
WORDS = st.text("ab \n`|#>*é😀", max_size=6)
MARKS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["link", "strong"]), "attrs": JSON}), max_size=2
)
TEXTS = st.fixed_dictionaries({"type": st.just("text"), "text": WORDS}, optional={"marks": MARKS | JSON})
DOCUMENTS = st.recursive(
    TEXTS,
    lambda children: st.fixed_dictionaries(
        {"type": KINDS, "content": st.lists(children, max_size=4)}, optional={"attrs": JSON, "text": JSON}
    ),
    max_leaves=20,
)
ANYTHING = st.recursive(
    JSON,
    lambda children: st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("type", "content", "attrs", "text", "marks"), children | KINDS)
    ),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_no_text_is_lost_or_out_of_order(document: dict[str, Any]) -> None:
    assert_all_leaves_in_order(document)


@given(ANYTHING)
def test_anything_gives_storable_text_or_nothing(value: Any) -> None:
    result = to_text(value)
    assert result is None or result.encode() is not None


# Where we write more than Atlassian's renderer for plain text does: Markdown, and the targets of links.
OFFICIAL_DIFFERENCES = {
    "should render text if URL is different from text": "[Atlassian](https://www.atlassian.com) is for TEAM",
    "should divide block elements with a new line": "foo\n\nbar",
    "should render heading level 1": "# heading",
    "should render heading level 3": "### heading",
    "should render heading level 5": "##### heading",
    "should ignore horizontal lines": "foo\n\n---\n\nbar",
    "should render content in the table": "| header | header |\n| cell | cell |",
}


def test_the_official_cases() -> None:
    for case in json.loads(shared("adf/official-text-cases.json").read_text())["cases"]:
        result = to_text(case["doc"])
        assert result is not None
        if case["match"] == "equal":
            assert result == OFFICIAL_DIFFERENCES.get(case["name"], case["expected"]), case["name"]
        else:
            assert case["expected"] in result, case["name"]


def test_the_official_documents_lose_no_text() -> None:
    for path in shared("adf/valid").glob("*.json"):
        assert_all_leaves_in_order(json.loads(path.read_text()))


def test_the_sample_of_the_official_serializer_loses_no_text() -> None:
    for case in json.loads(shared("adf/official-serializer-sample.json").read_text())["cases"]:
        assert_all_leaves_in_order(case["doc"])
