"""`jira-assets migrate`: what an older version has left is brought to the names of this one."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jira_assets.files import write_durably

_DESCRIPTION = """\
Brings what Dagster knows of a copy made by an older version to the names of this one: the keys of
assets, which have the prefix jira/ now, and the modules that dagster.yaml names. Stop Dagster first.
Data need no migration: tables are rebuilt by themselves where that is needed. Doing it again changes
nothing."""

_MODULES = {
    "jira_assets.automation.run_coordinator": "jira_assets.defs.instance.runs",
    "jira_assets.automation.run_launcher": "jira_assets.defs.instance.runs",
}


def main(argv: Sequence[str]) -> int:
    """Returns 0 if all is carried over. Raises what Dagster's storage does."""
    parser = argparse.ArgumentParser(
        "jira-assets migrate", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(argv)
    _rename_modules(Path(os.environ.get("DAGSTER_HOME") or ".") / "dagster.yaml")
    from jira_assets.defs.instance.migration import migrate_configured_history  # needs all of Dagster

    migrate_configured_history(_tell)
    return 0


def _rename_modules(configuration: Path) -> None:
    if not configuration.exists():
        return
    before = after = configuration.read_text()
    for old, new in _MODULES.items():
        after = after.replace(old, new)
    if after != before:
        write_durably(configuration.parent, {configuration.name: after.encode()})
        _tell(f"{configuration} names the modules of this version")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
