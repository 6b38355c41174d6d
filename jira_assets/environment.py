"""The variables that configure us, read from the environment, over those in a file."""

import io
import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

VARIABLES = (
    "JIRA_DOMAIN",
    "JIRA_BASE_URL",
    "JIRA_EMAIL",
    "JIRA_API_TOKEN",
    "JIRA_CLOUD_ID",
    "JIRA_PROJECTS",
    "JIRA_START_MONTH",
    "JIRA_DATA_DIR",
    "JIRA_SLA_EMAIL",
    "JIRA_SLA_API_TOKEN",
    "JIRA_WEBHOOK_SECRET",
    "JIRA_WEBHOOK_SECRET_PREVIOUS",
    "JIRA_EVENT_RETENTION_DAYS",
    "JIRA_OAUTH_CLIENT_ID",
    "JIRA_OAUTH_CLIENT_SECRET",
    "JIRA_TOKEN_EXPIRES",
    "JIRA_ALERT_URL",
    "JIRA_MAX_DELETED_PERCENT",
)


def read_variables(file: Path) -> tuple[Mapping[str, str], str | None]:
    """All ``VARIABLES``, blank if not set, and why the file cannot be read, if it cannot."""
    from_file, unreadable = _read_dotenv(file)
    values = {name: os.environ.get(name, "").strip() or from_file.get(name, "") for name in VARIABLES}
    return values, unreadable


def _read_dotenv(path: Path) -> tuple[dict[str, str], str | None]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows may put a byte order mark first
    except FileNotFoundError:
        return {}, None
    except UnicodeDecodeError:
        return {}, "it is not UTF-8 text"
    except OSError as error:
        return {}, error.strerror or type(error).__name__
    # Without interpolation: a token may contain a dollar sign.
    parsed = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value.strip() for name, value in parsed.items() if value}, None
