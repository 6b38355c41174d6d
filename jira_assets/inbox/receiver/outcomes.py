"""What became of a delivery, and what Jira is told."""

import logging
from dataclasses import dataclass
from enum import StrEnum

import msgspec

_RETRY_AFTER_S = 30


class DeliveryOutcome(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    DROPPED = "dropped"
    UNREADABLE = "unreadable"
    UNAUTHORISED = "unauthorised"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    NOT_STORED = "not_stored"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Response:
    """A status with a sentence for people. Of the statuses used here, Jira retries 408 and 503."""

    status: int
    sentence: str
    level: int = logging.WARNING


ANSWERS = {
    DeliveryOutcome.STORED: Response(200, "The event is stored.", logging.INFO),
    DeliveryOutcome.DUPLICATE: Response(200, "The event was stored before.", logging.INFO),
    DeliveryOutcome.DROPPED: Response(200, "The event is about a project that is not copied.", logging.INFO),
    DeliveryOutcome.UNREADABLE: Response(202, "The body is no event; it is kept aside."),
    DeliveryOutcome.UNAUTHORISED: Response(401, "X-Hub-Signature is not the body's SHA-256 signature."),
    DeliveryOutcome.TOO_LARGE: Response(413, "The body has more than 25 MB."),
    DeliveryOutcome.TOO_SLOW: Response(408, "The body took too long to arrive."),
    DeliveryOutcome.BUSY: Response(503, "Too many large bodies are arriving."),
    DeliveryOutcome.NOT_STORED: Response(503, "The event cannot be stored at present.", logging.ERROR),
    DeliveryOutcome.ABORTED: Response(400, "The body ended too early."),
}


class Refused(Exception):
    """A delivery is not taken in."""

    def __init__(self, outcome: DeliveryOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


Headers = list[tuple[bytes, bytes]]


def _rendered(outcome: DeliveryOutcome) -> tuple[int, Headers, bytes]:
    answer = ANSWERS[outcome]
    body = msgspec.json.encode({"outcome": outcome, "message": answer.sentence})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if answer.status == 503:
        headers.append((b"retry-after", b"%d" % _RETRY_AFTER_S))
    return answer.status, headers, body


RENDERED = {outcome: _rendered(outcome) for outcome in DeliveryOutcome}
"""The answers as they go over the wire: status, headers and body."""
