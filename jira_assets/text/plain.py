"""Text without marks, as Atlassian's own renderer for text writes it, save that it never joins two blocks."""

from functools import partial

from jira_assets.text import blocks, files, inline, table_blocks
from jira_assets.text.context import Begin, Context, End, Inline
from jira_assets.text.links import label_and_target
from jira_assets.text.nodes import Node


def _rule(context: Context, _node: Node) -> End:
    context.lines.end(1)
    return blocks.nothing


def _code_block(context: Context, _node: Node) -> End:
    lines = context.lines
    lines.end(1)
    position, in_line = lines.position, context.in_line
    context.in_line = True

    def end() -> None:
        if lines.position == position:
            lines.write("[codeBlock]")
        context.in_line = in_line
        lines.end(1)

    return end


def _task_item(context: Context, node: Node) -> End:
    return blocks.text_item(context, "[x] " if blocks.is_done(node) else "[] ", "")


def _decision_item(context: Context, _node: Node) -> End:
    return blocks.text_item(context, "<> ", "")


INLINE: dict[str, Inline] = {
    "date": inline.date,
    "emoji": inline.emoji,
    "inlineCard": partial(blocks.card_text, label_and_target),
    "mention": inline.mention,
    "status": inline.status_in_capitals,
}
BLOCKS: dict[str, Begin] = {
    "blockCard": partial(blocks.card_block, label_and_target),
    "blockTaskItem": _task_item,
    "blockquote": blocks.quote,
    "bulletList": blocks.bullet_list,
    "caption": blocks.caption,
    "codeBlock": _code_block,
    "decisionItem": _decision_item,
    "decisionList": blocks.bullet_list,
    "doc": blocks.block,
    "embedCard": partial(blocks.card_block, label_and_target),
    "hardBreak": blocks.hard_break,
    "heading": blocks.text_block,
    "listItem": blocks.list_item,
    "media": files.file,
    "mediaGroup": files.file_group,
    "mediaSingle": files.single_file,
    "orderedList": blocks.ordered_list,
    "paragraph": blocks.text_block,
    "rule": _rule,
    "table": table_blocks.table,
    "tableCell": table_blocks.cell,
    "tableHeader": table_blocks.cell,
    "tableRow": table_blocks.row,
    "taskItem": _task_item,
    "taskList": blocks.bullet_list,
}
