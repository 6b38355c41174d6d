"""The keys of `custom_fields`: the names that people know, whatever names a site has."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

_CUSTOM = "customfield_"


def keys(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By field id what a field is called in `custom_fields`: a key of its own, whatever the names are.

    ``fields`` are ids and names, in any order. Those of one name are told apart by their ids, and one without
    a name is called by its id. Names that differ in case only are different keys, for JSON's are.
    """
    names = {id_: name if name.strip() else id_ for id_, name in sorted(fields)}
    # A field that nobody has heard of yet goes by its id: nothing else may be called like that.
    misleading = {id_ for id_, name in names.items() if name != id_ and name.startswith(_CUSTOM)}
    # What is called by its id already stays so: others that are called like that give way.
    endings = {id_: "" if name == id_ else f" ({id_})" for id_, name in names.items()}
    return told_apart(names, endings, misleading)


def told_apart(
    names: Mapping[str, str], endings: Mapping[str, str], unwanted: Collection[str] = ()
) -> dict[str, str]:
    """The same names, but each of those that clash with another, or are ``unwanted``, with its own ending."""
    found = dict(names)
    clashing = set(unwanted)
    while True:
        counts = Counter(found.values())
        clashing |= {id_ for id_, name in found.items() if counts[name] > 1}
        if not clashing:
            return found
        found |= {id_: found[id_] + endings[id_] for id_ in clashing}
        clashing = set()
