"""What the doctor finds, in tests: of a small site, with settings that are in order unless replaced."""

from pathlib import Path
from typing import Any

from jira_assets.commands.doctor import main as doctor
from jira_assets.commands.doctor.finding import Finding, Level
from jira_assets.sandbox.server import RunningSandbox
from jira_assets.sandbox.site import Site
from jira_assets.settings import Settings

TOKEN = "sandbox-token"
SCOPED_TOKEN = "sandbox-scoped-token"
CLIENT_SECRET = "sandbox-client-secret"
OAUTH = {
    "JIRA_API_TOKEN": "",
    "JIRA_OAUTH_CLIENT_ID": "sandbox-client",
    "JIRA_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
}


class Examine:
    """Examines a sandbox's site."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self.values = {
            "JIRA_BASE_URL": sandbox.url,
            "JIRA_EMAIL": "me@example.com",
            "JIRA_API_TOKEN": TOKEN,
            "JIRA_DATA_DIR": str(folder / "data"),
        }

    def __call__(self, **replaced: str) -> dict[str, Finding]:
        """The worst finding of each check, with some variables replaced."""
        findings = list(doctor.examine(Settings({**self.values, **replaced})))
        assert all(finding.remedy for finding in findings if finding.level is not Level.OK)
        secrets = (TOKEN, SCOPED_TOKEN, CLIENT_SECRET)
        assert not any(secret in doctor.line(finding) for finding in findings for secret in secrets)
        order = list(Level)
        return {
            finding.check: finding for finding in sorted(findings, key=lambda each: order.index(each.level))
        }


def small_site() -> Site:
    """Three issues in SUP and ENG, the oldest of March 2021."""
    return Site([issue(1, "SUP", "2021-03-05"), issue(2, "ENG", "2022-01-31"), issue(3, "SUP", "2023-01-01")])


def issue(number: int, project: str, created: str, kind: str = "software") -> dict[str, Any]:
    """An issue of a project of some kind."""
    moment = f"{created}T10:00:00.000+0000"
    fields = {
        "project": {"id": project, "key": project, "name": project, "projectTypeKey": kind},
        "created": moment,
        "updated": moment,
    }
    return {"id": str(number), "key": f"{project}-{number}", "fields": fields}
