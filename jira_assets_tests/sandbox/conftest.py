from collections.abc import Iterator

import pytest

from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.sandbox.caller import Caller, issue


@pytest.fixture(scope="session")
def generated() -> Iterator[RunningSandbox]:
    """A generated site of 120 issues, which no test changes."""
    with serve(generated_site(120)) as running:
        yield running


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    """A site of three small issues that a test may change."""
    with serve(Site(issue(number) for number in (1, 2, 3))) as running:
        yield running


@pytest.fixture
def caller(running: RunningSandbox) -> Caller:
    return Caller(running)
