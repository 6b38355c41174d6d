"""The site's lists: statuses, priorities, versions, people, boards, organizations and so on.

Shapes are those of real answers that other clients have recorded. A site has boards where it has projects of
software, and organizations where it has a service desk: elsewhere Jira knows no such paths.
"""

from collections.abc import Collection, Sequence
from typing import Any

from jira_assets.sandbox.call import Answer, Call, RefusedError, json_answer
from jira_assets.sandbox.directory import Thing
from jira_assets.sandbox.times import iso

_MAX_RESULTS = 100
_MAX_USERS = 1000
_MAX_OF_AGILE = 50
_MAX_OF_SERVICE_DESK = 50
_DAY = 86_400_000
_NO_PROJECT = "No project could be found with key '{}'."


def statuses(call: Call) -> Answer:
    call.check_parameters({"startAt", "maxResults"})
    return json_answer(call.site.directory.entries("statuses"))


def issue_types(call: Call) -> Answer:
    call.check_parameters({"startAt", "maxResults"})
    return json_answer(call.site.directory.entries("issue_types"))


def priorities(call: Call) -> Answer:
    return _page(call, call.site.directory.entries("priorities"), {"id", "projectId", "priorityName"})


def resolutions(call: Call) -> Answer:
    found = [{"isDefault": False, **each} for each in call.site.directory.entries("resolutions")]
    return _page(call, found, {"id", "onlyDefault"})


def components(call: Call) -> Answer:
    found = _of_project(call, "components")
    shown = [{"assigneeType": "UNASSIGNED", "isAssigneeTypeValid": False, **each} for each in found]
    return _page(call, shown, {"orderBy", "query", "componentSource"})


def versions(call: Call) -> Answer:
    found = _of_project(call, "versions")
    shown = [{"archived": False, "released": False, **each} for each in found]
    return _page(call, shown, {"orderBy", "query", "status", "expand"})


def users(call: Call) -> Answer:
    """An array, whatever follows: the first empty page is the end."""
    call.check_parameters({"startAt", "maxResults"})
    start, limit = call.number("startAt", 0), min(call.number("maxResults", 50), _MAX_USERS)
    return json_answer(call.site.directory.entries("users")[start : start + limit])


def boards(call: Call) -> Answer:
    found = _boards(call)
    if not found:
        raise RefusedError(404, body={"message": "null for uri: /rest/agile/1.0/board", "status-code": 404})
    return _page(call, found, {"type", "name", "projectKeyOrId"}, limit=_MAX_OF_AGILE)


def sprints(call: Call) -> Answer:
    board_id = call.path["board"]
    board = next((each for each in _boards(call) if str(each["id"]) == board_id), None)
    if board is None:
        raise RefusedError(404, f"Board does not exist or you do not have permission to see it: {board_id}")
    if board["type"] == "kanban":
        raise RefusedError(400, "The board does not support sprints")
    added = [each for each in call.site.directory.entries("sprints") if each["originBoardId"] == board["id"]]
    names = {each["id"] for each in added}
    found = [*added, *(each for each in _sprints(call, board) if each["id"] not in names)]
    return _page(call, found, {"state"}, limit=_MAX_OF_AGILE)


def organizations(call: Call) -> Answer:
    desks = _desks(call)
    found = [{"id": each["id"], "name": f"Customers of {each['name']}"} for each in desks]
    return _desk_page(call, found + call.site.directory.entries("organizations"), {"accountId"})


def request_types(call: Call) -> Answer:
    found = [
        {
            "id": f"{desk['id']}{number}",
            "name": name,
            "description": "",
            "serviceDeskId": desk["id"],
            "portalId": desk["id"],
            "groupIds": [],
        }
        for desk in _desks(call)
        for number, name in enumerate(("Get help", "Report a problem"))
    ]
    return _desk_page(call, found, {"searchQuery", "serviceDeskId"})


def _projects(call: Call) -> list[Thing]:
    visible = call.account.projects
    projects = call.site.directory.entries("projects")
    return [each for each in projects if visible is None or each.get("key") in visible]


def _of_project(call: Call, name: str) -> list[Thing]:
    wanted = call.path["project"]
    found = next((p for p in _projects(call) if wanted in (str(p["id"]), p.get("key"))), None)
    if found is None:
        raise RefusedError(404, _NO_PROJECT.format(wanted))
    entries = call.site.directory.entries(name)
    return [each for each in entries if str(each.get("projectId")) == str(found["id"])]


def _boards(call: Call) -> list[Thing]:
    """One for each project of software that has a numeric id, and those that were added."""
    made = [
        {
            "id": int(project["id"]),
            "self": f"{call.sandbox.url}/rest/agile/1.0/board/{project['id']}",
            "name": f"{project['key']} board",
            "type": "simple" if project.get("simplified") else "scrum",
            "location": {
                "projectId": int(project["id"]),
                "projectKey": project["key"],
                "projectName": project.get("name"),
                "projectTypeKey": "software",
            },
        }
        for project in _projects(call)
        if project.get("projectTypeKey", "software") == "software" and str(project["id"]).isdigit()
    ]
    added = call.site.directory.entries("boards")
    return [*(each for each in made if each["id"] not in {one["id"] for one in added}), *added]


def _sprints(call: Call, board: Thing) -> list[Thing]:
    """Two weeks that are over, and two that are not."""
    opened = call.site.opened_at
    return [
        {
            "id": board["id"] * 10 + number,
            "self": f"{call.sandbox.url}/rest/agile/1.0/sprint/{board['id'] * 10 + number}",
            "state": "closed" if number == 1 else "active",
            "name": f"{board['location']['projectKey']} Sprint {number}",
            "startDate": iso(opened + (14 * number - 21) * _DAY),
            "endDate": iso(opened + (14 * number - 7) * _DAY),
            "originBoardId": board["id"],
            **({"completeDate": iso(opened - 7 * _DAY)} if number == 1 else {}),
        }
        for number in (1, 2)
    ]


def _desks(call: Call) -> list[Thing]:
    found = [each for each in _projects(call) if each.get("projectTypeKey") == "service_desk"]
    if not found:
        raise RefusedError(404, body={"message": "null for uri: /rest/servicedeskapi", "status-code": 404})
    return found


def _page(
    call: Call, found: Sequence[Thing], parameters: Collection[str], limit: int = _MAX_RESULTS
) -> Answer:
    call.check_parameters({"startAt", "maxResults", *parameters})
    start, size = call.number("startAt", 0), min(call.number("maxResults", 50), limit)
    page: dict[str, Any] = {"maxResults": size, "startAt": start, "total": len(found)}
    return json_answer(page | {"isLast": start + size >= len(found), "values": found[start : start + size]})


def _desk_page(call: Call, found: Sequence[Thing], parameters: Collection[str]) -> Answer:
    call.check_parameters({"start", "limit", *parameters})
    start, size = call.number("start", 0), min(call.number("limit", 50), _MAX_OF_SERVICE_DESK)
    values = found[start : start + size]
    page = {"size": len(values), "start": start, "limit": size, "isLastPage": start + size >= len(found)}
    return json_answer(page | {"_links": {}, "values": values})
