"""What the README and docs/ name exists, what they show runs, and what is generated is up to date."""

import re
import sys
from pathlib import Path

import duckdb
import pytest
from upath import UPath

from jira_assets.cli import COMMANDS
from jira_assets.commands.demo.queries import QUERIES
from jira_assets.definitions import defs
from jira_assets.privacy.key import new_key
from jira_assets.settings import VARIABLES
from jira_assets.tables.catalogue import UNPARTITIONED
from jira_assets.tables.issue import Site
from jira_assets.warehouse.connection import transaction
from jira_assets.warehouse.publish import publish_months, publish_table, publish_views
from jira_assets.warehouse.store import begin_changes, create
from jira_assets_tests.default_tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
PAGES = {path.name: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
EVERYTHING = "\n".join(PAGES.values())


def blocks(language: str) -> list[str]:
    """The code of this language, in all pages."""
    return re.findall(rf"```{language}\n(.*?)```", EVERYTHING, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the published copy of a site without issues, below `data`."""
    root = tmp_path_factory.mktemp("docs")
    database, published = root / "warehouse.duckdb", UPath(root / "data" / "published")
    with transaction(database) as connection:
        begin_changes(connection, TABLES, [], {})
        create(connection, UNPARTITIONED)
        publish_months(connection, TABLES, ["2026-01"], published)
    for table in UNPARTITIONED:
        publish_table(database, table, published)
    publish_views(published, TABLES, Site())
    return root


@pytest.mark.parametrize("sql", blocks("sql"))
def test_every_query_runs_on_the_published_copy(folder: Path, sql: str) -> None:
    with duckdb.connect(folder / "data" / "published" / "jira.duckdb", read_only=True) as connection:
        connection.execute(sql)


@pytest.mark.parametrize("code", blocks("python"))
def test_all_python_runs(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    exec(code, {"keys": new_key("docs")})  # noqa: S102 - our own documentation


def test_the_queries_of_the_demo_are_documented() -> None:
    assert not [query.question for query in QUERIES if query.sql not in EVERYTHING]


def test_every_table_setting_command_job_and_automation_is_documented() -> None:
    for table in (*TABLES, *UNPARTITIONED):
        assert f"| `{table.view}` | {', '.join(table.primary_key)} |" in PAGES["tables.md"]
    assert not [name for name in VARIABLES if f"`{name}`" not in PAGES["settings.md"]]
    commands = [command.name for command in COMMANDS if command.name not in ("sandbox", "demo")]
    assert not [name for name in commands if f"jira-assets {name}" not in EVERYTHING]
    assert not [name for name in automation() if f"`{name}`" not in EVERYTHING]


def test_every_command_and_check_that_is_named_exists() -> None:
    commands = {command.name for command in COMMANDS}
    assert {*re.findall(r"jira-assets ([a-z][a-z-]+)", EVERYTHING)} <= commands | {"doctor"}
    named = set(re.findall(r"^\| `(\w+)` \|", PAGES["operations.md"], re.MULTILINE))
    repository = defs.get_repository_def()
    checks = {key.name for key in repository.asset_graph.asset_check_keys}
    assert named <= checks | automation()


def automation() -> set[str]:
    """The names of all schedules and sensors."""
    repository = defs.get_repository_def()
    return {schedule.name for schedule in repository.schedule_defs} | {
        sensor.name for sensor in repository.sensor_defs
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = folder / path if path else folder / page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]


def test_every_module_that_the_architecture_names_is_there() -> None:
    files = {str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/*.py")}
    named = re.findall(r"`([\w/]+\.py)`", PAGES["architecture.md"] + PAGES["contributing.md"])
    assert named
    for name in named:
        assert any(f"/{file}".endswith(f"/{name}") for file in files), name


def test_what_is_generated_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from generate import generated

    stale = [name for name, text in generated().items() if (ROOT / name).read_text() != text]
    assert stale == [], "run make docs"
    sys.modules.pop("generate"), sys.modules.pop("images")


def test_the_readme_is_short() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 140
