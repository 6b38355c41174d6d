"""How the values of a column are read: of all rows at once, each from the element that its row is about."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Protocol

from jira_assets.tables.shapes import Id


class Owner(Protocol):
    """What the elements of rows belong to: an issue, or an entry of one of the site's lists."""

    def note(self, field: str, reason: str) -> None:
        """Remember that a value could not be read."""


class Rows:
    """The rows that are made at once: of each the element that it is about, and to whom that belongs."""

    def __init__(self, owners: Sequence[Any], elements: Sequence[Any]) -> None:
        self.owners = owners
        self.elements = elements
        self._together: dict[object, list[Sequence[Any]]] = {}

    @classmethod
    def of(cls, owners: Iterable[Any], elements_of: Callable[[Any], Sequence[Any]]) -> "Rows":
        """Those of all elements of these owners, in their order."""
        found = [(owner, elements) for owner in owners if (elements := elements_of(owner))]
        return cls(
            [owner for owner, elements in found for _ in elements],
            [element for _, elements in found for element in elements],
        )

    def together(self, function: "Several", path: str) -> list[Sequence[Any]]:
        """The values that a function gives, a sequence for each; it is called once for all of them."""
        if (function, path) not in self._together:
            values = map(function, self.owners, followed(path, self.elements))
            self._together[function, path] = list(zip(*values, strict=True))
        return self._together[function, path]


Read = Callable[[Rows], Sequence[Any]]
"""Gives the values of a column, one for each row, as Jira writes them: `tables.frames` converts them."""

Several = Callable[[Any, Any], Sequence[object]]


def attribute(path: str) -> Read:
    """What stands there in the element, as in ``visibility.value``; None where something on the way is."""
    return lambda rows: followed(path, rows.elements)


def of_owner(path: str) -> Read:
    """What stands there in what the element belongs to."""
    return lambda rows: followed(path, rows.owners)


def id_text(path: str) -> Read:
    """The id that stands there in the element, as ids are stored."""
    return lambda rows: list(map(as_text, followed(path, rows.elements)))


def each(function: Callable[[Any, Any], object], path: str = "") -> Read:
    """What a function makes of the owner, and of the element or what stands at a path in it."""
    return lambda rows: list(map(function, rows.owners, followed(path, rows.elements)))


def name_now(list_name: str, path: str) -> Read:
    """The name that one of the site's lists has now for what stands there in an element of an issue."""
    return each(lambda issue, thing: issue.names_of(list_name, thing)[0], path)


def together(function: Several, count: int, path: str = "") -> tuple[Read, ...]:
    """As ``each``, for as many columns whose values a function gives together."""

    def reader(place: int) -> Read:
        return lambda rows: rows.together(function, path)[place]

    return tuple(map(reader, range(count)))


def as_text(value: Id) -> str | None:
    """An id, as ids are stored."""
    return None if value is None else str(value)


def followed(path: str, beginnings: Sequence[Any]) -> Sequence[Any]:
    """What stands at a path in each; None where something on the way is None."""
    if not path:
        return beginnings
    try:
        return list(map(attrgetter(path), beginnings))
    except AttributeError:  # of None: now step by step
        found = beginnings
        for name in path.split("."):
            step = attrgetter(name)
            found = [None if each is None else step(each) for each in found]
        return found
