"""JSON of any shape, to be looked through and changed in place."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from jira_assets.text.nesting import flattened


class Tree(NamedTuple):
    """Decoded JSON as the only element of a list. Unless it is whole, what is nested too deep is null."""

    root: list[Any]
    is_whole: bool


def decoded(payload: bytes) -> Tree | None:
    """None if it is no JSON."""
    try:
        return Tree([json.loads(payload)], is_whole=True)
    except RecursionError:
        pass
    except ValueError:
        return None
    try:
        return Tree([json.loads(flattened(payload))], is_whole=False)
    except ValueError:
        return None


def encoded(root: list[Any]) -> bytes:
    """What ``decoded`` gives as JSON again. Half characters are escaped, as they were."""
    try:
        return json.dumps(root[0], ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(root[0], separators=(",", ":")).encode()


def strings(root: list[Any]) -> list[str]:
    """All texts, also those that members are called by."""
    found: list[str] = []
    pending: list[Any] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            found += node
            children = list(node.values())
        else:
            children = node
        for child in children:
            if isinstance(child, str):
                found.append(child)
            elif isinstance(child, dict | list):
                pending.append(child)
    return found


def objects(root: list[Any]) -> Iterator[dict[str, Any]]:
    """Each before those in it. They may be changed meanwhile."""
    pending: list[Any] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending += node.values()
        elif isinstance(node, list):
            pending += node
