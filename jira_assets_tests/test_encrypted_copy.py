"""What somebody finds who takes the data folder of an encrypted copy, and not the key."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import zstandard

from jira_assets import privacy
from jira_assets.sandbox.generate import generate
from jira_assets.sandbox.people import PEOPLE
from jira_assets_tests import encrypted_copy
from jira_assets_tests.privacy.keys import key

_PRIVATE = ("raw", "inbox", "queue", "events", "attachments")
_LONG_ENOUGH = 16  # characters: shorter ones might be found in anything


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a strictly private copy."""
    folder = tmp_path_factory.mktemp("copy")
    policy = tmp_path_factory.mktemp("policy") / "privacy.toml"
    policy.write_text('preset = "strict"')
    environment = {**os.environ, "JIRA_ENCRYPTION_KEYS": key("now"), "JIRA_PRIVACY": str(policy)}
    command = [sys.executable, "-m", encrypted_copy.__name__, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """The bytes of all files, and what is in those that are only compressed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(pl.read_parquet(path).to_dicts()).encode()
            if path.suffix == ".zst":
                with zstandard.open(path, "rb") as file:
                    yield path, file.read()


def said(value: Any) -> Iterator[str]:
    """All texts in a document, or in what is one."""
    if isinstance(value, dict):
        yield from said(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from said(each)
    elif isinstance(value, str) and len(value) >= _LONG_ENOUGH and " " in value:
        yield value


def secrets() -> set[bytes]:
    """Names, addresses, account ids and sentences of the site."""
    people = {str(person[name]) for person in PEOPLE for name in ("displayName", "accountId")}
    addresses = {str(person["emailAddress"]) for person in PEOPLE if "emailAddress" in person}
    fields = [issue["fields"] for issue in generate(encrypted_copy.ISSUES)]
    texts = [fields_[name] for fields_ in fields for name in ("summary", "description") if fields_.get(name)]
    comments = [
        comment["body"] for each in fields for comment in (each.get("comment") or {}).get("comments", ())
    ]
    sentences = {text for value in [*texts, *comments] for text in said(value)}
    assert len(sentences) > 50
    return {text.encode() for text in people | addresses | sentences}


def test_nothing_in_the_whole_folder_tells_of_anybody_or_anything_said(copy: Path) -> None:
    hidden = secrets()
    found = {(path.name, text) for path, content in contents(copy) for text in hidden if text in content}
    assert found == set()


def test_every_place_has_been_written_to(copy: Path) -> None:
    for name in _PRIVATE:
        assert any(path.is_file() for path in (copy / name).rglob("*")), name
    assert list(copy.glob("published/*/*.parquet"))


def test_files_are_for_their_owner_only(copy: Path) -> None:
    for name in _PRIVATE:
        modes = {path.stat().st_mode & 0o077 for path in [copy / name, *(copy / name).rglob("*")]}
        assert modes == {0}, name


def test_with_the_key_everything_is_there(copy: Path) -> None:
    with privacy.connect(copy / "published" / "jira.duckdb", key("now")) as connection:
        names = {name for (name,) in connection.execute("SELECT author_name FROM jira_comments").fetchall()}
        assert names & {person["displayName"] for person in PEOPLE}
        ((count,),) = connection.execute(
            "SELECT count(*) FROM jira_issues WHERE summary LIKE '% %' AND custom_fields->>'$' LIKE '{%'"
        ).fetchall()
    assert count > 5


def test_without_the_key_a_query_names_it(copy: Path) -> None:
    with (
        privacy.connect(copy / "published" / "jira.duckdb", key("another")) as connection,
        pytest.raises(duckdb.Error, match="'now'"),
    ):
        connection.execute("SELECT summary FROM jira_issues").fetchall()
