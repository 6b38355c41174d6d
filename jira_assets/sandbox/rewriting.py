"""Values that depend on who asks and when: service level agreements."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from jira_assets.sandbox.call import Call

_NO_LICENCE = Raw(msgspec.json.encode({"errorMessage": "You do not have permission to view this SLA."}))
_NULL = Raw(b"null")


def rewriter(call: Call) -> Callable[[dict[str, Raw]], None] | None:
    """The change that this caller's issues need; None if there is nothing to change."""
    sla_fields = call.site.sla_field_ids()
    if not sla_fields:
        return None
    if not call.account.agent:
        return lambda fields: _hide(fields, [name for name in sla_fields if fields.get(name, _NULL) != _NULL])
    if not call.site.slas_run:
        return None
    passed = call.site.clock() - call.site.opened_at
    return lambda fields: _advance_all(fields, [name for name in sla_fields if name in fields], passed)


def advance(agreement: dict[str, Any], milliseconds: int) -> dict[str, Any]:
    """An SLA value as Jira computes it this much later: a running cycle goes on without ``updated``."""
    cycle = agreement.get("ongoingCycle")
    if not cycle or cycle.get("paused") or not cycle.get("withinCalendarHours", True):
        return agreement
    elapsed, remaining = cycle.get("elapsedTime") or {}, cycle.get("remainingTime") or {}
    if "millis" not in elapsed or "millis" not in remaining:
        return agreement
    left = remaining["millis"] - milliseconds
    moved = {
        "elapsedTime": elapsed | {"millis": elapsed["millis"] + milliseconds},
        "remainingTime": remaining | {"millis": left},
        "breached": left < 0,
    }
    return agreement | {"ongoingCycle": cycle | moved}


def _hide(fields: dict[str, Raw], names: list[str]) -> None:
    for name in names:
        fields[name] = _NO_LICENCE


def _advance_all(fields: dict[str, Raw], names: list[str], milliseconds: int) -> None:
    for name in names:
        if b'"ongoingCycle"' in bytes(fields[name]):
            fields[name] = Raw(msgspec.json.encode(advance(msgspec.json.decode(fields[name]), milliseconds)))
