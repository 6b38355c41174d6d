"""Atlassian Document Format to readable text: the walk over a document.

The format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. What Jira sends
does not always follow it (nodes of apps, of other products, of old editors), so nothing here relies on it.
"""

from jira_assets.text.blocks import BLOCKS, Context, other_block
from jira_assets.text.inline import INLINE, Node, attributes_of, link, link_target


def to_text(value: object) -> str | None:
    """The text of a rich text value of Jira: a document (REST v3), wiki markup (v2), or None.

    A document becomes plain text in the manner of Markdown: blocks, lists, code, tables and links are
    written as Markdown writes them; bold and the like are left out. Every text of the document is in it, in
    order, save for blanks at the ends. A string is returned as it is, and what is neither gives None.
    Never raises, whatever the document looks like, and takes time in proportion to its size.

    The result can always be encoded as UTF-8: unpaired surrogates, which Polars refuses, become U+FFFD. NUL
    characters are kept: Polars, DuckDB and Parquet store and compare them like any other.
    """
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, dict | list):
        return _encodable(_Walk().text_of(value).strip())
    return None


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class _Walk:
    """One pass in reading order, on a stack of its own: documents may be deeper than Python recurses."""

    __slots__ = ("_context", "_href", "_label", "_stack")

    def __init__(self) -> None:
        self._context = Context()
        self._stack: list[object] = []  # nodes to visit and ends to call, the next one last
        self._href: str | None = None
        self._label: list[str] = []  # the text of the link to _href

    def text_of(self, document: object) -> str:
        stack = self._stack
        stack.append(document)
        while stack:
            item = stack.pop()
            if isinstance(item, dict) and item.get("type") == "text":
                self._visit_text(item)
            elif isinstance(item, list):
                stack.extend(reversed(item))
            else:
                self._end_link()
                if isinstance(item, dict):
                    self._visit(item)
                elif isinstance(item, str):
                    self._context.lines.write(item)
                elif callable(item):
                    item()
        self._end_link()
        return str(self._context.lines)

    def _visit_text(self, node: Node) -> None:
        text = node.get("text")
        if isinstance(text, str):
            marks = node.get("marks")
            href = link_target(marks) if marks else None
            if href != self._href:
                self._end_link()
                self._href = href
            if href is None:
                self._context.lines.write(text)
            else:
                self._label.append(text)
        if content := node.get("content"):
            self._stack.append(content)

    def _end_link(self) -> None:
        # A link whose text is partly bold is several text nodes: it is written once, when it is over.
        if self._href is not None:
            self._context.lines.write(link("".join(self._label), self._href))
            self._href = None
            self._label = []

    def _visit(self, node: Node) -> None:
        kind = node.get("type")
        if not isinstance(kind, str):
            kind = ""
        if kind in INLINE:
            self._context.lines.write(INLINE[kind](attributes_of(node)))
        else:
            self._stack.append(BLOCKS.get(kind, other_block)(self._context, node))
        if content := node.get("content"):
            self._stack.append(content)
        if isinstance(text := node.get("text"), str):
            self._stack.append(text)
