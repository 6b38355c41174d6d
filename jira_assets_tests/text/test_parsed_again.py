"""A parser of Markdown finds in our text what was in the document: its blocks, its marks and its links."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from jira_assets.text.adf import to_text
from jira_assets_tests.text.nodes import link, node, text

Node = dict[str, Any]
# What is in a document, by its blocks: a kind with what tells it from others, and what is below.
Outline = list[Any]
Character = tuple[str, frozenset[str]]

_MARKS = ("strong", "em", "strike", "code", "sub", "sup")
_TAGS = {"del": "strike"}
_TOKENS = {"s": "strike"}

# Texts without what somebody might mean as Markdown.
WORDS = st.text("abcé数 .:,()\"'", min_size=1, max_size=6).filter(lambda words: any(map(str.isalnum, words)))
MARKS = st.lists(st.sampled_from(_MARKS), max_size=3, unique=True)
HREFS = st.none() | st.sampled_from(["https://a.example/", "https://b.example/c_(d) e", "f|g"])


def _marked(words: str, kinds: list[str], href: str | None) -> Node:
    marks = [
        {"type": "subsup", "attrs": {"type": kind}} if kind in ("sub", "sup") else {"type": kind}
        for kind in kinds
    ]
    return text(words, *marks, *([link(href)] if href else []))


INLINE = st.lists(st.builds(_marked, WORDS | st.just(" "), MARKS, HREFS), min_size=1, max_size=5)
LINES = INLINE.map(
    lambda texts: [text("a"), *texts, text("b")]
)  # no line without words, nor one of marks only
PARAGRAPHS = st.builds(
    lambda lines: node("paragraph", *lines), LINES | INLINE.map(lambda t: [text("a."), *t])
)
CODE = st.builds(
    lambda code, language: node("codeBlock", text(code), language=language),
    st.text("ab `\n|*", min_size=1, max_size=12).filter(lambda code: code.strip("\n") == code),
    st.sampled_from(["sql", "c++"]),
)
SIMPLE = st.one_of(
    PARAGRAPHS,
    CODE,
    st.just({"type": "rule"}),
    st.builds(lambda lines, level: node("heading", *lines, level=level), LINES, st.integers(1, 6)),
)


def _lists(blocks: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    first_text = st.builds(
        lambda first, rest: node("listItem", first, *rest), PARAGRAPHS, st.lists(blocks, max_size=2)
    )
    items = st.lists(first_text | blocks.map(lambda block: node("listItem", block)), min_size=1, max_size=3)
    return st.builds(lambda items: node("bulletList", *items), items) | st.builds(
        lambda items, order: node("orderedList", *items, order=order), items, st.sampled_from([0, 1, 7])
    )


def _quotes(blocks: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.lists(blocks, min_size=1, max_size=3).map(lambda blocks: node("blockquote", *blocks))


TABLES = st.lists(
    st.lists(PARAGRAPHS, min_size=2, max_size=2).map(
        lambda row: node("tableRow", *(node("tableHeader", paragraph) for paragraph in row))
    ),
    min_size=1,
    max_size=3,
).map(lambda rows: node("table", *rows))
BLOCKS = st.recursive(SIMPLE | TABLES, lambda blocks: _lists(blocks) | _quotes(blocks), max_leaves=8)
DOCUMENTS = st.lists(BLOCKS, min_size=1, max_size=4).map(lambda blocks: node("doc", *blocks))


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_a_parser_finds_what_was_in_the_document(document: Node) -> None:
    result = to_text(document)
    assert result is not None
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    assert list(_found(SyntaxTreeNode(parser.parse(result)))) == list(_expected(document)), result


def _expected(block: Node) -> Iterator[Any]:
    for child in block["content"]:
        match child["type"]:
            case "paragraph":
                yield _characters(child)
            case "heading":
                yield (f"h{child['attrs']['level']}", _characters(child))
            case "codeBlock":
                yield ("code", child["attrs"]["language"], child["content"][0]["text"])
            case "rule":
                yield ("hr",)
            case "orderedList":
                yield ("ol", child["attrs"]["order"], *_expected(child))
            case "tableRow":
                yield [_characters(cell["content"][0]) for cell in child["content"]]
            case kind:
                yield (_NAMES[kind], *_expected(child))


_NAMES = {"bulletList": "ul", "listItem": "li", "blockquote": "quote", "table": "table"}


def _characters(block: Node) -> list[Character]:
    """The text without blanks, each character with its marks."""
    characters: list[Character] = []
    for child in block["content"]:
        marks = frozenset(_name(mark) for mark in child["marks"])
        characters += [(character, marks) for character in child["text"] if not character.isspace()]
    return characters


def _name(mark: Node) -> str:
    attributes = mark.get("attrs", {})
    return str(attributes.get("href") or attributes.get("type") or mark["type"])


def _found(tree: SyntaxTreeNode) -> Iterator[Any]:
    for child in tree.children:
        match child.type:
            case "paragraph":
                yield _shown(child)
            case "heading":
                yield (child.tag, _shown(child))
            case "fence":
                yield ("code", child.info, child.content.removesuffix("\n"))
            case "hr":
                yield ("hr",)
            case "bullet_list" | "list_item" | "blockquote":
                yield (
                    {"bullet_list": "ul", "list_item": "li", "blockquote": "quote"}[child.type],
                    *_found(child),
                )
            case "ordered_list":
                yield ("ol", child.attrs.get("start", 1), *_found(child))
            case "table":
                rows = (row for part in child.children for row in part.children)
                yield ("table", *([_shown(cell) for cell in row.children] for row in rows))
            case kind:
                raise AssertionError(kind)


def _shown(block: SyntaxTreeNode) -> list[Character]:
    characters: list[Character] = []
    tags: list[str] = []

    def walk(tree: SyntaxTreeNode, marks: frozenset[str]) -> None:
        for child in tree.children:
            if child.type == "html_inline":
                name = child.content.strip("</>")
                tags.remove(name) if child.content.startswith("</") else tags.append(name)
            elif child.type in ("text", "code_inline"):
                own = {"code"} if child.type == "code_inline" else set()
                found = marks | own | {_TAGS.get(tag, tag) for tag in tags}
                characters.extend(
                    (character, found) for character in child.content if not character.isspace()
                )
            elif child.type == "link":
                walk(child, marks | {str(child.attrs["href"]).replace("%20", " ").replace("%7C", "|")})
            else:
                walk(
                    child,
                    marks | ({_TOKENS.get(child.type, child.type)} if child.type != "inline" else set()),
                )

    walk(block, frozenset())
    return characters
