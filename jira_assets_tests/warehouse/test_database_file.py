"""The first file: whole from the moment it is there, however many make it, and whatever was left before."""

import sys
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

import duckdb
import pytest

from jira_assets.warehouse.connection import WarehouseError, connect, transaction
from jira_assets.warehouse.database_file import Unfinished, contents, log_of, look
from jira_assets.warehouse.purge import purge
from jira_assets_tests.limits import no_file_larger_than

_ADD = """
import sys
from pathlib import Path
from jira_assets.warehouse.connection import transaction
print("ready", flush=True)
sys.stdin.readline()
with transaction(Path(sys.argv[1])) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER); INSERT INTO numbers VALUES (1)")
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def add(database: Path) -> None:
    with transaction(database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)")
        connection.execute("INSERT INTO numbers SELECT 1 FROM range(5000)")


def count(database: Path) -> int:
    with connect(database, read_only=True) as connection:
        return sum(
            len(connection.execute(f"FROM {name}").fetchall()) for (_, name, _), _ in contents(connection)
        )


def checkpoint(database: Path) -> None:
    with connect(database) as connection:
        connection.execute("CHECKPOINT")


@pytest.mark.parametrize("size", [0, 4096, 8192])
@pytest.mark.parametrize("read_only", [True, False], ids=["read", "written"])
def test_known_defect_53_the_beginning_of_a_file_that_never_held_anything_is_no_obstacle(
    database: Path, size: int, read_only: bool
) -> None:
    with connect(database):
        pass
    database.write_bytes(database.read_bytes()[:size])
    with connect(database, read_only=read_only) as connection:
        assert contents(connection) == []
    add(database)
    assert count(database) == 5000


@pytest.mark.parametrize("size", [4112, 8192])
def test_what_is_left_of_a_file_that_held_something_is_not_taken_for_an_empty_one(
    database: Path, size: int
) -> None:
    add(database)
    checkpoint(database)
    database.write_bytes(database.read_bytes()[:size])
    with pytest.raises(WarehouseError, match="run `jira-assets rebuild`"):
        add(database)
    assert database.stat().st_size == size


def test_a_beginning_beside_a_log_of_changes_is_not_taken_for_an_empty_file(database: Path) -> None:
    add(database)
    assert log_of(database).stat().st_size
    database.write_bytes(b"")
    with pytest.raises(WarehouseError, match="run `jira-assets rebuild`"):
        add(database)
    assert log_of(database).stat().st_size


def test_the_log_of_a_file_that_was_moved_away_does_not_keep_another_from_being_made(database: Path) -> None:
    add(database)
    database.unlink()
    add(database)
    assert count(database) == 5000


def test_known_defect_53_processes_that_make_the_file_at_once_lose_nothing(database: Path) -> None:
    command = [sys.executable, "-c", _ADD, str(database)]
    with ExitStack() as stack:
        writers = [stack.enter_context(Popen(command, text=True, stdin=PIPE, stdout=PIPE)) for _ in range(3)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.close()  # go
        assert [writer.wait() for writer in writers] == [0] * len(writers)
    assert count(database) == len(writers)


@pytest.mark.parametrize("room", [0, 4096, 8192])
def test_known_defect_53_a_full_disk_leaves_nothing_of_a_first_file(database: Path, room: int) -> None:
    with no_file_larger_than(room), pytest.raises(WarehouseError, match="cannot make"):
        add(database)
    assert list(database.parent.iterdir()) == []


def test_a_full_disk_leaves_a_file_that_is_purged_as_it_was(database: Path) -> None:
    add(database)
    checkpoint(database)
    before = database.read_bytes()
    with no_file_larger_than(12_288), pytest.raises(Exception, match=r"(?i)write|checkpoint"):
        purge(database)
    assert database.read_bytes() == before
    purge(database)
    assert count(database) == 5000


def test_a_file_that_lacks_what_was_written_is_noticed(database: Path) -> None:
    add(database)
    with connect(database, read_only=True) as connection:
        written = contents(connection)
    with duckdb.connect() as connection:
        look(connection, database, written)
    log_of(database).unlink()  # as if closing the file had failed
    with (
        duckdb.connect() as connection,
        pytest.raises(Unfinished, match="does not hold what was written"),
    ):
        look(connection, database, written)
