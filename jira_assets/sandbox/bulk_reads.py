"""Reads across issues: changelog/bulkfetch, comment/list, worklog/updated, worklog/deleted, worklog/list."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from jira_assets.sandbox.answers import histories_of, place_in_time
from jira_assets.sandbox.call import Answer, Call, RefusedError, json_answer
from jira_assets.sandbox.tokens import InvalidTokenError

_WORKLOG_PAGE = 1000
_LATEST_MINUTE_MS = 60_000
_MAX_CHILDREN = 1000

_Ids = Annotated[list[int], Meta(max_length=_MAX_CHILDREN)]


class ChangelogBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    issue_ids_or_keys: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    field_ids: Annotated[list[str], Meta(max_length=10)] = []
    max_results: Annotated[int, Meta(ge=1, le=10000)] = 1000
    next_page_token: str | None = None


class IdsBody(msgspec.Struct, forbid_unknown_fields=True):
    ids: _Ids


class _Item(msgspec.Struct, rename="camel", gc=False):
    field_id: str | None = None


class _History(msgspec.Struct, gc=False):
    items: list[_Item] = []


_Change = tuple[int, int, int, Raw]  # created in epoch milliseconds, issue id, history id, the history


def changelog_bulk_fetch(call: Call) -> Answer:
    """Histories of many issues by date and issue: one issue's history is spread over the pages."""
    call.check_parameters(())
    body = call.decode(ChangelogBody)
    identity = [body.issue_ids_or_keys, body.field_ids]
    key = (
        "changelog",
        tuple(body.issue_ids_or_keys),
        tuple(body.field_ids),
        call.site.readable().version,
        call.account.projects,
        call.account.sees_secured,
    )
    changes: list[_Change] = call.sandbox.searches.result(key, lambda: _changes(call, body))
    start = 0
    if body.next_page_token is not None:
        try:
            start = int(call.sandbox.tokens.read(body.next_page_token, identity, call.site.clock())[0])
        except InvalidTokenError as error:
            raise RefusedError(400, "The provided next page token is invalid or expired.") from error
    by_issue: dict[int, list[Raw]] = {}
    for created, issue, _, history in changes[start : start + body.max_results]:
        by_issue.setdefault(issue, []).append(_dated(history, created, call.sandbox.changelog_created))
    logs = [{"issueId": str(issue), "changeHistories": histories} for issue, histories in by_issue.items()]
    page: dict[str, Any] = {"issueChangeLogs": logs}
    end = start + body.max_results
    if end < len(changes):
        page["nextPageToken"] = call.sandbox.tokens.issue(identity, [end], call.site.clock())
    return json_answer(page)


def comment_list(call: Call) -> Answer:
    call.check_parameters({"expand"})
    wanted = call.decode(IdsBody).ids
    values = [raw for comment_id in wanted if (raw := _visible(call, "comment", comment_id)) is not None]
    page = {"maxResults": _MAX_CHILDREN, "startAt": 0, "total": len(values), "isLast": True, "values": values}
    return json_answer(page)


def worklog_list(call: Call) -> Answer:
    call.check_parameters({"expand"})
    wanted = call.decode(IdsBody).ids
    return json_answer([raw for number in wanted if (raw := _visible(call, "worklog", number)) is not None])


def worklogs_updated(call: Call) -> Answer:
    call.check_parameters({"since", "expand"})
    updates = call.sandbox.children.worklog_updates(call.site.readable())
    visible = [(time, number) for time, number, issue_id in updates if call.find(issue_id)]
    return _changed_worklogs(call, visible, "updated")


def worklogs_deleted(call: Call) -> Answer:
    call.check_parameters({"since"})
    return _changed_worklogs(call, sorted(call.site.deleted_worklogs), "deleted")


def _changes(call: Call, body: ChangelogBody) -> list[_Change]:
    changes: dict[tuple[int, int], _Change] = {}
    for name in body.issue_ids_or_keys:
        issue = call.find(name)
        if issue is None:
            continue
        for history in histories_of(issue.contents()):
            if body.field_ids and not _touches(history, body.field_ids):
                continue
            created, number = place_in_time(history)
            changes[issue.number, number] = created, issue.number, number, history
    return sorted(changes.values(), key=lambda change: change[:3])


def _touches(history: Raw, field_ids: list[str]) -> bool:
    return any(item.field_id in field_ids for item in msgspec.json.decode(history, type=_History).items)


def _dated(history: Raw, created: int, form: str) -> Raw:
    """The history with ``created`` as this operation writes it: an epoch number, elsewhere it is ISO."""
    if form == "iso":
        return history
    value: dict[str, Any] = msgspec.json.decode(history)
    if form == "seconds" and created % 1000 == 0:
        value["created"] = created // 1000
    else:
        value["created"] = str(created) if form == "digits" else created
    return Raw(msgspec.json.encode(value))


def _visible(call: Call, kind: str, number: int) -> Raw | None:
    children, issues = call.sandbox.children, call.site.readable()
    found = children.comment(issues, number) if kind == "comment" else children.worklog(issues, number)
    return found[1] if found is not None and call.find(found[0]) else None


def _changed_worklogs(call: Call, changes: list[tuple[int, int]], what: str) -> Answer:
    since = call.number("since", 0)
    latest = call.site.clock() - _LATEST_MINUTE_MS
    fitting = [change for change in changes if since < change[0] <= latest]
    shown = fitting[:_WORKLOG_PAGE]
    until = shown[-1][0] if shown else since
    url = f"{call.sandbox.url}/rest/api/3/worklog/{what}"
    page: dict[str, Any] = {
        "values": [{"worklogId": number, "updatedTime": time, "properties": []} for time, number in shown],
        "since": since,
        "until": until,
        "self": f"{url}?since={since}",
        "lastPage": len(shown) == len(fitting),
    }
    if not page["lastPage"]:
        page["nextPage"] = f"{url}?since={until}"
    return json_answer(page)
