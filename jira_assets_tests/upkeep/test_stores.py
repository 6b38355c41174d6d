"""Whatever is kept is in the list."""

import os
from pathlib import Path

from growth import BUDGETS

from jira_assets.files import bytes_below
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import serve
from jira_assets.settings import Settings
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.upkeep.stores import disk_usage, stores, sweep, unfinished
from jira_assets_tests.events.bodies import body
from jira_assets_tests.events.copying import Copy, months_of


def settings_of(folder: Path) -> Settings:
    return Settings({"JIRA_DATA_DIR": str(folder)})


def test_what_is_counted_has_a_column_and_a_budget(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    columns = {name.removesuffix("_bytes") for name in DATA_HEALTH.schema if name.endswith("_bytes")}
    assert disk_usage(settings).keys() == columns - {"history"}
    names = {store.folder.name.removesuffix(".duckdb") for store in stores(settings)}
    assert names < BUDGETS.keys()


def test_the_bytes_of_a_copy_are_told(tmp_path: Path) -> None:
    with serve(generated_site(10)) as sandbox:
        copied = Copy(sandbox, tmp_path)
        copied.backfill(months_of(sandbox))
        copied.build()
        copied.deliver(body("user_created", 1))
    usage = disk_usage(settings_of(tmp_path))
    assert usage["raw"] == bytes_below(tmp_path / "raw") > 1000
    assert usage["warehouse"] == sum(path.stat().st_size for path in tmp_path.glob("warehouse.duckdb*"))
    assert usage["queue"] > 50
    assert usage["attachments"] == bytes_below(tmp_path / "attachments") > 1000
    assert (usage["archive"], usage["published"]) == (0, 0)


def test_what_killed_writers_left_is_swept_from_every_store(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    left = []
    for store in stores(settings):
        folder = tmp_path if store.name == "tables" else tmp_path / store.folder.name / "below"
        folder.mkdir(parents=True, exist_ok=True)
        left.append(folder / f".{store.name}.tmp")
        left[-1].touch()
    assert set(unfinished(settings)) == set(left)
    sweep(settings)
    assert all(path.exists() for path in left)  # their writers may be at work
    for path in left:
        os.utime(path, (0, 0))
    sweep(settings)
    assert not any(path.exists() for path in left)
