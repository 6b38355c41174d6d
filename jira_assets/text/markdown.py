"""GitHub-flavoured Markdown: the nodes that it has words of its own for. https://github.github.com/gfm/"""

import re
from functools import partial

from jira_assets.text import blocks, plain
from jira_assets.text.context import Begin, Context, End, Inline
from jira_assets.text.emphasis import CODE, STRONG
from jira_assets.text.inline import mention_with_sign, status
from jira_assets.text.links import link
from jira_assets.text.nodes import Node, attributes_of, children_of, first_string, number

# The panels of Jira as the alerts of GitHub. A panel of one's own has none: it is a quote.
_ALERTS = {
    "info": "NOTE",
    "note": "IMPORTANT",
    "tip": "TIP",
    "success": "TIP",
    "warning": "WARNING",
    "error": "CAUTION",
}


def _heading(context: Context, node: Node) -> End:
    marker = "#" * number(attributes_of(node).get("level"), 1, 6, default=1) + " "
    end = blocks.indented(context, marker, "", 2, context.bullets, context.in_item)
    outside = context.lines.open_line(" ")
    context.in_line = True

    def end_heading() -> None:
        context.lines.close_line(outside)
        end()

    return end_heading


def _rule(context: Context, _node: Node) -> End:
    context.lines.end(2)
    context.lines.write("---")
    context.lines.end(2)
    return context.end_block


def _code_block(context: Context, node: Node) -> End:
    if context.lines.verbatim:
        return blocks.block(context, node)
    return (_code_in_a_line if context.lines.on_one_line else _fenced_code)(context, node)


def _fenced_code(context: Context, node: Node) -> End:
    lines = context.lines
    lines.end(2)
    lines.verbatim = True
    place = lines.reserve()
    lines.end(1)
    in_line, context.in_line = context.in_line, True

    def end() -> None:
        context.in_line = in_line
        longest = max(map(len, re.findall("`{3,}", lines.since(place))), default=2)
        fence = "`" * (longest + 1)
        language = re.sub(r"[`\s]+", " ", first_string(attributes_of(node), "language"))
        lines.fill(place, fence + language.strip())
        lines.end(1)
        lines.write(fence)
        lines.verbatim = False
        context.end_block()

    return end


def _code_in_a_line(context: Context, _node: Node) -> End:
    context.lines.end(1)
    in_line, context.in_line = context.in_line, True
    inherited, context.inherited = context.inherited, frozenset({CODE})

    def end() -> None:
        context.inherited, context.in_line = inherited, in_line
        context.lines.end(1)

    return end


def _panel(context: Context, node: Node) -> End:
    if context.lines.on_one_line:
        return blocks.block(context, node)
    alert = _ALERTS.get(first_string(attributes_of(node), "panelType"))
    marker = "> "
    if alert:
        context.lines.end(2)
        margin = f"\n{context.lines.prefix}>"
        children = children_of(node)
        # Only a text may follow directly: not all that follows a text without a blank line begins a block.
        gap = "" if children and children[0].get("type") == "paragraph" else margin
        marker = f"> [!{alert}]{gap}{margin} "
    return blocks.indented(context, marker, "> ", gap=2, bullets=None, in_item=False)


def _expand(context: Context, node: Node) -> End:
    context.lines.end(2)
    context.write_marked(first_string(attributes_of(node), "title").strip(), frozenset({STRONG}))
    context.end_marks()
    context.lines.end(2)
    return context.end_block


def _task_item(context: Context, node: Node) -> End:
    marker = next(context.bullets) if context.bullets else "- "
    return blocks.text_item(context, marker, f"[{'x' if blocks.is_done(node) else ' '}] ")


def _decision_item(context: Context, _node: Node) -> End:
    return blocks.text_item(context, next(context.bullets) if context.bullets else "* ", "<> ")


INLINE: dict[str, Inline] = {
    **plain.INLINE,
    "inlineCard": partial(blocks.card_text, link),
    "mention": mention_with_sign,
    "status": status,
}
BLOCKS: dict[str, Begin] = {
    **plain.BLOCKS,
    "blockCard": partial(blocks.card_block, link),
    "blockTaskItem": _task_item,
    "codeBlock": _code_block,
    "decisionItem": _decision_item,
    "embedCard": partial(blocks.card_block, link),
    "expand": _expand,
    "heading": _heading,
    "nestedExpand": _expand,
    "panel": _panel,
    "rule": _rule,
    "taskItem": _task_item,
    "taskList": blocks.task_list,
}
