"""``search/jql`` and ``search/approximate-count``."""

from functools import partial
from typing import Any

import msgspec

from jira_assets.sandbox.answers import (
    EMBEDDED_COMMENTS_IN_SEARCH,
    EMBEDDED_HISTORIES,
    FieldChoice,
    Issue,
    shape,
)
from jira_assets.sandbox.call import Answer, Call, RefusedError, bad_payload, json_answer
from jira_assets.sandbox.catalogue import names_and_schemas
from jira_assets.sandbox.jql import JqlError, Perspective, Query, comes_after, matching, parse, position
from jira_assets.sandbox.rewriting import rewriter
from jira_assets.sandbox.stored import StoredIssue
from jira_assets.sandbox.tokens import InvalidTokenError

# What Jira gives whatever is asked for [OBS 2026-10-02]; a page of bare ids is longer.
_PAGE_OF_ISSUES = 100
_PAGE_OF_IDS = 5000
_MAX_RECONCILED = 50
_MAX_PROPERTIES = 5
_REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
GET_PARAMETERS = frozenset(
    {"jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys"}
    | {"failFast", "reconcileIssues"}
)


class SearchBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    jql: str = ""
    next_page_token: str | None = None
    max_results: int = 50
    fields: list[str] = []
    expand: str = ""
    properties: list[str] = []
    fields_by_keys: bool = False
    reconcile_issues: list[int] = []


class CountBody(msgspec.Struct, forbid_unknown_fields=True):
    jql: str = ""


class _Page(msgspec.Struct, rename="camel", omit_defaults=True):
    issues: list[Issue]
    is_last: bool | None = None
    next_page_token: str | None = None
    names: dict[str, str] | None = None
    schema: dict[str, Any] | None = None


def search_get(call: Call) -> Answer:
    call.check_parameters(GET_PARAMETERS)
    if not call.text("maxResults", "50").lstrip("-").isdigit():
        raise RefusedError(400, f"Failed to convert '{call.text('maxResults')}' to type int.")
    body = SearchBody(
        jql=call.text("jql"),
        next_page_token=call.query.get("nextPageToken", [None])[-1],
        max_results=int(call.text("maxResults", "50")),
        fields=call.query.get("fields", []),
        expand=call.text("expand"),
        properties=call.texts("properties"),
        reconcile_issues=_issue_ids(call.texts("reconcileIssues")),
    )
    return _search(call, body, fail_fast=call.flag("failFast"))


def search_post(call: Call) -> Answer:
    call.check_parameters(())
    return _search(call, call.decode(SearchBody), fail_fast=False)


def removed_search(_call: Call) -> Answer:
    raise RefusedError(410, _REMOVED)


def approximate_count(call: Call) -> Answer:
    call.check_parameters(())
    _, found = _find(call, call.decode(CountBody).jql, [])
    return json_answer({"count": len(found)})


def _search(call: Call, body: SearchBody, fail_fast: bool) -> Answer:
    if not 1 <= body.max_results <= 5000:
        raise RefusedError(400, "The max results parameter has to be between 1 and 5,000.")
    if len(body.reconcile_issues) > _MAX_RECONCILED:
        raise RefusedError(
            400, f"The reconcileIssues parameter can contain at most {_MAX_RECONCILED} issue IDs."
        )
    if len(body.properties) > _MAX_PROPERTIES:
        raise RefusedError(400, f"The properties parameter can contain at most {_MAX_PROPERTIES} properties.")
    choice = FieldChoice(body.fields, default="id")
    expand = {name.strip() for name in body.expand.split(",") if name.strip()}
    limit = min(body.max_results, _PAGE_OF_IDS if choice.only_identity and not expand else _PAGE_OF_ISSUES)
    query, found = _find(call, body.jql, body.reconcile_issues)
    start = _start(call, body, query, found)
    shown = found[start : start + limit]
    page = _Page(issues=[_shape(call, issue, choice, expand, fail_fast) for issue in shown], is_last=True)
    if start + limit < len(found):
        place = position(shown[-1], query.order)
        page.is_last = False
        page.next_page_token = call.sandbox.tokens.issue(_identity(body), place, call.site.clock())
    if expand & {"names", "schema"}:
        used = {name for issue in page.issues for name in issue.fields or ()}
        names, schemas = names_and_schemas(call.site.fields(), used)
        page.names = names if "names" in expand else None
        page.schema = schemas if "schema" in expand else None
    return json_answer(page)


def _issue_ids(texts: list[str]) -> list[int]:
    if not all(text.isdigit() for text in texts):
        raise bad_payload()
    return [int(text) for text in texts]


def _find(call: Call, jql: str, reconcile: list[int]) -> tuple[Query, list[StoredIssue]]:
    site, account = call.site, call.account
    index = site.searchable()
    try:
        query = parse(jql)
    except JqlError as error:
        if not (account.under_privileged and not error.syntax):
            raise RefusedError(400, error.message) from error
        query = parse("project = x")
    perspective = Perspective(
        projects=account.projects,
        sees_secured=account.sees_secured,
        lenient=account.under_privileged,
        known_projects=site.projects(),
        resolve=site.find,
    )
    reconciled = {str(number): site.find(str(number)) for number in reconcile}
    version = site.version if reconcile else index.version
    key = (jql, tuple(reconcile), version, account.projects, account.sees_secured)
    try:
        find = partial(matching, query, index, perspective, reconciled)
        return query, call.sandbox.searches.result(key, find)
    except JqlError as error:
        raise RefusedError(400, error.message) from error


def _start(call: Call, body: SearchBody, query: Query, found: list[StoredIssue]) -> int:
    if body.next_page_token is None:
        return 0
    try:
        last = call.sandbox.tokens.read(body.next_page_token, _identity(body), call.site.clock())
    except InvalidTokenError as error:
        raise RefusedError(400, "The provided next page token is invalid or expired.") from error
    low, high = 0, len(found)
    while low < high:
        middle = (low + high) // 2
        if comes_after(found[middle], last, query.order):
            high = middle
        else:
            low = middle + 1
    return low


def _identity(body: SearchBody) -> list[Any]:
    # The list to reconcile must be the same on every page; the page size may change.
    return [body.jql, sorted(body.fields), body.reconcile_issues]


def _shape(call: Call, issue: StoredIssue, choice: FieldChoice, expand: set[str], fail_fast: bool) -> Issue:
    if choice.only_identity and not expand and not choice.named & {"key", "issuekey"}:
        return Issue(id=issue.id)
    failing = call.site.failing_fields.get(issue.id, ())
    if fail_fast and any(map(choice.wants, failing)):
        raise RefusedError(500, "An error occurred while loading the fields of an issue.")
    return shape(
        issue,
        choice,
        embedded_comments=EMBEDDED_COMMENTS_IN_SEARCH,
        embedded_histories=EMBEDDED_HISTORIES,
        identified=False,
        expand=expand,
        failing={*failing, *call.site.hidden_fields},
        rewrite=rewriter(call),
    )
