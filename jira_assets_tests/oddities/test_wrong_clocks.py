"""Whatever this machine's clock says, and whoever has believed it before, the tables equal Jira in the end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jira_assets import clock
from jira_assets.sandbox.server import RunningSandbox
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy, assert_equals_a_backfill
from jira_assets_tests.jira.issues import MONTH

FIRST, SECOND = "10001", "10002"
HOURS, YEARS = timedelta(hours=3), timedelta(days=3000)
OFF = [HOURS, -HOURS, YEARS, -YEARS]
