from collections.abc import Iterator
from pathlib import Path

import pytest

from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, full_issue


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Issues 1 to 4 of SUP and 5 to 8 of ENG, all of one month, which are stored; SUP-1 has a comment."""
    issues = [full_issue(1, comments=1), *(full_issue(number) for number in range(2, 5))]
    issues += [full_issue(number, project="ENG") for number in range(5, 9)]
    with serve(Site(issues)) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([MONTH])
        copied.build()
        sandbox.traffic.requests.clear()
        yield copied
