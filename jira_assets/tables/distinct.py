"""Elements that Jira lists more than once: each is one row, and how often that happened is told."""

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

from jira_assets.tables.shapes import History, Id, When
from jira_assets.timestamps import parse_timestamp


class Identified(Protocol):
    """What Jira may have given an id."""

    id: Id


_id_of = attrgetter("id")
T = TypeVar("T")
E = TypeVar("E", bound=Identified)


class Distinct(list[T]):
    """Elements of a list that Jira sent, each once; ``repeated`` is how many more it sent."""

    repeated: int = 0


def later(_one: T, later: T) -> T:
    """The one that comes later, of two states of an element of which nothing else is known."""
    return later


def distinct(
    elements: Sequence[T], key: Callable[[T], Hashable], join: Callable[[T, T], T] = later
) -> Distinct[T]:
    """The elements by key, in the order in which they come first; those whose key is None are all kept.

    What ``join`` makes of an element and a later one of the same key is kept of the two.
    """
    if len(elements) < 2:
        return Distinct(elements)
    found: dict[Hashable, T] = {}
    for place, element in enumerate(elements):
        identity = key(element)
        # A tuple of its own for what cannot be told apart: no key is one like that.
        identity = (None, place) if identity is None else (identity,)
        found[identity] = join(found[identity], element) if identity in found else element
    result = Distinct(found.values())
    result.repeated = len(elements) - len(result)
    return result


def distinct_by_id(elements: Sequence[E], join: Callable[[E, E], E] = later) -> Distinct[E]:
    """As ``distinct``, by Jira's id of the elements, which may be a number or a text."""
    if len(elements) < 2 or len({*map(str, map(_id_of, elements))}) == len(elements):  # as nearly always
        return Distinct(elements)
    return distinct(elements, lambda element: None if element.id is None else str(element.id), join)


def newer(one: E, later: E) -> E:
    """The one that was updated last, of two states of an element; the later one if that cannot be told."""
    updated, updated_later = (_moment(getattr(each, "updated", None)) for each in (one, later))
    return one if updated_later < updated else later


def joined(one: History, later: History) -> History:
    """A change whose items come in pieces, with the items of both, each once."""
    items = one.items or []
    more = [item for item in later.items or () if item not in items]
    return History(later.id, later.author or one.author, later.created or one.created, [*items, *more])


def _moment(when: When) -> float:
    parsed = parse_timestamp(when)
    return parsed.timestamp() if parsed else 0.0
