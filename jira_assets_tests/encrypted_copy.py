"""Copies a site with the keys and the policy of the environment: a process reads them once."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from jira_assets.inbox.drain import Drain
from jira_assets.inbox.inbox import Delivery, Inbox
from jira_assets.sandbox.generate import generated_site
from jira_assets.settings import Settings
from jira_assets_tests.events.bodies import change
from jira_assets_tests.pipeline import pipeline

ISSUES = 60
FIRST, LAST = "2026-09", "2026-10"
_SETTINGS = ("JIRA_ENCRYPTION_KEYS", "JIRA_PRIVACY")


def main(folder: Path) -> None:
    """A month's run, an event, a delivery that is none, and a run for what the event has queued."""
    given = {name: os.environ[name] for name in _SETTINGS}
    with pipeline(generated_site(ISSUES), folder, **given) as pipe:
        run = pipe.run(FIRST, LAST)
        assert run.success, run.errors
        assert not pipe.failed_checks()
        settings = Settings.load()
        inbox = Inbox(settings.inbox_dir, settings.keyring)
        issue_id = pipe.query("SELECT issue_id FROM jira.issues LIMIT 1")[0][0]
        inbox.add(
            [Delivery.arrived("an event", datetime.now(UTC), None, change(pipe.sandbox.site, issue_id))]
        )
        Drain.from_settings(settings).run(60)
        inbox.add([Delivery.arrived("another", datetime.now(UTC), None, change(pipe.sandbox.site, issue_id))])
        assert list(Path(settings.queue_dir).glob("*/*"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
