"""The web application: which routes there are, and what those answer that take no events."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jira_assets import clock
from jira_assets.inbox.receiver.asking import TestEndpoint
from jira_assets.inbox.receiver.health import BacklogView, configured, report
from jira_assets.inbox.receiver.metrics import CONTENT_TYPE
from jira_assets.inbox.receiver.state import ReceiverState
from jira_assets.inbox.receiver.webhook import Webhook
from jira_assets.settings import Settings

WEBHOOK = "/webhooks/jira"
HEALTH = "/webhooks/jira/health"
TEST = "/webhooks/jira/test"
METRICS = "/metrics"

REFUSES = "no webhook secret is configured: set JIRA_WEBHOOK_SECRET and start the receiver again"


def application(settings: Settings, *, debug: bool = False) -> Starlette:
    """The receiver. Without a secret anybody could forge events, so then it refuses everything.

    ``debug`` adds the test endpoint. Raises ``SettingsError`` for settings that are malformed.
    """
    if not settings.webhook_secrets:
        return _refusing(settings)
    state = ReceiverState.from_settings(settings)
    configuration = configured(settings)
    backlog = BacklogView(state.inbox)

    async def health(_request: Request) -> Response:
        now = clock.now()
        return JSONResponse(report(configuration, await backlog.current(), state.metrics, now))

    async def metrics(_request: Request) -> Response:
        content = state.metrics.rendered(await backlog.current(), clock.now())
        return Response(content, headers={"content-type": CONTENT_TYPE})

    routes = [
        Route(WEBHOOK, Webhook(state), methods=["POST"]),
        Route(HEALTH, health),
        Route(METRICS, metrics),
    ]
    if debug:
        routes.append(Route(TEST, TestEndpoint(state), methods=["POST"]))
    return _answering_in_json(routes, state.running)


def _refusing(settings: Settings) -> Starlette:
    health_page = {"status": "refusing", "reason": REFUSES, **configured(settings)}

    # A response is an application by itself, and a route to an application takes every method.
    health, refusal = JSONResponse(health_page, 503), JSONResponse({"error": REFUSES}, 503)
    return _answering_in_json([Route(HEALTH, health), Route("/{path:path}", refusal)])


def _answering_in_json(
    routes: Sequence[Route], running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
) -> Starlette:
    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        async with running():
            yield

    application = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _error_in_json, Exception: _error_in_json},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False  # Jira does not follow redirects
    return application


async def _error_in_json(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse({"error": HTTPStatus(status).phrase}, status, headers)
