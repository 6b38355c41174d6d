"""Alerts: what they say, and how they are posted."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests

from jira_assets.http.answers import send
from jira_assets.http.transport import open_session, what_broke

LINES_SHOWN = 10
_TIMEOUT = (5.0, 10.0)
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # Slack's, and no others


class NotPosted(Exception):
    """An alert has not arrived. The message does not hold the address, which is a secret."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the alert could not be posted to JIRA_ALERT_URL: {problem}. It is tried again.")


def run_failed(job: str, run_id: str, partition: str | None) -> str:
    """Names of ours only: what a run says about its failure may be about people."""
    of_partition = f" of {partition}" if partition else ""
    return f"Run of `{job}`{of_partition} failed: {run_id}"


def check_failed(name: str, *, is_error: bool, numbers: Mapping[str, float]) -> str:
    """A check, how bad that is, and what it counted."""
    counted = ", ".join(f"{name} {number}" for name, number in numbers.items())
    return f"{'Check' if is_error else 'Warning: check'} `{name}` failed{f': {counted}' if counted else ''}"


def check_passes(name: str) -> str:
    """A check that had failed."""
    return f"Check `{name}` passes again"


def message(lines: Sequence[str]) -> str:
    """One text for all that is new, however much that is."""
    more = len(lines) - LINES_SHOWN
    shown = [*lines[:LINES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return "\n".join(["jira_assets:", *(f"• {line}" for line in shown)] if len(lines) > 1 else [*lines])


def post(url: str, text: str) -> None:
    """Post a text the way Slack's incoming webhooks want it. Raises NotPosted."""
    escaped = "".join(_ESCAPED.get(character, character) for character in text)
    problem = _post(url, escaped)
    if problem is not None:  # raised here, so that no traceback holds the library's, which holds the address
        raise NotPosted(problem)


def _post(url: str, text: str) -> str | None:
    """What went wrong, if anything did. Redirects are not followed: what is there was not configured."""
    body = {"text": text}
    try:
        with _muted("urllib3.connectionpool"), open_session(url, 1) as session:
            answer = send(
                session, session.prepare_request(requests.Request("POST", url, json=body)), _TIMEOUT
            )
            answer.close()
    except requests.RequestException as error:
        return what_broke(error)
    except ValueError:
        return "its address is none"
    return None if 200 <= answer.status_code < 300 else f"the answer is HTTP {answer.status_code}"


@contextmanager
def _muted(logger: str) -> Iterator[None]:
    """Keep a library from logging the address, as it does for whoever debugs."""
    filters, silence = logging.getLogger(logger), _Silence()
    filters.addFilter(silence)
    try:
        yield
    finally:
        filters.removeFilter(silence)


class _Silence(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return False
