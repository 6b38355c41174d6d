"""Whatever Jira sends in place of a document becomes text, and every word of it is kept."""

from typing import Any

import pytest

from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering
from jira_assets_tests.text.nodes import link, markdown, node, paragraph, plain, text


@pytest.mark.parametrize("rendering", Rendering)
def test_what_is_not_a_document_passes_through(rendering: Rendering) -> None:
    wiki = "h1. Title\r\n\r\n{code}a  b{code} https://a.example/?token=1 \x00 "
    assert to_text(wiki, rendering) is wiki
    assert to_text(None, rendering) is None
    assert to_text(42, rendering) is None
    assert to_text({}, rendering) == ""


@pytest.mark.parametrize(
    ("inline", "expected"),
    [
        (node("mention", id="5b", text="@Ann"), "@Ann"),
        (node("mention", id="5b"), "@5b"),
        (node("mention"), "@unknown"),
        (node("emoji", shortName=":tada:", text="🎉"), "🎉"),
        (node("emoji", shortName=":acme:"), ":acme:"),
        (node("date", timestamp="1704067200000"), "2024-01-01"),
        (node("date", timestamp="-86400000"), "1969-12-31"),
        (node("date", timestamp=1704067200000.0), "2024-01-01"),
        (node("date", timestamp="tomorrow"), "tomorrow"),
        (node("date", timestamp="9" * 30), "9" * 30),
        (node("status", text="DONE", color="green"), "[ DONE ]"),
        (node("inlineCard", url="https://a.example/"), "https://a.example/"),
        (node("inlineCard", data={"url": "https://a.example/"}), "https://a.example/"),
        (node("inlineCard", data={}), "[inlineCard]"),
        (node("mediaInline", id="5b"), "[mediaInline]"),
        (node("placeholder", text="Say more"), "Say more"),
        (node("inlineExtension", text="a"), "a"),
        (node("inlineExtension", parameters={"macroParams": {"title": {"value": "a"}, "id": "b"}}), "a"),
        (node("novelty", text("a")), "a"),
        (text("a@b.example", link("mailto:a@b.example")), "a@b.example"),
        (text("https://a.example/", link("https://a.example/")), "https://a.example/"),
        (text("a", link("")), "a"),
    ],
)
def test_texts_that_are_not_in_text_nodes(inline: dict[str, Any], expected: str) -> None:
    assert markdown(paragraph("before ", inline, " after")) == f"before {expected} after"
    assert plain(paragraph("before ", inline, " after")) == f"before {expected} after"


@pytest.mark.parametrize(
    ("inline", "expected"),
    [
        (["see", node("inlineCard", url="https://a.example/b"), "there"], "see https://a.example/b there"),
        (["(", node("inlineCard", url="https://a.example/b"), ")."], "(https://a.example/b)."),
        ([node("mention", text="@Ann"), "'s"], "@Ann's"),
        ([node("mention", text="@Ann"), node("date", timestamp="0"), node("status", text="A")],
         "@Ann 1970-01-01 [ A ]"),
        (["a", node("emoji", shortName=":b:", text="🎉"), "c"], "a🎉c"),
        (["a", node("hardBreak"), node("mention", text="@Ann"), node("hardBreak"), "c"], "a\n@Ann\nc"),
    ],
)  # fmt: skip
def test_an_object_in_a_line_is_no_part_of_the_words_next_to_it(inline: list[Any], expected: str) -> None:
    assert plain(paragraph(*inline)) == expected
    assert markdown(paragraph(*inline)).replace("  \n", "\n") == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (node("blockCard", url="https://a.example/"), "https://a.example/"),
        (node("blockCard", datasource={"id": "1", "parameters": {"jql": "project = A"}}), "project = A"),
        (node("extension", parameters={"text": "a"}), "a"),
        (node("extension", text="a", parameters={"title": "b", "items": [{"label": "c"}]}), "a b c"),
        (node("extension"), "[extension]"),
        (node("syncBlock", resourceId="1"), "[syncBlock]"),
        (node("applicationCard", title={"text": "a"}, text="b", link={"url": "https://a.example/"}),
         "a b https://a.example/"),
        (node("mediaSingle", node("media", type="file", id="1")), "[media]"),
        (node("mediaGroup", *[node("media", type="file", id="1")] * 2), "📎 2 Files"),
    ],
)  # fmt: skip
def test_blocks_without_text_nodes(block: dict[str, Any], expected: str) -> None:
    assert markdown(block) == expected
    assert plain(block) == expected


@pytest.mark.parametrize("rendering", Rendering)
@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"type": "doc"}, ""),
        ({"type": "doc", "content": None}, ""),
        ({"type": "doc", "content": "a"}, "a"),
        ({"type": "doc", "content": paragraph("a")}, "a"),
        ({"type": "doc", "content": [None, 1, True, "a", [paragraph("b")]]}, "a b"),
        ({"type": ["doc"], "content": [text("a")]}, "a"),
        ({"type": "mention", "attrs": "nobody"}, "@unknown"),
        ({"type": "paragraph", "text": "a", "content": [text("b")]}, "ab"),
        ({"type": "text", "text": None, "marks": "strong", "content": [text("a", {"type": "link"})]}, "a"),
        ({"type": "text", "text": text("a"), "marks": [None, "strong", {"type": ["em"]}]}, "a"),
        ({"type": "text", "text": 42}, "42"),
        ({"type": "heading", "attrs": None, "content": [text("a"), {"type": "rule", "content": "b"}]}, "a b"),
        ([paragraph("a"), paragraph("b")], "a b"),
    ],
)
def test_malformed_documents_keep_their_text(rendering: Rendering, document: object, expected: str) -> None:
    result = to_text(document, rendering)
    assert result is not None
    assert " ".join(result.strip("# ").split()).replace(" --- ", " ") == expected


@pytest.mark.parametrize("rendering", Rendering)
def test_the_text_can_always_be_stored(rendering: Rendering) -> None:
    halves = paragraph("a\ud83d b\ude00 \ud83d", "\ude00", " \x00")
    assert to_text(halves, rendering) == "a\ufffd b\ufffd 😀 \x00"
    assert to_text("a\ud800", rendering) == "a\ufffd"


@pytest.mark.parametrize("rendering", Rendering)
@pytest.mark.parametrize(
    "kinds",
    [
        ("bulletList", "listItem", "blockquote", "taskList", "taskItem", "panel", "expand"),
        (
            "heading",
            "table",
            "tableRow",
            "tableCell",
            "codeBlock",
            "mediaSingle",
            "caption",
            "text",
            "novelty",
        ),
    ],
)
def test_a_document_nested_10_000_deep_is_text_of_its_size(
    kinds: tuple[str, ...], rendering: Rendering
) -> None:
    attributes = {"title": "b", "panelType": "info", "rowspan": 9, "colspan": 9}
    document: Any = text("deepest")
    for number in range(10_000):
        kind = kinds[number % len(kinds)]
        document = {"type": kind, "attrs": attributes, "content": [text("a", link("b")), document]}
    result = to_text(document, rendering)
    assert result is not None
    assert result.count("a") >= 10_000
    assert "deepest" in result
    assert len(result) < 3_000_000


@pytest.mark.parametrize("rendering", Rendering)
def test_nesting_without_text_writes_little(rendering: Rendering) -> None:
    for kind in ("bulletList", "listItem", "blockquote", "heading", "table", "panel"):
        document: Any = text("deepest")
        for _ in range(10_000):
            document = {"type": kind, "attrs": {"panelType": "info"}, "content": [document]}
        result = to_text(document, rendering)
        assert result is not None
        assert result.endswith("deepest")
        assert len(result) < 200


@pytest.mark.parametrize("rendering", Rendering)
def test_a_document_nested_100_000_deep_is_read(rendering: Rendering) -> None:
    document: Any = text("deepest")
    for _ in range(50_000):
        document = {"type": "listItem", "content": [{"type": "novelty", "content": document}]}
    assert to_text(document, rendering) == "* " * 32 + "deepest"


@pytest.mark.parametrize("rendering", Rendering)
def test_a_document_of_many_nodes_is_read_in_one_pass(rendering: Rendering) -> None:
    class Counting(dict[str, Any]):
        visits = 0

        def get(self, key: Any, default: Any = None) -> Any:
            Counting.visits += key == "type"
            return super().get(key, default)

    words = [Counting(text(f"{n} ", link("b"), {"type": "strong"})) for n in range(20_000)]
    to_text(node("doc", *(paragraph(*words[n : n + 100]) for n in range(0, 20_000, 100))), rendering)
    assert Counting.visits == 20_000
