"""The types that a configured column can have, and how each is told from what Jira sends.

A value of another shape than its type expects raises one of ``WRONG_SHAPE``, and is NULL then.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from jira_assets.tables.declare import Kind, Personal
from jira_assets.tables.lenient import whole_number
from jira_assets.tables.readers import followed
from jira_assets.text.adf import Write

WRONG_SHAPE = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


class FieldType(NamedTuple):
    """What a column of this type is, what it says about people unless the mapping knows better, its value.

    In a column of lists, ``value`` is that of one element.
    """

    kind: Kind
    personal: Personal
    value: Callable[[Any, Write], object]


def readable(value: Any, write: Write) -> str | None:
    """What a person reads in a field, whatever it holds: text, rich text, what is chosen, or who."""
    if isinstance(value, dict) and value.get("type") != "doc":
        return option(value) if "value" in value else _text(_named(value)["name"])
    if isinstance(value, list):
        texts = (readable(each, write) for each in value)
        return ", ".join(text for text in texts if text)
    return _text(value) if isinstance(value, bool | int | float) else write(value)


def option(value: Any) -> str:
    """The option that is chosen; of a cascading field also the one below it, as `EU > Prague`."""
    if not isinstance(value, dict):
        return _text(value)
    chosen = _text(value["value"] if "value" in value else value["name"])
    child = value.get("child")
    return f"{chosen} > {option(child)}" if child else chosen


def _named(value: dict[str, Any]) -> dict[str, Any]:
    """The same with a name: people have a display name, and requests a type that has one."""
    if value.get("displayName"):
        return value | {"name": value["displayName"]}
    return dict(value["requestType"]) if "requestType" in value else value


def _text(value: Any) -> str:
    """A text, also one that looks like a number and came as one: a name may be ``7``."""
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False}[value.lower()]
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _date(value: Any) -> str:
    """As Jira writes it: `frames` converts whole columns."""
    if not isinstance(value, str):
        raise TypeError("no date")
    return value


def _timestamp(value: Any) -> str | int | float:
    """As Jira writes it: `frames` converts whole columns."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("no time")
    return value


def _rich_text(value: Any, write: Write) -> str | None:
    if not isinstance(value, str) and value.get("type") != "doc":
        raise TypeError("no document")
    return write(value)


def _user_name(value: Any) -> str | None:
    return _identity(value, "displayName", "name", "key")


def _user_name_or_id(value: Any) -> str | None:
    """In a list, so that it lines up with the list of ids: of deleted users Jira tells the id only."""
    return _identity(value, "displayName", "name", "key", "accountId")


def _user_account_id(value: Any) -> str | None:
    return _identity(value, "accountId", "key", "name")


def _user_email(value: Any) -> str | None:
    return _identity(value, "emailAddress")


def _identity(user: Any, *names: str) -> str | None:
    """The first of these that is known of a user; other sites than Cloud's tell a key or a name."""
    if not any(name in user for name in ("accountId", "displayName", "name", "key")):
        raise KeyError("accountId")
    known = [user[name] for name in names if user.get(name)]
    texts = [each for each in known if isinstance(each, str | int | float)]
    if known and not texts:
        raise TypeError("no text")
    return _text(texts[0]) if texts else None


def _request_type(value: Any) -> str:
    return _text(value["requestType"]["name"])


def _request_status(value: Any) -> str | None:
    status = value.get("currentStatus")
    return None if status is None else _text(status["status"])


def _rating(value: Any) -> int | None:
    rating = value["rating"]
    return None if rating is None else _whole(rating)


def _whole(value: Any) -> int:
    number = whole_number(value)
    if number is None:
        raise TypeError("no whole number")
    return number


def _of_cycle(path: str) -> Callable[[Any, Write], object]:
    """A part of the cycle of an SLA that counts: the ongoing one, else the last that was completed."""
    return lambda sla, _: followed(path, [sla.current])[0]


def _plain(one: Callable[[Any], object]) -> Callable[[Any, Write], object]:
    return lambda value, _: one(value)


_USER_PARTS = (
    ("name", Personal.IDENTITY, _user_name, _user_name_or_id),
    ("account id", Personal.ACCOUNT, _user_account_id, _user_account_id),
    ("email", Personal.CONTACT, _user_email, _user_email),
)

FIELD_TYPES: dict[str, dict[str, FieldType]] = {
    "text": {"": FieldType(Kind.TEXT, Personal.FREE_TEXT, readable)},
    "number": {"": FieldType(Kind.NUMBER, Personal.NONE, _plain(_number))},
    "boolean": {"": FieldType(Kind.BOOLEAN, Personal.NONE, _plain(_boolean))},
    "date": {"": FieldType(Kind.DATE, Personal.NONE, _plain(_date))},
    "timestamp": {"": FieldType(Kind.TIMESTAMP, Personal.NONE, _plain(_timestamp))},
    "option": {"": FieldType(Kind.TEXT, Personal.NONE, _plain(option))},
    "option list": {"": FieldType(Kind.TEXT_LIST, Personal.NONE, _plain(option))},
    "user": {part: FieldType(Kind.TEXT, personal, _plain(one)) for part, personal, one, _ in _USER_PARTS},
    "user list": {
        part: FieldType(Kind.TEXT_LIST, personal, _plain(each)) for part, personal, _, each in _USER_PARTS
    },
    "organisations": {"": FieldType(Kind.TEXT_LIST, Personal.NONE, _plain(lambda each: _text(each["name"])))},
    "rich text": {"": FieldType(Kind.TEXT, Personal.FREE_TEXT, _rich_text)},
    "request type": {
        "name": FieldType(Kind.TEXT, Personal.NONE, _plain(_request_type)),
        "status": FieldType(Kind.TEXT, Personal.NONE, _plain(_request_status)),
    },
    "satisfaction": {"": FieldType(Kind.INTEGER, Personal.NONE, _plain(_rating))},
    "sla": {
        "breached": FieldType(Kind.BOOLEAN, Personal.NONE, _of_cycle("breached")),
        "goal": FieldType(Kind.INTEGER, Personal.NONE, _of_cycle("goalDuration.millis")),
        "elapsed": FieldType(Kind.INTEGER, Personal.NONE, _of_cycle("elapsedTime.millis")),
    },
    "json": {
        "": FieldType(
            Kind.JSON, Personal.FREE_TEXT, _plain(lambda value: msgspec.json.encode(value).decode())
        )
    },
}
"""By what the mapping calls them, and within by the part of the value; the first part is the usual one."""
