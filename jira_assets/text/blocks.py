"""The nodes that shape lines: each begins in the context, and returns what ends it after its content."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, repeat
from typing import TypeAlias

from jira_assets.text.inline import Attributes, Node, attributes_of, card, children_of, first_string, media
from jira_assets.text.lines import Lines

End: TypeAlias = Callable[[], None]

_LARGEST_LIST_NUMBER = 999_999_999  # of Markdown


class Context:
    """Where in a document the walk is."""

    __slots__ = ("bullets", "in_item", "in_line", "lines")

    def __init__(self) -> None:
        self.lines = Lines()
        self.bullets: Iterator[str] | None = None  # markers of the items to come, directly in a list
        self.in_item = False
        self.in_line = False  # in a block that holds text and no blocks

    def end_block(self) -> None:
        """End a block that neither indents nor numbers anything."""
        self.in_line = False
        self.lines.end(1)


def _block(context: Context, _node: Node) -> End:
    context.lines.end(2)
    return context.end_block


def _text_block(context: Context, _node: Node) -> End:
    context.lines.end(2)
    context.in_line = True
    return context.end_block


def _caption(context: Context, _node: Node) -> End:
    context.lines.end(1)
    context.in_line = True
    return context.end_block


def _hard_break(context: Context, _node: Node) -> End:
    return context.lines.hard_break


def _rule(context: Context, _node: Node) -> End:
    context.lines.end(2)
    context.lines.write("---")
    return context.end_block


def _code_block(context: Context, node: Node) -> End:
    runs = [run for text in children_of(node) for run in re.findall("`{3,}", first_string(text, "text"))]
    fence = "`" * (max(map(len, runs), default=2) + 1)
    lines = context.lines
    lines.end(2)
    lines.write(fence + first_string(attributes_of(node), "language"))
    lines.end(1)
    context.in_line = True

    def end() -> None:
        lines.end(1)
        lines.write(fence)
        context.end_block()

    return end


def _indented(
    context: Context, marker: str, indentation: str, gap: int, bullets: Iterator[str] | None, in_item: bool
) -> End:
    before = (context.bullets, context.in_item, context.in_line)
    context.lines.end(gap)
    outside = context.lines.open(marker, indentation)
    context.bullets, context.in_item, context.in_line = bullets, in_item, False

    def end() -> None:
        context.lines.close(outside)
        context.lines.end(1)
        context.bullets, context.in_item, context.in_line = before

    return end


def _heading(context: Context, node: Node) -> End:
    level = attributes_of(node).get("level")
    marker = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " "
    end = _indented(context, marker, "", 2, context.bullets, context.in_item)
    context.in_line = True
    return end


def _quote(context: Context, _node: Node) -> End:
    return _indented(context, "> ", "> ", gap=2, bullets=None, in_item=False)


def _list(context: Context, bullets: Iterator[str]) -> End:
    # A list of tasks in another is directly in it: there is no item between them that would indent it.
    nested = context.bullets is not None
    indentation = "  " if nested else ""
    gap = 1 if nested or context.in_item else 2
    return _indented(context, indentation, indentation, gap, bullets, in_item=False)


def _bullet_list(context: Context, _node: Node) -> End:
    return _list(context, repeat("* "))


def _ordered_list(context: Context, node: Node) -> End:
    order = attributes_of(node).get("order")
    first = order if isinstance(order, int) and 0 <= order <= _LARGEST_LIST_NUMBER else 1
    return _list(context, (f"{number}. " for number in count(first)))


def _list_item(context: Context, _node: Node) -> End:
    marker = next(context.bullets) if context.bullets else "* "
    return _indented(context, marker, " " * len(marker), gap=1, bullets=None, in_item=True)


def _marked_line(context: Context, marker: str) -> End:
    end = _indented(context, marker, "  ", gap=1, bullets=None, in_item=True)
    context.in_line = True
    return end


def _task_item(context: Context, node: Node) -> End:
    return _marked_line(context, "[x] " if attributes_of(node).get("state") == "DONE" else "[] ")


def _decision_item(context: Context, _node: Node) -> End:
    return _marked_line(context, "<> ")


def _table_row(context: Context, _node: Node) -> End:
    context.lines.end(1)
    context.lines.write("|")
    return context.end_block


def _table_cell(context: Context, _node: Node) -> End:
    return partial(context.lines.close_cell, context.lines.open_cell())


def _attribute_block(text: Callable[[Attributes], str], context: Context, node: Node) -> End:
    """A block whose text is in its attributes, below which there may be more."""
    context.lines.end(1)
    context.lines.write(text(attributes_of(node)))
    context.lines.end(1)
    return context.end_block


def _media_parent(placeholder: Callable[[int], str], context: Context, node: Node) -> End:
    """Files without a name get a placeholder, so that a reader knows that there is something to see."""
    context.lines.end(2)
    files = [attributes_of(child) for child in children_of(node) if child.get("type") == "media"]
    nameless = sum(attributes.get("type") != "link" and not media(attributes) for attributes in files)
    if nameless:
        context.lines.write(placeholder(nameless))
        context.lines.end(1)
    return context.end_block


def other_block(context: Context, node: Node) -> End:
    """Whatever has no rendering of its own: panels, expands, layouts, extensions, unknown nodes.

    The texts of its attributes come first. If it has no text and no content, its name takes their place.
    """
    in_line, lines = context.in_line, context.lines
    if not in_line:
        lines.end(2)
    attributes, name = attributes_of(node), node.get("type")
    candidates = ("text", "title", "description", "url", "parameters")
    texts = dict.fromkeys(text for key in candidates if (text := first_string(attributes, key)))
    if texts:
        lines.write(" ".join(texts))
    elif isinstance(name, str) and name and not node.get("content") and not node.get("text"):
        lines.write(f"[{name}]")
    if in_line:
        return lambda: None
    lines.end(1)
    return context.end_block


BLOCKS: dict[str, Callable[[Context, Node], End]] = {
    "blockCard": partial(_attribute_block, card),
    "blockTaskItem": _task_item,
    "blockquote": _quote,
    "bulletList": _bullet_list,
    "caption": _caption,
    "codeBlock": _code_block,
    "decisionItem": _decision_item,
    "decisionList": _bullet_list,
    "doc": _block,
    "embedCard": partial(_attribute_block, card),
    "hardBreak": _hard_break,
    "heading": _heading,
    "listItem": _list_item,
    "media": partial(_attribute_block, media),
    "mediaGroup": partial(_media_parent, lambda files: f"📎 {files} File{'s' if files > 1 else ''}"),
    "mediaSingle": partial(_media_parent, lambda _files: "[media]"),
    "orderedList": _ordered_list,
    "paragraph": _text_block,
    "rule": _rule,
    "table": _block,
    "tableCell": _table_cell,
    "tableHeader": _table_cell,
    "tableRow": _table_row,
    "taskItem": _task_item,
    "taskList": _bullet_list,
}
