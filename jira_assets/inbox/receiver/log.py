"""The receiver's log: a line of JSON for each delivery, which names nobody and quotes nothing.

Of what came from outside only this gets in: the event's name if Jira has such an event, twelve digits that
stand for the delivery's identifier, and Jira's count of retries.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from jira_assets.inbox.receiver.outcomes import ANSWERS, DeliveryOutcome

LEVELS = ("debug", "info", "warning", "error")
_RETRY = re.compile(rb"[0-9]{1,6}")

logger = logging.getLogger("jira_assets.receiver")


def configure(level: str) -> None:
    """Lines of JSON on stderr, uvicorn's included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (logger.name, "uvicorn"):
        configured = logging.getLogger(name)
        configured.handlers = [handler]
        configured.propagate = False
        configured.setLevel(level.upper())
    if level == "info":  # what uvicorn says of its own starting and stopping is for whoever debugs it
        logging.getLogger("uvicorn").setLevel(logging.WARNING)


def log_delivery(
    outcome: DeliveryOutcome,
    size: int,
    seconds: float,
    headers: Mapping[bytes, bytes],
    about: Mapping[str, str],
) -> None:
    """A line about one delivery; `about` is what is known of it beyond its outcome."""
    known = ANSWERS[outcome]
    if not logger.isEnabledFor(known.level):
        return
    fields: dict[str, object] = {
        "outcome": outcome,
        "status": known.status,
        "bytes": size,
        "ms": round(seconds * 1000, 1),
        **about,
    }
    retry = headers.get(b"x-atlassian-webhook-retry", b"")
    if _RETRY.fullmatch(retry):
        fields["retry"] = int(retry)
    logger.log(known.level, "delivery", extra={"fields": fields})


class JsonLines(logging.Formatter):
    """A record as one line. An error's text is left out, because it may quote a body."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return msgspec.json.encode(line).decode()
