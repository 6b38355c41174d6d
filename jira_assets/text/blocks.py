"""Nodes that shape lines, in both renderings: each begins, and returns what ends it after its content."""

from collections.abc import Callable, Iterator
from itertools import count, repeat

from jira_assets.text.context import Context, End
from jira_assets.text.inline import card, macro_name, texts_of
from jira_assets.text.nodes import Attributes, Node, attributes_of, children_of, first_string, number

_LARGEST_LIST_NUMBER = 999_999_999  # of Markdown


def nothing() -> None:
    """The end of a node that has none."""


def block(context: Context, _node: Node) -> End:
    """A block of blocks."""
    context.lines.end(2)
    return context.end_block


def text_block(context: Context, _node: Node) -> End:
    """A block of text."""
    context.lines.end(2)
    context.in_line = True
    return context.end_block


def hard_break(context: Context, _node: Node) -> End:
    """The end of a line within a block."""
    if context.lines.verbatim:
        context.lines.write("\n")
    else:
        context.lines.hard_break()
    return nothing


def caption(context: Context, _node: Node) -> End:
    """What is written below a picture."""
    context.lines.continue_below()
    context.in_line = True
    inherited, context.inherited = context.inherited, frozenset()

    def end() -> None:
        context.inherited = inherited
        context.end_block()

    return end


def indented(
    context: Context, marker: str, indentation: str, gap: int, bullets: Iterator[str] | None, in_item: bool
) -> End:
    """A block whose first line begins with ``marker``, and whose other lines with ``indentation``."""
    before = (context.bullets, context.in_item, context.in_line)
    context.lines.end(gap)
    outside = context.lines.open(marker, indentation)
    context.bullets, context.in_item, context.in_line = bullets, in_item, False

    def end() -> None:
        context.lines.close(outside)
        context.lines.end(1)
        context.bullets, context.in_item, context.in_line = before

    return end


def quote(context: Context, _node: Node) -> End:
    """What somebody else said."""
    return indented(context, "> ", "> ", gap=2, bullets=None, in_item=False)


def _list(context: Context, signs: str, markers: Callable[[str], Iterator[str]], gap: int) -> End:
    """A list. If another one ends just above, it gets the second sign, or Markdown would make them one."""
    lines, sign = context.lines, signs[0]
    if context.last_list == (lines.position, lines.prefix, sign):
        sign = signs[-1]
    # A list of tasks in another is directly in it: there is no item between them that would indent it.
    nested, list_start = context.bullets is not None, context.list_start
    indentation = "  " if nested and lines.position > list_start else ""
    end = indented(context, indentation, indentation, 1 if nested else gap, markers(sign), in_item=False)
    start = context.list_start = lines.position

    def end_list() -> None:
        end()
        context.list_start = list_start
        if lines.position > start:  # or the one above is still just above
            context.last_list = (lines.position, lines.prefix, sign)

    return end_list


def _gap(context: Context) -> int:
    return 1 if context.in_item else 2


def bullet_list(context: Context, _node: Node) -> End:
    """A list without numbers; also one of decisions."""
    return _list(context, "*+" if context.markdown else "*", lambda sign: repeat(f"{sign} "), _gap(context))


def task_list(context: Context, _node: Node) -> End:
    """A list of tasks."""
    return _list(context, "-+" if context.markdown else "-", lambda sign: repeat(f"{sign} "), _gap(context))


def ordered_list(context: Context, node: Node) -> End:
    """A list with numbers, from whichever it begins with."""
    first = number(attributes_of(node).get("order"), 0, _LARGEST_LIST_NUMBER, default=1)
    first = min(first, _LARGEST_LIST_NUMBER - len(children_of(node)))
    # In Markdown, only a list from 1 may follow a text without a blank line between them.
    gap = _gap(context) if first == 1 else 2
    signs = ".)" if context.markdown else "."
    return _list(context, signs, lambda sign: (f"{place}{sign} " for place in count(first)), gap)


def list_item(context: Context, _node: Node) -> End:
    """An item of a list, or of none."""
    marker = next(context.bullets) if context.bullets else "* "
    if marker[:1].isdigit() and context.lines.position == context.list_start and marker[:-2] != "1":
        context.lines.end(2)  # the items before it are empty, and left out: see ordered_list
    return item(context, marker, "")


def item(context: Context, marker: str, state: str) -> End:
    """An item, whose text comes after its ``state``."""
    return indented(context, marker + state, " " * len(marker), gap=1, bullets=None, in_item=True)


def text_item(context: Context, marker: str, state: str) -> End:
    """An item of text."""
    end = item(context, marker, state)
    context.in_line = True
    return end


def is_done(node: Node) -> bool:
    """Whether a task is done."""
    return attributes_of(node).get("state") == "DONE"


def card_block(write: Callable[[str, str], str], context: Context, node: Node) -> End:
    """A smart link on a line of its own."""
    context.lines.end(2)
    context.write(write(*card(attributes_of(node))) or f"[{node['type']}]")
    context.lines.end(1)
    return context.end_block


def card_text(write: Callable[[str, str], str], _context: Context, attributes: Attributes) -> str:
    """A smart link within a line."""
    return write(*card(attributes)) or "[inlineCard]"


def other(context: Context, node: Node) -> End:
    """Whatever has no rendering of its own: layouts, extensions, unknown nodes.

    The texts of its attributes come first.
    """
    context.lines.end(2)
    context.write(text_of_other(context, node))
    context.lines.end(1)
    return context.end_block


def text_of_other(context: Context, node: Node) -> str:
    """The texts of the attributes of such a node, after its name if that is needed to know what it is: that
    of the macro, which Atlassian's renderer for text leaves out.
    """
    attributes = attributes_of(node)
    texts = texts_of(attributes)
    if node.get("content") or node.get("text"):
        return " ".join(texts)
    name = macro_name(attributes) if context.markdown else ""
    if not texts and not name:
        name = node["type"] if isinstance(node.get("type"), str) else ""
    if name and name not in texts and not first_string(attributes, "text"):
        texts.insert(0, f"[{name}]")
    return " ".join(texts)
