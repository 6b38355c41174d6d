"""The code location at work, on a site behind a proxy that makes answers odd."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jira_assets.sandbox.site import Site
from jira_assets_tests.oddities.odd_site import Hook, Proxy, as_it_is
from jira_assets_tests.pipeline import Pipeline, pipeline


@contextmanager
def odd_pipeline(
    issues: Sequence[dict[str, Any]], folder: Path, hook: Hook = as_it_is, **settings: str
) -> Iterator[Pipeline]:
    """A pipeline that reads a site with these issues through ``hook``."""
    with pipeline(Site(issues), folder, **settings) as pipe, pytest.MonkeyPatch.context() as patch:
        proxy = Proxy(pipe.sandbox.url, hook)
        patch.setenv("JIRA_BASE_URL", proxy.url)
        try:
            yield pipe
        finally:
            proxy.close()
