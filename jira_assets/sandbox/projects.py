"""The projects of a generated site: two of software, a service desk, and one in German."""

from dataclasses import dataclass
from typing import Any

from jira_assets.sandbox.people import BASE_URL

_CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
_GERMAN_CATEGORIES = {"new": "Zu erledigen", "indeterminate": "In Arbeit", "done": "Fertig"}
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")


@dataclass(frozen=True, slots=True)
class Project:
    """``share`` is how many of every 20 issues belong to it."""

    key: str
    id: str
    name: str
    kind: str
    share: int
    statuses: tuple[tuple[str, str], ...]
    types: tuple[str, ...]
    subtask: str = ""
    german: bool = False
    simplified: bool = False

    def reference(self) -> dict[str, Any]:
        """As in ``fields.project``."""
        return {
            "self": f"{BASE_URL}/rest/api/3/project/{self.id}",
            "id": self.id,
            "key": self.key,
            "name": self.name,
            "projectTypeKey": self.kind,
            "simplified": self.simplified,
        }

    def status(self, index: int) -> dict[str, Any]:
        """One status; its category's name is in the project's language, the key never is."""
        name, category = self.statuses[index]
        number, colour, english = _CATEGORIES[category]
        return {
            "self": f"{BASE_URL}/rest/api/3/status/{self.id}{index}",
            "description": "",
            "iconUrl": f"{BASE_URL}/",
            "name": name,
            "id": f"{self.id}{index}",
            "statusCategory": {
                "self": f"{BASE_URL}/rest/api/3/statuscategory/{number}",
                "id": number,
                "key": category,
                "colorName": colour,
                "name": _GERMAN_CATEGORIES[category] if self.german else english,
            },
        }

    def issue_type(self, name: str) -> dict[str, Any]:
        number = f"1{self.id}{(*self.types, self.subtask).index(name)}"
        return {
            "self": f"{BASE_URL}/rest/api/3/issuetype/{number}",
            "id": number,
            "description": "",
            "name": name,
            "subtask": bool(self.subtask) and name == self.subtask,
            "hierarchyLevel": -1 if name == self.subtask else 0,
        }


_SOFTWARE = (
    ("To Do", "new"),
    ("In Progress", "indeterminate"),
    ("In Review", "indeterminate"),
    ("Done", "done"),
)
_DESK = (
    ("Waiting for support", "new"),
    ("In progress", "indeterminate"),
    ("Waiting for customer", "indeterminate"),
    ("Resolved", "done"),
    ("Canceled", "done"),
)
_GERMAN = (("Offen", "new"), ("In Bearbeitung", "indeterminate"), ("Fertig", "done"))

PROJECTS = (
    Project("APP", "10000", "Application", "software", 8, _SOFTWARE, ("Story", "Bug", "Task"), "Sub-task"),
    Project(
        "SUPPORT", "10001", "Support", "service_desk", 7, _DESK, ("Service Request", "Incident", "Question")
    ),
    Project(
        "KUNDE",
        "10002",
        "Kundenprojekt",
        "software",
        3,
        _GERMAN,
        ("Aufgabe", "Fehler"),
        "Unteraufgabe",
        german=True,
    ),
    Project(
        "DATA", "10003", "Data & Platform", "software", 2, _SOFTWARE, ("Task",), "Subtask", simplified=True
    ),
)
# Every block of 20 issues is spread over the projects in the same way, so that the project and the number of
# any issue follow from its place alone.
PATTERN = tuple(project for round_ in range(8) for project in PROJECTS if round_ < project.share)
