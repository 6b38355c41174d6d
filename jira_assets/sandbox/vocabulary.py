"""Which statuses, types, priorities and components the issues of a site use."""

from typing import Any

import msgspec

from jira_assets.sandbox.people import BASE_URL
from jira_assets.sandbox.plan import LINK_TYPES, priority
from jira_assets.sandbox.projects import PRIORITIES, Project
from jira_assets.sandbox.site import Site

Named = dict[str, Any]
"""A value with ``id`` and ``name``, as Jira shows statuses, types, components and so on."""

_SAMPLE = 300
_NO_PROJECT = Project(
    "", "99", "", "software", 0, (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done")), ()
)
_COMPONENTS = ("API", "UI", "Büro")
_RESOLUTIONS = (("10000", "Done"), ("10001", "Won't Do"), ("10002", "Duplicate"))


class Vocabulary:
    """Learned from a few hundred issues spread over the site; what none of them shows is made up."""

    def __init__(self, site: Site) -> None:
        self._seen: dict[tuple[str, str], dict[str, Named]] = {}
        issues = list(site)
        for issue in issues[:: max(1, len(issues) // _SAMPLE)]:
            contents = issue.contents()
            for field in ("status", "issuetype", "components"):
                self._learn(issue.project, field, contents.value(field))
            self._learn("", "priority", contents.value("priority"))

    def statuses(self, project: str) -> list[Named]:
        """By id. At least one of them is done and one is not."""
        seen = list(self._of(project, "status").values())
        if len({is_done(status) for status in seen}) == 2:
            return seen
        return seen + [_NO_PROJECT.status(index) for index in range(len(_NO_PROJECT.statuses))]

    def issue_types(self, project: str, *, subtask: bool) -> list[Named]:
        return [type_ for type_ in self._of(project, "issuetype").values() if _is_subtask(type_) == subtask]

    def priorities(self) -> list[Named]:
        seen = list(self._of("", "priority").values())
        return seen if len(seen) > 1 else [priority(name) for name in PRIORITIES]

    def components(self, project: str) -> list[Named]:
        seen = list(self._of(project, "components").values())
        return seen or [_named("component", str(10_000 + at), name) for at, name in enumerate(_COMPONENTS)]

    def resolutions(self) -> list[Named]:
        return [_named("resolution", number, name) | {"description": ""} for number, name in _RESOLUTIONS]

    def link_types(self) -> list[Named]:
        """As in ``fields.issuelinks``."""
        return list(LINK_TYPES)

    def _of(self, project: str, field: str) -> dict[str, Named]:
        return self._seen.get((project, field), {})

    def _learn(self, project: str, field: str, raw: bytes) -> None:
        value = msgspec.json.decode(raw)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and each.get("id") and each.get("name"):
                self._seen.setdefault((project, field), {}).setdefault(str(each["id"]), each)


def is_done(status: Named | None) -> bool:
    """By the key of the category: names are in the site's language."""
    category = (status or {}).get("statusCategory") or {}
    return bool(category.get("key") == "done")


def _is_subtask(type_: Named) -> bool:
    return bool(type_.get("subtask"))


def _named(kind: str, number: str, name: str) -> Named:
    return {"self": f"{BASE_URL}/rest/api/3/{kind}/{number}", "id": number, "name": name}
