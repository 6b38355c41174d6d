"""ADF bodies as the wiki markup that version 2 of the API, and so webhooks, show in their place."""

from collections.abc import Callable
from typing import Any

from jira_assets.sandbox.times import iso

_MARKS = {"strong": "*{}*", "em": "_{}_", "code": "{{{{{}}}}}", "strike": "-{}-", "underline": "+{}+"}
_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "hardBreak": lambda _: "\n",
    "mention": lambda attrs: f"[~accountid:{attrs.get('id')}]",
    "date": lambda attrs: iso(int(attrs.get("timestamp") or 0))[:10],
    "media": lambda attrs: f"!{attrs.get('alt') or attrs.get('url')}!",
    "mediaInline": lambda attrs: f"!{attrs.get('alt')}!",
    "inlineCard": lambda attrs: f"[{attrs.get('url')}]",
    "blockCard": lambda attrs: f"[{attrs.get('url')}]",
    "embedCard": lambda attrs: f"[{attrs.get('url')}]",
    "rule": lambda _: "----",
}
_INLINE_PARENTS = {"paragraph", "heading", "codeBlock", "taskItem", "decisionItem", "caption"}


def is_document(value: object) -> bool:
    """Whether a value is an ADF body."""
    return isinstance(value, dict) and value.get("type") == "doc" and isinstance(value.get("content"), list)


def wiki_text(node: dict[str, Any]) -> str:
    """The text of a body or of one of its nodes. Close to Jira's markup, and like it without some details."""
    kind, attrs = node["type"], node.get("attrs") or {}
    if kind == "text":
        return _marked(node)
    if kind in _TEXTS:
        return _TEXTS[kind](attrs)
    parts = [wiki_text(child) for child in node.get("content") or ()]
    if not parts:
        return str(attrs.get("text") or attrs.get("shortName") or "")
    if kind in {"bulletList", "orderedList"}:
        mark = "#" if kind == "orderedList" else "*"
        return "\n".join(f"{mark} {part}" for part in parts)
    if kind == "tableRow":
        return f"|{'|'.join(parts)}|"
    text = ("" if kind in _INLINE_PARENTS else "\n\n" if kind == "doc" else "\n").join(parts)
    if kind == "heading":
        return f"h{attrs.get('level', 1)}. {text}"
    return f"{{code}}{text}{{code}}" if kind == "codeBlock" else text


def _marked(node: dict[str, Any]) -> str:
    text: str = node["text"]
    for mark in node.get("marks") or ():
        if mark["type"] == "link":
            text = f"[{text}|{mark['attrs']['href']}]"
        else:
            text = _MARKS.get(mark["type"], "{}").format(text)
    return text
