"""Pictures and other files within a text."""

from jira_assets.text.context import Context, End
from jira_assets.text.emphasis import marks_of
from jira_assets.text.links import label_and_target, picture, safe
from jira_assets.text.media import file_name, media_id
from jira_assets.text.nodes import Attributes, Node, attributes_of, children_of, first_string


def file_text(context: Context, attributes: Attributes) -> str:
    """What is known of a file: often nothing but the id that it has in Atlassian's media service."""
    label = (first_string(attributes, "alt") or file_name(attributes)).strip()
    target = safe(first_string(attributes, "url")) or _attachment(context, attributes)
    if not label and not target:
        return ""
    return (picture if context.markdown else label_and_target)(label, target)


def _attachment(context: Context, attributes: Attributes) -> str:
    if context.files is None or attributes.get("type") == "link":
        return ""
    shown = context.files(media_id(attributes), file_name(attributes) or None)
    return shown or ""


def file(context: Context, node: Node) -> End:
    """A file on a line of its own."""
    context.lines.continue_below()
    context.write(file_text(context, attributes_of(node)), node.get("marks"))
    return context.end_block


def text_in_line(context: Context, node: Node) -> str:
    """A file within a line."""
    return file_text(context, attributes_of(node)) or f"[{node['type']}]"


def single_file(context: Context, node: Node) -> End:
    """One file, perhaps with a caption. It may link to somewhere, as a whole."""
    inherited = context.inherited
    if context.markdown:
        context.inherited |= marks_of(node.get("marks"))
    _say_how_many(context, node, "[media]")

    def end() -> None:
        context.inherited = inherited
        context.end_block()

    return end


def file_group(context: Context, node: Node) -> End:
    """Several files."""
    _say_how_many(context, node, "📎 {} File{}")
    return context.end_block


def _say_how_many(context: Context, node: Node, placeholder: str) -> None:
    """Files without a name get a placeholder, so that a reader knows that there is something to see."""
    context.lines.end(2)
    files = [attributes_of(child) for child in children_of(node) if child.get("type") == "media"]
    nameless = sum(file.get("type") != "link" and not file_text(context, file) for file in files)
    if nameless:
        context.write(placeholder.format(nameless, "s" if nameless > 1 else ""))
        context.lines.end(1)
