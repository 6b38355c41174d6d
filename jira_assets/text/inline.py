"""The nodes within a line whose text is in their attributes, and the texts in the attributes of others."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from jira_assets.text.context import Context
from jira_assets.text.links import safe
from jira_assets.text.nodes import Attributes, first_string, string
from jira_assets.text.redaction import redacted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Where apps and macros keep what they show; their other parameters are ids, addresses and settings.
_TEXTUAL = frozenset(
    {"text", "title", "label", "name", "description", "summary", "caption", "body", "content", "message"}
)

_PARAMETER = "(parameter)"
_NOT_TEXTUAL = re.compile(r"(?:id|ids|Id|Ids|ID|key)$|(?i:uuid|token|secret|password|credential|api_?key)")
_NOT_SHOWN = re.compile(r"\s*|[a-z][\w+.-]*://\S+|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)


def card(attributes: Attributes) -> tuple[str, str]:
    """The title and the URL of a smart link. Jira stores the URL; the title is up to whoever shows it."""
    data = attributes.get("data")  # JSON-LD, in place of a URL
    url = first_string(attributes, "url") or first_string(data, "url", "@id")
    return first_string(data, "name"), safe(url or _query(attributes.get("datasource")))


def _query(datasource: object) -> str:
    return first_string(datasource.get("parameters"), "jql") if isinstance(datasource, dict) else ""


def date(_context: Context, attributes: Attributes) -> str:
    """A date, in UTC as Jira shows it; what is none stays as it is."""
    timestamp = attributes.get("timestamp")  # milliseconds since 1970 UTC, as text
    if isinstance(timestamp, bool) or not isinstance(timestamp, str | int | float):
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=int(timestamp))).date().isoformat()
    except (ValueError, OverflowError):
        return string(timestamp)


def emoji(_context: Context, attributes: Attributes) -> str:
    """A character, or the short name of an emoji of the site."""
    return first_string(attributes, "text", "shortName")


def mention(context: Context, attributes: Attributes) -> str:
    """Who is mentioned, by name if it is known, else by account id. Jira writes the sign before the name;
    other clients may not, or leave the name to whoever shows it.
    """
    if text := first_string(attributes, "text"):
        return text
    account_id = first_string(attributes, "id")
    name = context.names(account_id) if context.names and account_id else None
    return _with_sign(name or account_id or "unknown")


def mention_with_sign(context: Context, attributes: Attributes) -> str:
    """Who is mentioned, always with the sign before the name."""
    return _with_sign(mention(context, attributes))


def _with_sign(name: str) -> str:
    return name if name.startswith("@") else f"@{name}"


def status(_context: Context, attributes: Attributes) -> str:
    """A coloured label."""
    text = first_string(attributes, "text")
    return f"[ {text} ]" if text else ""


def status_in_capitals(context: Context, attributes: Attributes) -> str:
    """A coloured label as Jira shows it."""
    return status(context, attributes).upper()


def macro_name(attributes: Attributes) -> str:
    """What people call the macro or the app that an extension is of."""
    parameters = attributes.get("parameters")
    metadata = parameters.get("macroMetadata") if isinstance(parameters, dict) else None
    title = first_string(metadata, "title") or first_string(parameters, "extensionTitle")
    return title or first_string(attributes, "extensionKey").rpartition("/")[2]


def texts_of(attributes: Attributes) -> list[str]:
    """The texts that a node without a rendering of its own has in its attributes, each once.

    Those of an extension are in its parameters, ``{"macroParams": {"title": {"value": "Plan"}}}``, and those
    of an application card in objects, ``{"title": {"text": "Build 7"}, "details": [{"title": "Took"}]}``.
    """
    return list(dict.fromkeys(_texts_of(attributes)))


def _named(above: str, key: object, value: object) -> str:
    """What an attribute is known by: itself, or the parameter of an extension whose value it is."""
    if not isinstance(key, str):
        return ""
    if key == "value" and above:
        return above
    if above == "macroParams" or (above == "parameters" and isinstance(value, str)):
        return "" if _NOT_TEXTUAL.search(key) else _PARAMETER
    return key


def _texts_of(attributes: Attributes) -> Iterator[str]:
    stack: list[tuple[str, object]] = [("", attributes)]  # deeper than Python recurses, perhaps
    while stack:
        name, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((_named(name, key, value[key]), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            stack.extend((name, item) for item in reversed(value))
        elif name in _TEXTUAL and (text := string(value)):
            yield text
        elif name == _PARAMETER and isinstance(value, str) and not _NOT_SHOWN.fullmatch(value):
            yield redacted(value)
    if url := safe(first_string(attributes, "url") or first_string(attributes.get("link"), "url")):
        yield url
