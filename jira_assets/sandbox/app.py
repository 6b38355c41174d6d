"""The web application: the operations, and who may call them where."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from jira_assets.sandbox import (
    attachments,
    bulk_reads,
    directory_reads,
    issue_reads,
    oauth,
    searching,
    site_reads,
)
from jira_assets.sandbox.accounts import ANONYMOUS, CLOUD_ID, Account
from jira_assets.sandbox.call import Answer, Call, RefusedError, Sandbox
from jira_assets.sandbox.times import iso
from jira_assets.sandbox.traffic import SeenRequest

Handler = Callable[[Call], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]

SEEN = "sandbox.seen"
_JSON = "application/json;charset=UTF-8"
_UNAUTHENTICATED = "Client must be authenticated to access this resource."

# The busiest first: routes are tried in order.
_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/issue/{issue}/remotelink", issue_reads.remote_links),
    ("POST", "/search/jql", searching.search_post),
    ("GET", "/search/jql", searching.search_get),
    ("POST", "/changelog/bulkfetch", bulk_reads.changelog_bulk_fetch),
    ("POST", "/issue/bulkfetch", issue_reads.bulk_fetch),
    ("GET", "/issue/{issue}", issue_reads.issue),
    ("GET", "/issue/{issue}/comment", issue_reads.comments),
    ("GET", "/issue/{issue}/changelog", issue_reads.changelog),
    ("GET", "/issue/{issue}/worklog", issue_reads.worklogs),
    ("POST", "/search/approximate-count", searching.approximate_count),
    ("GET", "/search", searching.removed_search),
    ("POST", "/search", searching.removed_search),
    ("POST", "/comment/list", bulk_reads.comment_list),
    ("GET", "/worklog/updated", bulk_reads.worklogs_updated),
    ("GET", "/worklog/deleted", bulk_reads.worklogs_deleted),
    ("POST", "/worklog/list", bulk_reads.worklog_list),
    ("GET", "/issueLink/{link}", issue_reads.issue_link),
    ("GET", "/attachment/{attachment}", attachments.attachment),
    ("GET", "/attachment/content/{attachment}", attachments.content),
    ("GET", "/myself", site_reads.myself),
    ("GET", "/mypermissions", site_reads.my_permissions),
    ("GET", "/serverInfo", site_reads.server_info),
    ("GET", "/configuration", site_reads.configuration),
    ("GET", "/field", site_reads.fields),
    ("GET", "/project/search", site_reads.projects),
    ("GET", "/project/{project}/component", directory_reads.components),
    ("GET", "/project/{project}/version", directory_reads.versions),
    ("GET", "/status", directory_reads.statuses),
    ("GET", "/issuetype", directory_reads.issue_types),
    ("GET", "/priority/search", directory_reads.priorities),
    ("GET", "/resolution/search", directory_reads.resolutions),
    ("GET", "/users/search", directory_reads.users),
)
_OF_AGILE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/board", directory_reads.boards),
    ("GET", "/board/{board}/sprint", directory_reads.sprints),
)
_OF_SERVICE_DESK: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/organization", directory_reads.organizations),
    ("GET", "/requesttype", directory_reads.request_types),
)


def site_application(sandbox: Sandbox) -> Starlette:
    """Jira on its own host, and behind the gateway's ``/ex/jira/{cloudId}``."""
    apis = [
        Mount(f"{gateway}/rest/{api}", routes=_routes(sandbox, operations))
        for api, operations in (
            ("api/{version}", _OPERATIONS),
            ("agile/1.0", _OF_AGILE),
            ("servicedeskapi", _OF_SERVICE_DESK),
        )
        for gateway in ("", "/ex/jira/{cloud}")
    ]
    routes: list[BaseRoute] = [
        *apis,
        Route("/_edge/tenant_info", _open_endpoint(sandbox, site_reads.tenant_info)),
        Route("/oauth/token", _open_endpoint(sandbox, oauth.token), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={404: _no_such_operation})


def _routes(sandbox: Sandbox, operations: Sequence[tuple[str, str, Handler]]) -> list[BaseRoute]:
    return [
        Route(path, _endpoint(sandbox, handler), methods=[method]) for method, path, handler in operations
    ]


def media_application(sandbox: Sandbox) -> Starlette:
    """The host that attachments are redirected to."""

    async def file(request: Request) -> Response:
        seen: SeenRequest = request.scope[SEEN]
        try:
            return _response(attachments.media(sandbox, seen.query, seen.headers))
        except RefusedError as refused:
            return _refusal(refused)

    return Starlette(routes=[Route("/file/{uuid}/binary", file)])


def _endpoint(sandbox: Sandbox, handler: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            account = _authenticate(sandbox, request)
            return _response(handler(_call(sandbox, account, request)))
        except RefusedError as refused:
            return _refusal(refused)

    return endpoint


def _open_endpoint(sandbox: Sandbox, handler: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return _response(handler(_call(sandbox, ANONYMOUS, request)))
        except RefusedError as refused:
            return _refusal(refused)

    return endpoint


def _call(sandbox: Sandbox, account: Account, request: Request) -> Call:
    seen: SeenRequest = request.scope[SEEN]
    return Call(sandbox, account, request.path_params, seen.query, seen.body, seen.headers)


def _authenticate(sandbox: Sandbox, request: Request) -> Account:
    cloud = request.path_params.get("cloud")
    if cloud is not None and cloud != CLOUD_ID:
        headers = {"X-Failure-Category": "FAILURE_CLIENT_TCS"}
        raise RefusedError(404, body=_unknown_cloud(sandbox, request), headers=headers)
    authorization = request.scope[SEEN].headers.get("authorization")
    account = sandbox.accounts.authenticate(authorization, gateway=cloud is not None)
    if account is None and cloud is not None:
        raise RefusedError(401, body={"code": 401, "message": "Unauthorized"})
    if account is None:
        headers = {"WWW-Authenticate": 'OAuth realm="sandbox"'}
        if authorization:
            headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
        raise RefusedError(401, _UNAUTHENTICATED, headers=headers)
    if account.captcha:
        headers = {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}
        raise RefusedError(403, "Basic authentication is refused until you log in once.", headers=headers)
    return account


def _unknown_cloud(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    return {
        "timestamp": iso(sandbox.site.clock()),
        "status": 404,
        "error": "Not Found",
        "message": "No message available",
        "path": request.scope[SEEN].path,
    }


def _response(answer: Answer) -> Response:
    if answer.pieces is not None:
        pieces = _sent_at_once(answer.pieces)
        return StreamingResponse(pieces, answer.status, answer.headers, media_type=answer.content_type)
    return Response(answer.body, answer.status, answer.headers, media_type=answer.content_type)


async def _sent_at_once(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Without the threads that Starlette would make the pieces in."""
    for piece in pieces:
        yield piece


def _refusal(refused: RefusedError) -> Response:
    return Response(msgspec.json.encode(refused.body), refused.status, refused.headers, media_type=_JSON)


async def _no_such_operation(request: Request, _error: Exception) -> Response:
    path = request.scope[SEEN].path
    return _refusal(RefusedError(404, body={"message": f"null for uri: {path}", "status-code": 404}))
