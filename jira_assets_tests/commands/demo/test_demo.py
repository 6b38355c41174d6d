import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from upath import UPath

from jira_assets.commands.demo.folder import demo_folder
from jira_assets.commands.demo.main import main
from jira_assets.commands.demo.processes import DemoError
from jira_assets.commands.demo.queries import QUERIES, show_queries
from jira_assets.privacy.key import new_key
from jira_assets.sandbox.generate import generated_site
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import transaction
from jira_assets.warehouse.publish import publish_months, publish_table, publish_views
from jira_assets.warehouse.store import begin_changes, create
from jira_assets_tests.default_tables import TABLES

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published copy of a site without issues."""
    folder = tmp_path_factory.mktemp("published")
    database = folder / "warehouse.duckdb"
    with transaction(database) as connection:
        begin_changes(connection, TABLES, [], {})
        create(connection, UNPARTITIONED)
        publish_months(connection, TABLES, ["2026-01"], UPath(folder))
    for table in UNPARTITIONED:
        publish_table(database, table, UPath(folder))
    return Path(str(publish_views(UPath(folder), TABLES, Site())))


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoError, match="no demo has put there"), demo_folder(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_an_earlier_demo_left_is_deleted(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "demo") as folder:
        (folder / "raw").mkdir()
        (folder / "raw" / "old").touch()
    with demo_folder(tmp_path / "demo") as folder:
        assert not (folder / "raw").exists()


def test_the_folder_of_a_running_demo_is_not_touched(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "demo") as folder:
        (folder / "raw").mkdir()
        with pytest.raises(DemoError, match="another demo is using"), demo_folder(tmp_path / "demo"):
            pass
        assert (folder / "raw").exists()


def test_dagster_runs_with_the_checkouts_own_configuration(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "demo") as folder:
        for name in ("dagster.yaml", "workspace.yaml"):
            assert (folder / name).read_text() == (CHECKOUT / name).read_text()


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(DemoError, match=f"port {taken_port} cannot be used.*--port {taken_port + 1}"):
        main(["--port", str(taken_port), "--data-dir", str(tmp_path / "demo")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl"):
        main(["--file", str(tmp_path / "none.jsonl"), "--port", "0", "--data-dir", str(tmp_path / "demo")])


def test_the_site_of_the_demo_is_alive_today() -> None:
    now = time.time_ns() // 1_000_000
    newest = max(issue.updated for issue in generated_site(300, now=now))
    assert now - 7 * 86_400_000 < newest <= now


def test_the_queries_of_the_demo_run_on_the_published_copy(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_queries(published, new_key("now"))
    printed = capsys.readouterr().out
    assert all(query.question in printed for query in QUERIES)


def test_sigterm_during_the_start_leaves_nothing_running(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--issues", "10", "--port", str(port), "--data-dir", str(tmp_path / "demo")]
    code = "import sys; from jira_assets.cli import main; sys.exit(main(['demo', *sys.argv[1:]]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        line = demo.stdout.readline()
        site = re.findall(r"http://\S+:\d+", line)[0]
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(timeout=60) == 128 + signal.SIGTERM
    with pytest.raises(requests.ConnectionError):
        requests.get(site, timeout=5)
    assert not _processes_with_in_environment(str(tmp_path / "demo"))


def _processes_with_in_environment(text: str) -> list[str]:
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended since, or is somebody else's
            if text.encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return found
