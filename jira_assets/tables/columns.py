"""Columns with their readers: by kind, and those that tell who somebody is, which are read together.

A reader is one of `tables.readers`, or the path of an attribute of the table's elements.
"""

from typing import Any, NamedTuple

from jira_assets.tables.declare import Column, Kind, Personal
from jira_assets.tables.issue import Issue
from jira_assets.tables.readers import Read, together


def text(
    name: str, description: str, read: Read | str, personal: Personal = Personal.NONE, **more: Any
) -> Column:
    return Column(name, Kind.TEXT, description, personal, read=read, **more)


def text_list(name: str, description: str, read: Read | str, personal: Personal = Personal.NONE) -> Column:
    return Column(name, Kind.TEXT_LIST, description, personal, read=read)


def integer(name: str, description: str, read: Read | str, *, nullable: bool = True) -> Column:
    return Column(name, Kind.INTEGER, description, nullable=nullable, read=read)


def boolean(name: str, description: str, read: Read | str, *, nullable: bool = True) -> Column:
    return Column(name, Kind.BOOLEAN, description, nullable=nullable, read=read)


def timestamp(name: str, description: str, read: Read | str, *, nullable: bool = True) -> Column:
    return Column(name, Kind.TIMESTAMP, description, nullable=nullable, read=read)


def date(name: str, description: str, read: Read | str) -> Column:
    return Column(name, Kind.DATE, description, read=read)


class PersonColumns(NamedTuple):
    """What is shown of somebody: tables choose among these."""

    email: Column
    name: Column
    account_id: Column


def person(role: str, described: str, path: str | None = None) -> PersonColumns:
    """The columns of the user who stands at a path in the elements of an issue: at the role, if not given."""
    email, name, account_id = together(Issue.person, 3, path or role)
    return PersonColumns(
        text(f"{role}_email", f"Address of {described}; NULL where hidden.", email, Personal.CONTACT),
        text(f"{role}_name", f"Display name of {described}.", name, Personal.IDENTITY),
        text(f"{role}_account_id", f"Account id of {described}.", account_id, Personal.ACCOUNT),
    )
