"""What people write in Jira, and where it stands: takes it out, and leaves a word in the same form."""

import re
from typing import Any

Node = dict[str, Any]

REMOVED = "[removed]"
"""What stands for what people wrote."""

_TEXTS_OF_ISSUE = ("summary", "description", "environment")
_TEXTS_OF_AUTHOR = ("body", "renderedBody", "comment")
_ADDRESSES_OF_FILE = ("content", "thumbnail")
_FILE_NAME = re.compile(r"(/secure/(?:attachment|thumbnail)/[^/?#]+/)[^/?#]+")
_EXTENSION = re.compile(r"\.[0-9A-Za-z]{1,8}$")
# Of what is changed without ids, this is nothing that somebody wrote; tables need the keys.
_NO_TEXTS = frozenset({"key", "labels", "rank"})
_CUSTOM = "customfield_"


def removed(value: Any) -> Any:
    """What stands for a text: a text for a text, a document for a document."""
    if value is None or value == "":
        return value
    if not isinstance(value, dict):
        return REMOVED
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": REMOVED}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def remove_from_child(child: Node) -> None:
    """From a comment, a worklog or an attachment: what its author wrote, or called it."""
    for name in _TEXTS_OF_AUTHOR:
        if name in child:
            child[name] = removed(child[name])
    filename = child.get("filename")
    if isinstance(filename, str):
        extension = _EXTENSION.search(filename)
        child["filename"] = f"removed{extension[0] if extension else ''}"
        for name in _ADDRESSES_OF_FILE:
            if isinstance(child.get(name), str):  # Jira Server's addresses end with the name
                child[name] = _FILE_NAME.sub(rf"\1{child['filename']}", child[name])


def remove_from_fields(fields: Node) -> None:
    """From an issue: what whoever created it wrote. Nothing says who wrote its custom fields, and most of
    them are those of the form that it was created with.
    """
    for name, value in fields.items():
        if name in _TEXTS_OF_ISSUE or (name.startswith(_CUSTOM) and _is_text(value)):
            fields[name] = removed(value)


def remove_from_item(item: Node) -> None:
    """From a changed field: the texts before and after, if it is one of texts or of a file."""
    field = item.get("field")
    name = field.lower() if isinstance(field, str) else ""
    has_ids = item.get("from") is not None or item.get("to") is not None
    if name in (*_TEXTS_OF_ISSUE, "comment", "attachment") or not (has_ids or name in _NO_TEXTS):
        for text in ("fromString", "toString"):
            if item.get(text):
                item[text] = None


def _is_text(value: object) -> bool:
    """Whether somebody wrote it: options are objects, and dates and ranks have no blanks."""
    if isinstance(value, dict):
        return value.get("type") == "doc"
    return isinstance(value, str) and len(value.split()) > 1
