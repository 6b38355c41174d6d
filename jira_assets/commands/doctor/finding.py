"""What a check of the doctor comes to."""

from dataclasses import dataclass
from enum import StrEnum

from jira_assets.jira.errors import JiraError


class Level(StrEnum):
    """How bad it is: WARN works but loses something, FAIL stops the pipeline."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``remedy`` says what to do about a problem. Never holds a secret."""

    level: Level
    check: str
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, check, message)


def warn(check: str, message: str, remedy: str) -> Finding:
    """Runs will work, but not do everything that might be expected."""
    return Finding(Level.WARN, check, message, remedy)


def fail(check: str, message: str, remedy: str) -> Finding:
    """Runs will fail."""
    return Finding(Level.FAIL, check, message, remedy)


def refused(check: str, error: JiraError) -> Finding:
    """A check that Jira did not let us finish."""
    status = "" if error.status is None else f"HTTP {error.status}: "
    return fail(check, f"{error.method} {error.path}: {status}{error.reason}", error.remedy)
