"""Atlassian Document Format to readable text: the walk over a document.

The format: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. What Jira sends
does not always follow it (nodes of apps, of other products, of old editors), so nothing here relies on it.
"""

from collections.abc import Callable
from typing import TypeAlias

from jira_assets.text import markdown, plain
from jira_assets.text.blocks import other, text_of_other
from jira_assets.text.context import Begin, Context, Inline, Names
from jira_assets.text.files import text_in_line
from jira_assets.text.media import Files
from jira_assets.text.nodes import Node, attributes_of, string
from jira_assets.text.redaction import ends_in_secret, redacted, without_secret_at_start
from jira_assets.text.rendering import Rendering

Write: TypeAlias = Callable[[object], str | None]
"""Writes a rich text value as `to_text` does, for those who need not know how."""


def to_text(
    value: object,
    rendering: Rendering = Rendering.MARKDOWN,
    files: Files | None = None,
    names: Names | None = None,
) -> str | None:
    """The text of a rich text value of Jira: a document (REST v3), wiki markup (v2), or None.

    A document becomes GitHub-flavoured Markdown, or text without marks. Every text of the document is in it,
    in order, save for blanks at the ends. Texts are not escaped, because people search for them: what
    somebody typed as ``*this*``, or as the beginning of a heading, may read as a mark. In Markdown, a bar in
    a cell of a table and what would begin a fence, HTML or the definition of a link get a backslash, for what
    is after it would be lost. Secrets in URLs become ``REDACTED``; a link to ``javascript:…`` loses its
    target. ``files`` tells the attachments that media nodes stand for; without it they are shown by their
    names. ``names`` tells whom a mention without a name is of.

    A string is returned as it is, and what is neither gives None. Never raises, whatever the document looks
    like, and takes time in proportion to its size. The result can always be encoded as UTF-8: unpaired
    surrogates, which Polars refuses, become U+FFFD. NUL characters are kept: Polars, DuckDB and Parquet store
    and compare them like any other.
    """
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, dict | list):
        words = plain if rendering == Rendering.PLAIN else markdown
        context = Context(markdown=words is markdown, files=files, names=names)
        _walk(value, context, words.BLOCKS, words.INLINE)
        return _encodable(str(context.lines).strip())
    return None


_APART = object()  # on the stack: what follows is no part of the word before it


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _walk(document: object, context: Context, blocks: dict[str, Begin], inline: dict[str, Inline]) -> None:
    """One pass in reading order, on a stack of its own: documents may be deeper than Python recurses."""
    stack = [document]  # nodes to visit and ends to call, the next one last
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            kind = item.get("type")
            if kind == "text":
                _visit_text(item, context, stack)
            elif isinstance(kind, str) and kind in inline:
                # An emoji is a character of the text around it; the others look like objects within it.
                write = context.write if kind == "emoji" else context.write_apart
                write(inline[kind](context, attributes_of(item)), item.get("marks"))
                _visit_below(item, stack)
                context.in_secret = False
            elif kind == "mediaInline" or (
                context.in_line and not (isinstance(kind, str) and kind in blocks)
            ):
                text = text_in_line(context, item) if kind == "mediaInline" else text_of_other(context, item)
                _visit_apart(text, item, context, stack)
            else:
                context.end_marks()
                context.in_secret = False
                stack.append(blocks.get(kind if isinstance(kind, str) else "", other)(context, item))
                _visit_below(item, stack)
        elif item is _APART:
            context.set_apart()
        elif callable(item):
            context.end_marks()
            context.in_secret = False
            item()
        elif isinstance(item, list):
            stack.extend(item[::-1])
        elif isinstance(item, str):
            context.write(redacted(item))
    context.end_marks()


def _is_in(blocks: dict[str, Begin], kind: object) -> bool:
    return isinstance(kind, str) and kind in blocks


def _visit_apart(text: str, node: Node, context: Context, stack: list[object]) -> None:
    """A node within a line that neither joins the word before it nor the one after it."""
    context.set_apart()
    context.write_apart(text, node.get("marks"))
    context.in_secret = False
    stack.append(_APART)
    _visit_below(node, stack)


def _visit_text(node: Node, context: Context, stack: list[object]) -> None:
    if "content" in node:
        stack.append(node["content"])
    text = node.get("text")
    if isinstance(text, str):
        shown = redacted(text)
        if context.in_secret:
            shown = without_secret_at_start(shown)
        context.in_secret = (shown is not text or text[-1:] == "=") and ends_in_secret(text, shown)
        context.write(shown, node.get("marks"))
    elif isinstance(text, dict | list):
        stack.append(text or "")
    else:
        context.write(string(text), node.get("marks"))


def _visit_below(node: Node, stack: list[object]) -> None:
    content = node.get("content")
    if isinstance(content, list):
        stack.extend(content[::-1])
    elif content:
        stack.append(content)
    if "text" in node and isinstance(text := node["text"], str | dict | list):
        stack.append(text)
