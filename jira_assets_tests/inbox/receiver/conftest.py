from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.inbox.inbox import Inbox
from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import SECRET


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings({"JIRA_WEBHOOK_SECRET": SECRET, "JIRA_DATA_DIR": str(tmp_path / "data")})


@pytest.fixture
def inbox(settings: Settings) -> Inbox:
    return Inbox(settings.inbox_dir)


@pytest.fixture
def unreadable(settings: Settings) -> Inbox:
    return Inbox(settings.unreadable_dir)


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    """The address of a receiver with these settings."""
    with running(settings) as address:
        yield address
