"""Documents for the tests, and what must come out of any."""

import re
from collections.abc import Iterator
from typing import Any

from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering

STRONG, EM, STRIKE, CODE = ({"type": kind} for kind in ("strong", "em", "strike", "code"))
BREAK = {"type": "hardBreak"}

# Where the texts of nodes are that have them in an attribute.
_ATTRIBUTES = {
    "mention": "text",
    "emoji": "text",
    "status": "text",
    "placeholder": "text",
    "expand": "title",
    "nestedExpand": "title",
    "media": "alt",
    "mediaInline": "alt",
    "inlineCard": "url",
    "embedCard": "url",
}


def node(kind: str, *content: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attributes, "content": list(content)}


def text(value: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": value, "marks": list(marks)}


def link(href: object) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": href}}


def paragraph(*content: Any) -> dict[str, Any]:
    return node("paragraph", *(text(child) if isinstance(child, str) else child for child in content))


def item(*content: Any) -> dict[str, Any]:
    return node("listItem", *(paragraph(child) if isinstance(child, str) else child for child in content))


def table(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return node("table", *(node("tableRow", *row) for row in rows))


def cell(*content: Any, **attributes: Any) -> dict[str, Any]:
    return node(
        "tableCell", *(paragraph(child) if isinstance(child, str) else child for child in content)
    ) | {"attrs": attributes}


def header(*content: Any, **attributes: Any) -> dict[str, Any]:
    return cell(*content, **attributes) | {"type": "tableHeader"}


def markdown(*content: Any) -> str:
    """What a document of these blocks becomes."""
    result = to_text(node("doc", *content))
    assert result is not None
    return result


def plain(*content: Any) -> str:
    """What a document of these blocks becomes without marks."""
    result = to_text(node("doc", *content), Rendering.PLAIN)
    assert result is not None
    return result


def text_leaves(document: Any) -> Iterator[str]:
    """The texts of a document's text nodes, in order, however deep it is."""
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            stack += reversed(value)
        elif isinstance(value, dict):
            if value.get("type") == "text" and isinstance(value.get("text"), str):
                yield value["text"]
            stack.append(value.get("content"))


def all_leaves(document: dict[str, Any]) -> Iterator[str]:
    """All texts of a valid document, those in attributes too."""
    if name := _ATTRIBUTES.get(document["type"]):
        yield document.get("attrs", {}).get(name, "")
    yield document.get("text", "")
    for child in document.get("content", ()):
        yield from all_leaves(child)


def assert_in_order(leaves: Iterator[str], result: str | None) -> None:
    """The leaves are in the text, line by line and without the blanks at their ends.

    Bars in tables are escaped, so nothing is said of backslashes.
    """
    assert result is not None
    result = result.replace("\\", "")
    position = 0
    for leaf in leaves:
        for line in map(str.strip, re.split("[\r\n]", leaf.replace("\\", ""))):
            found = result.find(line, position)
            assert found >= 0, f"{line!r} is not in {result[position:]!r}"
            position = found + len(line)
