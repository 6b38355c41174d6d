"""How to read the nodes of a document, which may be of any shape."""

from typing import Any, TypeAlias

from jira_assets.text.redaction import redacted

Node: TypeAlias = dict[str, Any]
Attributes: TypeAlias = dict[str, Any]


def attributes_of(node: Node) -> Attributes:
    """The attributes, or none where there is something else in their place."""
    attributes = node.get("attrs")
    return attributes if isinstance(attributes, dict) else {}


def children_of(node: Node) -> list[Node]:
    """The nodes directly below this one."""
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def number(value: object, low: int, high: int, default: int) -> int:
    """A whole number from a document, or the default where there is none between ``low`` and ``high``."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    return int(value) if isinstance(value, int | float) and low <= value <= high else default


def string(value: object) -> str:
    """A text from a document, without the secrets of its URLs; "" for what is no text.

    Numbers are texts, and so are lists of texts, for apps send them in their place.
    """
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return redacted(" ".join(text for text in value if isinstance(text, str)))
    return ""


def first_string(attributes: object, *names: str) -> str:
    """The first of these attributes that is a text, or is an object with a text; "" if there is none."""
    if isinstance(attributes, dict):
        for name in names:
            value = attributes.get(name)
            if isinstance(value, dict):
                value = value.get("text")
            if text := string(value):
                return text
    return ""
