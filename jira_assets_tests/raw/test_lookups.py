"""The site's lists as they are kept: the latest of each entry, and nothing lost that issues may refer to."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from upath import UPath

from jira_assets.privacy.forgetting import Forgetting
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.raw.errors import RawLogError
from jira_assets.raw.lookups import LookupStore
from jira_assets_tests.privacy.forgetting import ACCOUNT, ADDRESS, MARIA, NAME
from jira_assets_tests.privacy.keys import key
from jira_assets_tests.raw.records import memory

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
USERS = ("users",)


@pytest.fixture
def store(tmp_path: Path) -> LookupStore:
    return LookupStore(UPath(tmp_path))


def write(
    store: LookupStore, name: str, *things: dict[str, Any], day: int = 0, of: str | None = None
) -> None:
    raws = [Raw(msgspec.json.encode(thing)) for thing in things]
    store.write(name, {of: raws}, MONDAY + timedelta(days=day))


def read(store: LookupStore, name: str) -> list[tuple[str | None, Any, bool]]:
    return [
        (entry.id, msgspec.json.decode(entry.entry).get("name"), entry.listed) for entry in store.read(name)
    ]


def test_what_is_listed_no_more_keeps_its_last_name(store: LookupStore) -> None:
    write(store, "versions", {"id": "1", "name": "1.0"}, {"id": 2, "name": "2.0"})
    write(store, "versions", {"id": "1", "name": "1.0.0"}, day=1)
    assert read(store, "versions") == [("1", "1.0.0", True), ("2", "2.0", False)]


def test_a_part_that_was_not_read_stays_as_it_is(store: LookupStore) -> None:
    first: dict[str | None, list[Raw]] = {
        of: [Raw(b'{"id": "%s", "name": "API"}' % of.encode())] for of in ("10", "11", "12")
    }
    store.write("components", first, MONDAY)
    store.write("components", {"10": first["10"]}, MONDAY + timedelta(days=1), unread=["11"])
    assert [(entry.id, entry.listed) for entry in store.read("components")] == [
        ("10", True),
        ("11", True),
        ("12", False),
    ]


@given(st.lists(st.sampled_from(["SUP", "HELP", "DESK"]), min_size=2, max_size=3))
@settings(max_examples=20, deadline=None)
def test_in_whichever_order_answers_are_written_the_entries_are_the_same(keys: list[str]) -> None:
    results = set()
    for order in permutations(enumerate(keys)):
        with memory() as root:
            store = LookupStore(root)
            for day, shown in order:
                write(store, "projects", {"id": "1", "key": shown}, day=day)
            (entry,) = store.read("projects")
            results.add((bytes(entry.entry), entry.read_at, frozenset(entry.former_keys)))
    assert len(results) == 1


def test_a_project_keeps_the_keys_that_it_had(store: LookupStore) -> None:
    for day, shown in enumerate(("SUP", "HELP", "DESK", "DESK")):
        write(store, "projects", {"id": "1", "key": shown}, day=day)
    write(store, "projects", {"id": "1", "key": "HELP", "projectKeys": ["HELP", "OLD"]}, day=5)
    (project,) = store.read("projects")
    assert project.former_keys == ("SUP", "DESK", "OLD")


def test_an_id_that_several_projects_have_tells_of_none(store: LookupStore) -> None:
    write(store, "projects", {"id": "1", "key": "A"}, {"id": "2", "key": "B"})
    write(store, "projects", {"id": "1", "key": "C"}, {"id": "1", "key": "D"}, {"id": "2", "key": "B"}, day=1)
    assert [(e.id, msgspec.json.decode(e.entry)["key"], e.listed) for e in store.read("projects")] == [
        ("1", "A", True),
        ("2", "B", True),
    ]


def test_only_a_change_is_another_version_and_each_change_is(store: LookupStore) -> None:
    versions = []
    for day, name in enumerate(("Ann", "Ann", "Eve", "Ann")):
        write(store, "users", {"accountId": "a", "displayName": name}, day=day)
        versions.append(store.version(USERS))
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3
    write(store, "sprints", {"id": 1}, day=9)
    assert store.version(USERS) == versions[-1]


@pytest.mark.parametrize("keyring", [NO_KEYS, Keyring.parse(key("k1"))], ids=["plain", "sealed"])
def test_who_is_forgotten_does_not_come_back(tmp_path: Path, keyring: Keyring) -> None:
    store = LookupStore(UPath(tmp_path), keyring)
    tombstone = Forgetting(UPath(tmp_path)).list.add(ACCOUNT)
    for day in range(2):
        write(store, "users", MARIA, {"accountId": "5b:bob", "displayName": "Bob"}, day=day)
    assert [entry.id for entry in store.read("users")] == ["5b:bob", tombstone]
    for path in tmp_path.rglob("site/*"):
        assert not [word for word in (NAME, ADDRESS, ACCOUNT) if word.encode() in path.read_bytes()]


def test_lists_are_sealed_and_come_under_another_key(tmp_path: Path) -> None:
    old, both = Keyring.parse(key("k1")), Keyring.parse(f"{key('k2')},{key('k1')}")
    write(LookupStore(UPath(tmp_path), old), "users", MARIA)
    assert NAME.encode() not in (tmp_path / "site" / "users.json").read_bytes()
    store = LookupStore(UPath(tmp_path), both)
    version = store.version(USERS)
    assert store.count_by_key("users") == {"k1": 1}
    assert store.rewrite("users").resealed == 1
    assert (store.count_by_key("users"), store.rewrite("users").resealed) == ({"k2": 1}, 0)
    assert store.version(USERS) == version


def test_a_damaged_list_is_named_and_others_are_read(store: LookupStore, tmp_path: Path) -> None:
    write(store, "users", {"accountId": "a"})
    write(store, "statuses", {"id": "1"})
    (tmp_path / "site" / "users.json").write_bytes(b"[{")
    with pytest.raises(RawLogError, match=r"users\.json cannot be read .*delete it"):
        write(store, "users", {"accountId": "b"}, day=1)
    assert read(store, "statuses") == [("1", None, True)]


@pytest.mark.parametrize("odd", [7, "text", None, [], {"name": "no id"}, {"id": {}}, {"id": None}])
def test_what_has_no_id_is_passed_over(store: LookupStore, odd: Any) -> None:
    write(store, "projects", odd, {"id": "1", "key": 7, "projectKeys": "x"})
    assert [entry.id for entry in store.read("projects")] == ["1"]


def test_what_was_read_by_a_clock_ahead_is_older_than_what_is_read_now(store: LookupStore) -> None:
    write(store, "versions", {"id": "1", "name": "old"}, {"id": "2", "name": "gone"}, day=3000)
    new = Raw(msgspec.json.encode({"id": "1", "name": "new"}))
    store.write("versions", {None: [new]}, MONDAY, now=MONDAY + timedelta(seconds=1))
    assert read(store, "versions") == [("1", "new", True), ("2", "gone", False)]
