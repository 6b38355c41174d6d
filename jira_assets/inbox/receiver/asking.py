"""``POST /webhooks/jira/test``: asks for one issue by its key, as if Jira had said that it changed."""

import re
import uuid

import msgspec
from starlette.types import Receive, Scope, Send

from jira_assets import clock
from jira_assets.inbox.inbox import Delivery
from jira_assets.inbox.receiver.body import Body
from jira_assets.inbox.receiver.exchange import answer, read_signed
from jira_assets.inbox.receiver.outcomes import RENDERED, DeliveryOutcome, Headers, Refused
from jira_assets.inbox.receiver.state import ReceiverState

_KEY = re.compile(r"([A-Z][A-Z0-9_]{0,254})-[1-9][0-9]{0,17}")


class _Request(msgspec.Struct):
    issue_key: str


class TestEndpoint:
    """For trying out the whole way without Jira. Signed like a delivery, and served in debug mode only."""

    def __init__(self, state: ReceiverState) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(self._state.room)
        try:
            await read_signed(body, dict(scope["headers"]), receive, self._state.verifier)
            said = await self._ask(body.content())
        except Refused as refused:
            said = RENDERED[refused.outcome]
        except OSError:
            said = RENDERED[DeliveryOutcome.NOT_STORED]
        finally:
            body.close()
        await answer(body, receive, send, *said)

    async def _ask(self, content: bytes) -> tuple[int, Headers, bytes]:
        try:
            key = msgspec.json.decode(content, type=_Request).issue_key.upper()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _json(400, error='The body must be an object such as {"issue_key": "SUP-123"}.')
        matched = _KEY.fullmatch(key)
        if matched is None:
            return _json(400, error="issue_key must be the key of an issue, such as SUP-123.")
        if self._state.projects and matched[1] not in self._state.projects:
            return _json(400, error="issue_key must be of a project in JIRA_PROJECTS.")
        await self._state.store.add(self._state.inbox, _delivery(key))
        return _json(202, queued=key)


def _delivery(key: str) -> Delivery:
    event = {
        "webhookEvent": "jira_assets:test",
        "timestamp": int(clock.seconds() * 1e9) // 1_000_000,
        "issue": {"key": key},
    }
    return Delivery.arrived(f"test:{uuid.uuid4()}", clock.now(), None, msgspec.json.encode(event))


def _json(status: int, **content: str) -> tuple[int, Headers, bytes]:
    encoded = msgspec.json.encode(content)
    length = b"%d" % len(encoded)
    return status, [(b"content-type", b"application/json"), (b"content-length", length)], encoded
