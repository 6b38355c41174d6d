"""Takes people who are forgotten out of JSON: payloads of Jira's, and bodies of its events.

Nothing is taken for granted of its shape: what is not as Jira documents it is redacted as mere text.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from jira_assets.privacy import authored
from jira_assets.privacy.authored import Node
from jira_assets.privacy.forgotten import Forgotten, Person, Traces
from jira_assets.privacy.json_tree import decoded, encoded, objects, strings
from jira_assets.privacy.traces import TraceFinder

_NOBODY_IN = (b"[]", b"{}", b"null")
_MENTION = "@forgotten"
_ACCOUNT_IDS = ("accountId", "account_id")
_IDS_OF_SERVER = ("key", "name", "id")  # and of the actor of a change
_SHARED = ("displayName", "emailAddress", "name")  # by several people, at times
_KEPT_OF_PERSON = ("accountType", "type")
_SIDES = (("from", "fromString"), ("to", "toString"))
_ALSO = {"from": "tmpFromAccountId", "to": "tmpToAccountId"}


class Redaction:
    """Of those who are forgotten at some time. Keep it: it gets quicker. Threads may share it."""

    def __init__(self, forgotten: Forgotten) -> None:
        self.forgotten = forgotten
        self._finder = TraceFinder(forgotten)
        self._created = self._finder.created

    def payload(self, payload: bytes, issue_id: str | None = None) -> bytes:
        """What is to be stored instead of a payload; the same object if nobody in it is forgotten.

        ``issue_id`` is that of the issue that it belongs to: the payload itself need not say so.
        """
        if payload in _NOBODY_IN:
            return payload
        is_theirs = issue_id in self._created
        is_close = is_theirs or self._finder.may_be_in_json(payload)
        if not is_close and not self._finder.issue_may_be_in_json(payload):
            return payload
        found = decoded(payload)
        if found is None:
            return self._as_text(payload)
        root, is_whole = found
        tree = _Tree(root, self._finder, self._created)
        if not is_close and not tree.shows_theirs():
            return payload
        before = encoded(root)
        tree.redact(is_theirs=is_theirs)
        after = encoded(root)
        is_same = after == before and (is_whole or self._as_text(payload) is payload)
        return payload if is_same else after

    def text(self, text: str) -> str:
        """What is to be stored instead of a text that is no JSON."""
        return self._finder.without(text)

    def traces(self, payload: bytes) -> Mapping[str, Traces]:
        """What else those who are forgotten can be recognised by, by their tombstones."""
        is_worth_it = payload not in _NOBODY_IN and self._finder.ids_may_be_in_json(payload)
        tree = decoded(payload) if is_worth_it else None
        return {} if tree is None else _Tree(tree.root, self._finder, self._created).traces()

    def _as_text(self, payload: bytes) -> bytes:
        text = payload.decode(errors="surrogateescape")
        without = self._finder.without(text)
        return payload if without is text else without.encode(errors="surrogateescape")


class _Tree:
    """A decoded payload."""

    def __init__(self, root: list[Any], finder: TraceFinder, created: frozenset[str]) -> None:
        self._root = root
        self._finder = finder
        self._created = created
        self._suspects: frozenset[str] = frozenset()  # the texts that have to be looked at

    def shows_theirs(self) -> bool:
        """Whether an issue is in it that somebody forgotten created."""
        return any(map(self._is_theirs, objects(self._root)))

    def traces(self) -> Mapping[str, Traces]:
        found: dict[str, Traces] = defaultdict(Traces)
        for node in objects(self._root):
            person, mentioned, creator = self._person(node), self._mentioned(node), self._creator(node)
            if person is not None:
                _call(found[person.tombstone], node, "displayName", "name", "emailAddress")
            elif mentioned is not None:
                found[mentioned.tombstone].call(node["text"].removeprefix("@"))
            elif creator is not None and isinstance(node.get("id"), str):
                found[creator.tombstone].issues.add(node["id"])
            for side, name in _SIDES:
                was = self._finder.person(node.get(side))
                if was is not None:
                    _call(found[was.tombstone], node, name)
        return found

    def redact(self, *, is_theirs: bool) -> None:
        """In place. ``is_theirs`` is whether somebody who is forgotten created the issue."""
        self._suspects = frozenset(filter(self._finder.may_be_in, set(strings(self._root))))
        whole = self._root[0] if isinstance(self._root[0], dict) else {}
        is_theirs = is_theirs or self._is_theirs(whole) or self._is_theirs(whole.get("issue"))
        pending: list[Any] = [self._root]
        while pending:
            node = pending.pop()
            if isinstance(node, list):
                node[:] = [self._text(each) if isinstance(each, str) else each for each in node]
                pending += [each for each in node if isinstance(each, dict | list)]
            else:
                pending += self._redact_object(node, is_theirs=is_theirs)

    def _redact_object(self, node: Node, *, is_theirs: bool) -> list[Any]:
        """Gives what is in it and still has to be redacted."""
        person = self._person(node)
        if person is not None:
            _make_anonymous(node, person)
            return []
        mentioned = self._mentioned(node)
        if mentioned is not None:
            node |= {"id": mentioned.tombstone, "text": _MENTION}
        self._redact_change(node, is_theirs=is_theirs)
        if self._person(node.get("author")) is not None:
            authored.remove_from_child(node)
        if self._is_theirs(node):
            authored.remove_from_fields(node["fields"])
        self._redact_texts(node)
        return [each for each in node.values() if isinstance(each, dict | list)]

    def _redact_change(self, node: Node, *, is_theirs: bool) -> None:
        """An object that is a change, or an event with one, which is then of the event's user."""
        change, maker = node, node.get("author")
        if isinstance(node.get("changelog"), dict) and "user" in node:
            change, maker = node["changelog"], node["user"]
        items = change.get("items")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                if is_theirs or self._person(maker) is not None:
                    authored.remove_from_item(item)
                self._redact_sides(item)

    def _redact_sides(self, item: Node) -> None:
        """The ids and names of those who a field was changed from or to."""
        for side, name in _SIDES:
            for key in (side, _ALSO[side]):
                value = item.get(key)
                person = self._finder.person(value)
                if person is not None:
                    item[key] = person.tombstone
                if person is not None or (isinstance(value, str) and self._text(value) is not value):
                    item[name] = None

    def _redact_texts(self, node: Node) -> None:
        # Somebody else may have the same name, and on Jira Server a key that reads like it, but not the id.
        has_account = any(isinstance(node.get(name), str) for name in _ACCOUNT_IDS)
        kept = _SHARED if has_account else (*_SHARED, "key") if _ids_of(node) else ()
        for name, value in node.items():
            if value.__class__ is str and value in self._suspects:
                node[name] = self._finder.without_ids(value) if name in kept else self._text(value)
        if not self._suspects.isdisjoint(node):
            renamed = {self._text(name): value for name, value in node.items()}
            node.clear()
            node |= renamed

    def _text(self, text: str) -> str:
        return self._finder.without(text) if text in self._suspects else text

    def _person(self, node: object) -> Person | None:
        """The person that an object describes, if that one is forgotten."""
        ids = _ids_of(node) if isinstance(node, dict) else ()
        return next(filter(None, map(self._finder.person, ids)), None)

    def _mentioned(self, node: Node) -> Person | None:
        return self._finder.person(node.get("id")) if isinstance(node.get("text"), str) else None

    def _creator(self, issue: Node) -> Person | None:
        """Who created an issue, if that one is forgotten: its reporter, if an app did it for somebody."""
        fields = issue.get("fields")
        if not isinstance(fields, dict):
            return None
        creator = fields.get("creator")
        is_somebody = isinstance(creator, dict) and creator.get("accountType") != "app"
        return self._person(creator if is_somebody else fields.get("reporter"))

    def _is_theirs(self, issue: object) -> bool:
        """Whether it is an issue, or what another one shows of it, that somebody forgotten created."""
        if not isinstance(issue, dict) or not isinstance(issue.get("fields"), dict):
            return False
        issue_id = issue.get("id")
        is_known = isinstance(issue_id, str) and issue_id in self._created
        return is_known or self._creator(issue) is not None


def _ids_of(node: Node) -> tuple[str, ...]:
    """What an object that describes a person may identify it by; nothing for other objects."""
    ids = tuple(node[name] for name in _ACCOUNT_IDS if isinstance(node.get(name), str))
    if ids or not ("displayName" in node or "emailAddress" in node):
        return ids
    return tuple(node[name] for name in _IDS_OF_SERVER if isinstance(node.get(name), str))


def _make_anonymous(node: Node, person: Person) -> None:
    """Who is described goes, also what Jira does not document; that it was the same person stays."""
    known_by = next(name for name in (*_ACCOUNT_IDS, *_IDS_OF_SERVER) if isinstance(node.get(name), str))
    kept = {name: node[name] for name in _KEPT_OF_PERSON if isinstance(node.get(name), str)}
    node.clear()
    node |= {known_by: person.tombstone, "displayName": None, "active": False, **kept}


def _call(traces: Traces, node: Node, *names: str) -> None:
    for name in names:
        if isinstance(node.get(name), str):
            traces.call(node[name])
