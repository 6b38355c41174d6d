"""``jira-assets doctor``: looks at everything a run needs, and says what to do about what is missing."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from jira_assets import clock
from jira_assets.commands.doctor import machine_checks, site_checks
from jira_assets.commands.doctor.finding import Finding, Level, refused, warn
from jira_assets.commands.doctor.sign_in import impatient_client, sign_in
from jira_assets.jira.errors import JiraError
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

Check = Callable[[], Iterator[Finding]]


def main(argv: Sequence[str]) -> int:
    """Prints the findings as they come. Returns 1 if any of them is a FAIL, otherwise 0."""
    parser = argparse.ArgumentParser(
        prog="jira-assets doctor",
        description="Checks settings, site, account, projects, clock, disk and database, and says what to do "
        "about each problem. Changes nothing. Exit code 1 if a run would fail.",
    )
    parser.parse_args(argv)
    levels = []
    for finding in examine(Settings.load()):
        levels.append(finding.level)
        print(line(finding), flush=True)
    failures, warnings = levels.count(Level.FAIL), levels.count(Level.WARN)
    print(f"\n{failures} to repair, {warnings} to look at." if failures or warnings else "\nAll is well.")
    return 1 if failures else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """The findings of all checks that can be made, in the order in which problems are best solved."""
    yield from machine_checks.settings_are_well_formed(settings)
    yield from machine_checks.environment_file(Path(".env"))
    yield from _run("token life", partial(machine_checks.token_life, settings, clock.now().date()))
    yield from _examine_site(settings)
    yield from _run("keys", partial(machine_checks.keys, settings))
    yield from _run("disk", partial(machine_checks.disk, settings))
    yield from _run("folders", partial(machine_checks.folders, settings))
    yield from _run("database", partial(machine_checks.database, settings))


def line(finding: Finding) -> str:
    """A finding as it is printed: one line, and one more that says what to do."""
    remedy = f"\n{'':6}{'':13}What to do: {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<6}{finding.check:<13}{finding.message}{remedy}"


def _examine_site(settings: Settings) -> Iterator[Finding]:
    try:
        client = impatient_client(settings)
    except SettingsError as error:
        yield _not_checked("site", error)
        return
    with client:
        findings = sign_in(client, settings)
        yield from findings
        if findings[-1].level is Level.FAIL:
            return
        yield from _run("clock", partial(site_checks.clocks, client))
        yield from _run("permissions", partial(site_checks.permissions, client, settings))
        yield from _run("projects", partial(site_checks.projects, client, settings))
        yield from _run("start month", partial(site_checks.start_month, client, settings))
        yield from _run("switched off", partial(site_checks.site_settings, client))
        yield from _run("scopes", partial(site_checks.scopes, client, settings))
        yield from _run("SLAs", partial(site_checks.slas, client, settings))


def _run(name: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except SettingsError as error:
        yield _not_checked(name, error)
    except JiraError as error:
        yield refused(name, error)


def _not_checked(name: str, error: SettingsError) -> Finding:
    return warn(name, "not checked", f"Repair {error.variable} first.")
