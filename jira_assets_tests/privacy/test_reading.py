"""What the policy makes of the published copy, and that those who hold the key read all of it."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from upath import UPath

from jira_assets import cli, privacy
from jira_assets.commands import decrypt as decrypt_command
from jira_assets.privacy.keyring import NO_KEYS
from jira_assets.sandbox.people import PEOPLE
from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.issue import Site
from jira_assets.tables.mapping_file import read_mapping
from jira_assets.tables.policy import PRESETS, Policy
from jira_assets.tables.protection import Protection
from jira_assets.warehouse.connection import connect
from jira_assets.warehouse.publish import publish_months, publish_views
from jira_assets.warehouse.refresh import Refresh
from jira_assets_tests.privacy.keys import key, keyring
from jira_assets_tests.warehouse.filled import MONTHS, fetch

KEYS = keyring("now")
SITE = Site(names=(("customfield_10052", "Severity"),))
Publish = Callable[[str], Path]


@pytest.fixture(scope="module")
def publish(tmp_path_factory: pytest.TempPathFactory) -> Publish:
    """Publishes the same issues under a preset, once each, and gives the database of views."""
    folder = tmp_path_factory.mktemp("site")
    raw = fetch(folder)
    published: dict[str, Path] = {}

    def under(preset: str) -> Path:
        if preset not in published:
            policy = Policy(PRESETS[preset])
            tables = Catalogue(read_mapping(), policy).tables
            database, target = folder / preset / "warehouse.duckdb", UPath(folder / preset / "published")
            keys = KEYS if policy.needs_key else NO_KEYS
            Refresh(raw, database, tables, SITE, Protection(policy, keys)).run(MONTHS)
            with connect(database, read_only=True) as connection:
                publish_months(connection, tables, MONTHS, target)
            published[preset] = Path(str(publish_views(target, tables, SITE)))
        return published[preset]

    return under


def ask(views: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(views), read_only=True) as connection:
        return connection.execute(query).fetchall()


def everything(connection: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """The types and rows of all views."""
    views = [name for (name,) in connection.execute("SHOW TABLES").fetchall() if name.startswith("jira_")]
    return {
        name: (
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall(),
            connection.execute(f"FROM {name} ORDER BY ALL").fetchall(),
        )
        for name in views
    }


def texts(views: Path) -> str:
    """All that can be read of a published copy without a key, and the bytes of the pipeline's own file."""
    with duckdb.connect(str(views), read_only=True) as connection:
        readable = str(everything(connection))
    return readable + (views.parent.parent / "warehouse.duckdb").read_bytes().decode("latin-1")


@pytest.mark.parametrize("preset", ["identities", "strict"])
def test_who_holds_the_key_reads_what_there_was_without_one(publish: Publish, preset: str) -> None:
    with duckdb.connect(str(publish("open")), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        plain = everything(connection)
    with privacy.connect(publish(preset), key("now")) as connection:
        assert everything(connection) == plain


@pytest.mark.parametrize("preset", ["identities", "strict"])
def test_nobody_else_reads_a_name_or_an_address(publish: Publish, preset: str) -> None:
    found = texts(publish(preset))
    for person in PEOPLE:
        assert person.get("emailAddress", "no address") not in found
    names = ask(
        publish("open"), "SELECT DISTINCT author_name FROM jira_comments WHERE author_name IS NOT NULL"
    )
    assert len(names) > 3
    for column in ("jira_comments.author_name", "jira_issues.assignee_name", "jira_changelog.to_value"):
        view, name = column.split(".")
        assert not {value for (value,) in ask(publish(preset), f"SELECT {name} FROM {view}")} & {
            name for (name,) in names
        }


def test_a_strict_copy_has_no_sentence(publish: Publish) -> None:
    found = texts(publish("strict"))
    sentences = ask(publish("open"), "SELECT summary FROM jira_issues UNION SELECT body FROM jira_comments")
    said = [text for (text,) in sentences if isinstance(text, str) and len(text) > 10]
    assert len(said) > 20
    assert [text for text in said if text in found] == []
    assert not [person for person in PEOPLE if str(person["accountId"]) in found]


def test_pseudonyms_can_be_joined_and_counted(publish: Publish) -> None:
    query = (
        "SELECT count(*), count(DISTINCT comment.author_name) FROM jira_comments AS comment "
        "JOIN jira_issues AS issue ON issue.assignee_name = comment.author_name"
    )
    assert ask(publish("identities"), query) == ask(publish("open"), query)
    assert ask(publish("strict"), query) == ask(publish("open"), query)


def test_without_the_right_key_a_query_names_the_one_it_needs(publish: Publish) -> None:
    with (
        privacy.connect(publish("identities"), key("then")) as connection,
        pytest.raises(duckdb.Error, match="'now'"),
    ):
        connection.execute("SELECT assignee_name FROM jira_issues").fetchall()


def test_single_columns_can_be_revealed(publish: Publish) -> None:
    with privacy.connect(publish("strict"), KEYS) as connection:
        query = (
            "SELECT reveal(summary, 'jira_issues.summary', issue_id) FROM published.jira_issues "
            "EXCEPT SELECT summary FROM jira_issues"
        )
        assert connection.execute(query).fetchall() == []


def test_a_value_that_was_moved_is_refused(publish: Publish) -> None:
    with duckdb.connect(str(publish("strict")), read_only=True) as views:
        rows = views.execute("SELECT comment_id, issue_id, body FROM jira_comments LIMIT 2").fetchall()
    (comment, issue, body), (other, its_issue, _) = rows
    with privacy.connect(publish("strict"), KEYS) as connection:

        def read(column: str, row: str) -> object:
            return connection.execute("SELECT reveal(?, ?, ?)", [body, column, row]).fetchone()

        assert read("jira_comments.body", f"{comment}/{issue}")
        elsewhere = [
            ("jira_comments.body", f"{other}/{its_issue}"),
            ("jira_comments.author_name", f"{comment}/{issue}"),
            ("jira_worklogs.body", f"{comment}/{issue}"),
        ]
        for column, row in elsewhere:
            with pytest.raises(duckdb.Error, match="cannot be decrypted"):
                read(column, row)


def test_a_copy_from_before_values_were_bound_can_be_read(publish: Publish, tmp_path: Path) -> None:
    views = tmp_path / "jira.duckdb"
    shutil.copy(publish("identities"), views)
    with duckdb.connect(str(views)) as connection:
        connection.execute("ALTER TABLE protected_columns DROP COLUMN row_key")
        connection.execute("ALTER TABLE protected_columns DROP COLUMN domains")
    with privacy.connect(views, KEYS) as connection, privacy.connect(publish("identities"), KEYS) as now:
        assert everything(connection) == everything(now)


def test_the_copy_says_which_of_its_columns_are_protected(publish: Publish) -> None:
    query = "SELECT treatment, type FROM protected_columns WHERE view_name = 'jira_comments' ORDER BY ALL"
    assert ask(publish("identities"), query) == [("pseudonym", "VARCHAR")] * 3


@pytest.fixture
def configured(publish: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    views = publish("strict")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JIRA_DATA_DIR", str(views.parent.parent))
    monkeypatch.setenv("JIRA_ENCRYPTION_KEYS", key("now"))
    return views


@pytest.mark.usefixtures("configured")
def test_the_command_answers_queries(publish: Publish, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT issue_key, summary FROM {} ORDER BY issue_key LIMIT 1"
    assert decrypt_command.main(["--query", query.format("jira_issues")]) == 0
    ((issue_key, summary),) = ask(publish("open"), query.format("jira_issues"))
    assert capsys.readouterr().out == f"issue_key,summary\n{issue_key},{summary}\n"


def test_the_command_reads_values_and_passes_on_the_rest(
    configured: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ((sealed,),) = ask(configured, "SELECT any_value(assignee_name) FROM jira_issues")
    assert cli.main(["decrypt", str(sealed)]) == 0
    name = capsys.readouterr().out.strip()
    assert name in {person["displayName"] for person in PEOPLE}
    monkeypatch.setattr("sys.stdin", io.StringIO(f"1,{sealed}\n2,plain\n"))
    assert decrypt_command.main([]) == 0
    assert capsys.readouterr().out == f"1,{name}\n2,plain\n"


@pytest.mark.usefixtures("configured")
def test_the_command_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decrypt_command.main(["--query", "SELECT nothing FROM jira_issues"]) == 1
    assert "nothing" in capsys.readouterr().err
    monkeypatch.delenv("JIRA_ENCRYPTION_KEYS")
    assert decrypt_command.main(["x"]) == 1
    assert "JIRA_ENCRYPTION_KEYS is not set" in capsys.readouterr().err
