"""The nodes within a line, and how to read nodes that may be of any shape."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Node: TypeAlias = dict[str, Any]
Attributes: TypeAlias = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def attributes_of(node: Node) -> Attributes:
    """The attributes, or none where there is something else in their place."""
    attributes = node.get("attrs")
    return attributes if isinstance(attributes, dict) else {}


def children_of(node: Node) -> list[Node]:
    """The nodes directly below this one."""
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def first_string(attributes: object, *names: str) -> str:
    """The first of these attributes that is a text, or is an object with a text; "" if there is none."""
    if isinstance(attributes, dict):
        for name in names:
            value = attributes.get(name)
            if isinstance(value, dict):
                value = value.get("text")
            if value and isinstance(value, str):
                return value
    return ""


def link_target(marks: object) -> str | None:
    """Where a text with these marks links to."""
    if isinstance(marks, list):
        for mark in marks:
            if isinstance(mark, dict) and mark.get("type") == "link":
                return first_string(mark.get("attrs"), "href") or None
    return None


def link(label: str, target: str) -> str:
    """A link in Markdown, or just one of the two where the other says no more."""
    if not label or target in (label, f"mailto:{label}"):
        return label or target
    return f"[{label}]({target})" if target else label


def card(attributes: Attributes) -> str:
    """A smart link: Jira stores the URL, and leaves the title to be looked up by whoever shows it."""
    data = attributes.get("data")  # JSON-LD, in place of a URL
    url = first_string(attributes, "url") or first_string(data, "url", "@id")
    return link(first_string(data, "name"), url)


def media(attributes: Attributes) -> str:
    """What is known of a file: often nothing but the id that it has in Atlassian's media service."""
    name = first_string(attributes, "alt", "__fileName", "fileName", "name")
    return link(name, first_string(attributes, "url"))


def _date(attributes: Attributes) -> str:
    timestamp = attributes.get("timestamp")  # milliseconds since 1970 UTC, as text
    if not isinstance(timestamp, str | int | float):
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=int(timestamp))).date().isoformat()
    except (ValueError, OverflowError):
        return timestamp if isinstance(timestamp, str) else ""


def _emoji(attributes: Attributes) -> str:
    return first_string(attributes, "text", "shortName")


def _mention(attributes: Attributes) -> str:
    return first_string(attributes, "text") or "@unknown"


def _status(attributes: Attributes) -> str:
    text = first_string(attributes, "text")
    return f"[ {text} ]" if text else ""


INLINE: dict[str, Callable[[Attributes], str]] = {
    "date": _date,
    "emoji": _emoji,
    "inlineCard": card,
    "mediaInline": media,
    "mention": _mention,
    "status": _status,
}
