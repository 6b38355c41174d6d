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
_COLOUR = {"type": "textColor", "attrs": {"color": "#97a0af"}}
# What begins blocks that would hide what is below, and pieces of lines that are put together from several.
_OPENERS = st.sampled_from(
    [
        "```",
        "```sql",
        "~~~ a",
        "<!-- a",
        "<script>",
        "<pre>a",
        "<?a",
        "<!A",
        "<![CDATA[a",
        "<div>",
        "</b>",
        "[a]: b",
        "[a",
    ]
)

# Texts without what somebody might mean as Markdown.
WORDS = st.text("abcé数 .:,()!\"'", min_size=1, max_size=6).filter(lambda words: any(map(str.isalnum, words)))
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
MENTIONS = st.just(node("mention", id="5b"))
BREAKS = st.sampled_from([text("\n"), text("\n  "), text("\r\n"), {"type": "hardBreak"}])


@st.composite
def _opened(draw: st.DrawFn) -> list[Node]:
    """A line that would open a block, and others after it, or before it, too."""
    opener = draw(_OPENERS)
    place = draw(st.integers(0, len(opener) - 1))
    blanks = draw(st.sampled_from(["", " ", "   ", "\t"]))
    opening = [text(blanks + opener[:place]), text(opener[place:], _COLOUR)]
    before = [*draw(LINES), draw(BREAKS)] if draw(st.booleans()) else []
    after = [draw(BREAKS), *draw(LINES)] if draw(st.booleans()) else []
    return [*before, *opening, *after]


USUAL = (
    LINES
    | INLINE.map(lambda texts: [text("a."), *texts])
    | st.tuples(LINES, MENTIONS, LINES).map(lambda parts: [*parts[0], parts[1], *parts[2]])
)
PARAGRAPHS = (USUAL | _opened()).map(lambda lines: node("paragraph", *lines))
EMPTY = st.sampled_from([node("listItem"), node("listItem", node("paragraph"))])
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
    of_blocks = blocks.map(lambda block: node("listItem", block))
    items = st.lists(first_text | of_blocks | EMPTY, min_size=1, max_size=4)
    return st.builds(lambda items: node("bulletList", *items), items) | st.builds(
        lambda items, order: node("orderedList", *items, order=order), items, st.sampled_from([0, 1, 7])
    )


def _quotes(blocks: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.lists(blocks, min_size=1, max_size=3).map(lambda blocks: node("blockquote", *blocks))


SPANS = st.fixed_dictionaries({}, optional={"colspan": st.integers(1, 3), "rowspan": st.integers(1, 3)})


def _rows(kind: str, least: int) -> st.SearchStrategy[Node]:
    cells = st.builds(lambda lines, spans: node(kind, node("paragraph", *lines), **spans), USUAL, SPANS)
    return st.lists(cells, min_size=least, max_size=3).map(lambda cells: node("tableRow", *cells))


TABLES = st.builds(
    lambda first, rows: node("table", first, *rows),
    _rows("tableHeader", 1) | _rows("tableCell", 1),
    st.lists(_rows("tableCell", 0), max_size=4),
)
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
                if characters := _characters(child):
                    yield characters
            case "heading":
                yield (f"h{child['attrs']['level']}", _characters(child))
            case "codeBlock":
                yield ("code", child["attrs"]["language"], child["content"][0]["text"])
            case "rule":
                yield ("hr",)
            case "orderedList" | "bulletList":
                yield from _list(child)
            case "table":
                yield ("table", *_grid(child))
            case kind:
                if below := list(_expected(child)):
                    yield (_NAMES[kind], *below)


def _list(block: Node) -> Iterator[Any]:
    """Items without anything in them are left out, and keep their numbers."""
    items = [list(_expected(item)) for item in block["content"]]
    shown = [("li", *item) for item in items if item]
    if shown and block["type"] == "orderedList":
        yield ("ol", block["attrs"]["order"] + items.index(next(filter(None, items))), *shown)
    elif shown:
        yield ("ul", *shown)


def _grid(block: Node) -> list[list[list[Character]]]:
    """The cells, each in the first of its columns and rows, below an empty header where there is none."""
    cells: dict[tuple[int, int], list[Character]] = {}
    first = block["content"][0]["content"][0]["type"]
    rows = 0 if first == "tableHeader" else 1
    reaching: dict[int, int] = {}  # rows below that a cell still reaches into, by column
    for row in block["content"]:
        below, column = {place: left - 1 for place, left in reaching.items() if left > 1}, 0
        for cell in row["content"]:
            while reaching.get(column):
                column += 1
            cells[rows, column] = _characters(cell["content"][0])
            for place in range(column, column + cell["attrs"].get("colspan", 1)):
                cells.setdefault((rows, place), [])
                if cell["attrs"].get("rowspan", 1) > 1:
                    below[place] = cell["attrs"]["rowspan"] - 1
            column += cell["attrs"].get("colspan", 1)
        cells |= {(rows, place): cells.get((rows, place), []) for place in reaching}
        rows += bool(row["content"] or reaching)
        reaching = below
    width = max(column for _, column in cells) + 1
    return [[cells.get((row, column), []) for column in range(width)] for row in range(rows)]


_NAMES = {"blockquote": "quote"}


def _characters(block: Node) -> list[Character]:
    """The text without blanks, each character with its marks."""
    characters: list[Character] = []
    for child in block["content"]:
        marks = frozenset(_name(mark) for mark in child.get("marks", ()) if mark != _COLOUR)
        shown = f"@{child['attrs']['id']}" if child["type"] == "mention" else child.get("text", "")
        characters += [(character, marks) for character in shown if not character.isspace()]
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
