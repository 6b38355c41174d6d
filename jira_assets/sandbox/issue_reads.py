"""Reads of one issue and its parts, and ``issue/bulkfetch``."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from jira_assets.sandbox.answers import (
    EMBEDDED_COMMENTS_IN_ISSUE,
    EMBEDDED_HISTORIES,
    EMBEDDED_HISTORIES_IN_BULK,
    FieldChoice,
    Issue,
    comments_of,
    histories_of,
    shape,
    started,
    worklogs_of,
)
from jira_assets.sandbox.call import Answer, Call, RefusedError, json_answer
from jira_assets.sandbox.catalogue import names_and_schemas
from jira_assets.sandbox.neighbours import brief
from jira_assets.sandbox.rewriting import rewriter
from jira_assets.sandbox.stored import StoredIssue

ISSUE_PARAMETERS = frozenset({"fields", "fieldsByKeys", "expand", "properties", "updateHistory", "failFast"})
_MAX_PAGE = 100
_MAX_WORKLOGS = 5000
_BULK_LIMIT = 100
_BULK_LIMIT_FOR_NAMED_FIELDS = 1000
_MULTI_VALUED = frozenset({"comment", "worklog", "attachment"})


class BulkFetchBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    issue_ids_or_keys: list[str]
    expand: list[str] = []
    fields: list[str] = []
    fields_by_keys: bool = False
    properties: Annotated[list[str], Meta(max_length=5)] = []


class _RemoteLink(msgspec.Struct, rename="camel"):
    global_id: str | None = None


def issue(call: Call) -> Answer:
    call.check_parameters(ISSUE_PARAMETERS)
    stored = call.issue()
    choice = FieldChoice(call.query.get("fields", []), default="*all")
    expand = set(call.texts("expand"))
    failing = call.site.failing_fields.get(stored.id, ())
    if call.flag("failFast") and any(map(choice.wants, failing)):
        raise RefusedError(500, "An error occurred while loading the fields of an issue.")
    answer = _shape(call, stored, choice, expand, EMBEDDED_COMMENTS_IN_ISSUE, EMBEDDED_HISTORIES)
    if expand & {"names", "schema"}:
        names, schemas = names_and_schemas(call.site.fields(), set(answer.fields or ()))
        answer.names = names if "names" in expand else None
        answer.schema = schemas if "schema" in expand else None
    return json_answer(answer)


def bulk_fetch(call: Call) -> Answer:
    call.check_parameters(())
    body = call.decode(BulkFetchBody)
    limit = _bulk_limit(body)
    if not 1 <= len(body.issue_ids_or_keys) <= limit:
        raise RefusedError(400, f"The number of issue IDs or keys has to be between 1 and {limit}.")
    found = {
        stored.number: stored for name in body.issue_ids_or_keys if (stored := call.find(name)) is not None
    }
    choice = FieldChoice(body.fields, default="*navigable")
    issues = [
        _shape(call, stored, choice, set(body.expand), EMBEDDED_COMMENTS_IN_ISSUE, EMBEDDED_HISTORIES_IN_BULK)
        for _, stored in sorted(found.items())
    ]
    return json_answer({"issues": issues, "issueErrors": []})


def changelog(call: Call) -> Answer:
    call.check_parameters({"startAt", "maxResults"})
    stored = call.issue()
    return _page_bean(call, histories_of(stored.contents()))


def comments(call: Call) -> Answer:
    call.check_parameters({"startAt", "maxResults", "orderBy", "expand"})
    order = call.text("orderBy", "created")
    if order not in {"created", "-created", "+created"}:
        raise RefusedError(400, f"The provided orderBy value '{order}' is not supported.")
    found = comments_of(call.issue().contents())
    if order == "-created":
        found.reverse()
    start, limit = call.number("startAt", 0), min(call.number("maxResults", _MAX_PAGE), _MAX_PAGE)
    page = found[start : start + limit]
    if "renderedBody" in call.texts("expand"):
        page = [_rendered(raw) for raw in page]
    return json_answer({"startAt": start, "maxResults": limit, "total": len(found), "comments": page})


def worklogs(call: Call) -> Answer:
    call.check_parameters({"startAt", "maxResults", "startedAfter", "startedBefore", "expand"})
    found = worklogs_of(call.issue().contents())
    if "timeTrackingEnabled" in call.site.switched_off:
        raise RefusedError(404, "Time Tracking is not enabled.")
    after, before = call.number("startedAfter", 0), call.number("startedBefore", 1 << 62)
    if "startedAfter" in call.query or "startedBefore" in call.query:
        found = [raw for raw in found if after <= started(raw) < before]
    start, limit = call.number("startAt", 0), min(call.number("maxResults", _MAX_WORKLOGS), _MAX_WORKLOGS)
    page = found[start : start + limit]
    return json_answer({"startAt": start, "maxResults": limit, "total": len(found), "worklogs": page})


def remote_links(call: Call) -> Answer:
    call.check_parameters({"globalId"})
    links = call.issue().remote_links
    if "issueLinkingEnabled" in call.site.switched_off:
        raise RefusedError(403, "Issue linking is disabled.")
    if "globalId" not in call.query:
        return Answer(links)
    for raw in msgspec.json.decode(links, type=list[Raw]):
        if msgspec.json.decode(raw, type=_RemoteLink).global_id == call.text("globalId"):
            return Answer(bytes(raw))
    raise RefusedError(404, "The remote issue link does not exist.")


def issue_link(call: Call) -> Answer:
    """A link with both of its ends; 404 unless the caller sees both."""
    call.check_parameters(())
    name = call.path["link"]
    found = call.sandbox.children.link(call.site.readable(), int(name)) if name.isdecimal() else None
    if found is not None:
        shown_by, link = found[0], msgspec.json.decode(found[1])
        outward = link.get("outwardIssue")
        other = outward or link.get("inwardIssue") or {}
        here, there = call.find(shown_by), call.find(str(other.get("id")))
        if here is not None and there is not None:
            own = brief(msgspec.json.decode(here.json()), f"{call.sandbox.url}/rest/api/3/issue/{here.id}")
            return json_answer(link | {"inwardIssue" if outward else "outwardIssue": own})
    raise RefusedError(404, f"No issue link with id '{name}' exists.")


def _bulk_limit(body: BulkFetchBody) -> int:
    choice = FieldChoice(body.fields, default="*navigable")
    named_only = bool(choice.named) and not choice.whole and not choice.removed and len(choice.named) <= 100
    if named_only and not choice.named & _MULTI_VALUED and not body.expand:
        return _BULK_LIMIT_FOR_NAMED_FIELDS
    return _BULK_LIMIT


def _shape(
    call: Call,
    stored: StoredIssue,
    choice: FieldChoice,
    expand: set[str],
    embedded_comments: int,
    histories: int,
) -> Issue:
    return shape(
        stored,
        choice,
        embedded_comments=embedded_comments,
        embedded_histories=histories,
        expand=expand,
        failing={*call.site.failing_fields.get(stored.id, ()), *call.site.hidden_fields},
        rewrite=rewriter(call),
    )


def _page_bean(call: Call, values: list[Raw]) -> Answer:
    start, limit = call.number("startAt", 0), min(call.number("maxResults", _MAX_PAGE), _MAX_PAGE)
    url = f"{call.sandbox.url}/rest/api/3/issue/{call.path['issue']}/changelog"
    page: dict[str, Any] = {"self": f"{url}?startAt={start}&maxResults={limit}"}
    page |= {"maxResults": limit, "startAt": start, "total": len(values)}
    if start + limit < len(values):
        page["nextPage"] = f"{url}?startAt={start + limit}&maxResults={limit}"
    page["isLast"] = start + limit >= len(values)
    page["values"] = values[start : start + limit]
    return json_answer(page)


def _rendered(raw: Raw) -> Raw:
    comment: dict[str, Any] = msgspec.json.decode(raw)
    return Raw(msgspec.json.encode(comment | {"renderedBody": "<p>…</p>"}))
