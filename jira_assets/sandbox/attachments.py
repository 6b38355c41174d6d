"""Attachments: metadata, and contents by way of another host."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from jira_assets.sandbox.call import Answer, Call, RefusedError, Sandbox, json_answer
from jira_assets.sandbox.tokens import InvalidTokenError

_LINK_LIFETIME_MS = 60_000
_PIECE_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_MISSING = "The attachment with id: {} does not exist"


class _Attachment(msgspec.Struct, rename="camel"):
    id: str | int
    filename: str = ""
    size: int = 0
    mime_type: str = "application/octet-stream"


def attachment(call: Call) -> Answer:
    call.check_parameters(())
    metadata: dict[str, Any] = msgspec.json.decode(_find(call))
    return json_answer(metadata | {"id": int(metadata["id"])})


def content(call: Call) -> Answer:
    """303 to a signed address on the media host; the bytes themselves only with ``redirect=false``."""
    call.check_parameters({"redirect"})
    found = msgspec.json.decode(_find(call), type=_Attachment)
    if call.text("redirect", "true") == "false":
        return _stream(_contents(call.sandbox, found), found.mime_type, call.headers.get("range"))
    now = call.site.clock()
    token = call.sandbox.tokens.issue(["media"], [str(found.id), now + _LINK_LIFETIME_MS], now)
    address = f"{call.sandbox.media_url}/file/{media_id(str(found.id))}/binary"
    location = f"{address}?token={token}&client=sandbox&name={found.id}"
    return Answer(b"", status=303, headers={"location": location})


def media_id(attachment_id: str) -> str:
    """What documents call an attachment by."""
    digest = hashlib.md5(attachment_id.encode(), usedforsecurity=False).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def media(sandbox: Sandbox, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> Answer:
    """What the media host serves: it wants its own token and nobody's Jira credentials."""
    if "authorization" in headers:
        raise RefusedError(
            400, body={"error": {"code": "BadRequest", "title": "Only one auth mechanism allowed"}}
        )
    now = sandbox.site.clock()
    try:
        attachment_id, expires = sandbox.tokens.read(query.get("token", [""])[-1], ["media"], now)
    except InvalidTokenError as error:
        raise RefusedError(403, body={"error": {"code": "Forbidden", "title": "Invalid token"}}) from error
    if now > int(expires):
        raise RefusedError(403, body={"error": {"code": "Forbidden", "title": "Token expired"}})
    found = sandbox.children.attachment(sandbox.site.readable(), int(attachment_id))
    if found is None:
        raise RefusedError(404, body={"error": {"code": "NotFound", "title": "File not found"}})
    metadata = msgspec.json.decode(found[1], type=_Attachment)
    wanted = headers.get("range") if sandbox.knows_ranges else None
    return _stream(_contents(sandbox, metadata), metadata.mime_type, wanted)


def _find(call: Call) -> Raw:
    number = call.path["attachment"]
    found = call.sandbox.children.attachment(call.site.readable(), int(number)) if number.isdigit() else None
    if found is None or call.find(found[0]) is None:
        raise RefusedError(404, _MISSING.format(number))
    return found[1]


@dataclass(frozen=True, slots=True)
class _Contents:
    """``size`` bytes that repeat themselves."""

    size: int
    pattern: bytes

    def between(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from one place to before another, in pieces."""
        while start < end:
            begin = start % len(self.pattern)
            piece = self.pattern[begin : begin + end - start]
            yield piece
            start += len(piece)


def _contents(sandbox: Sandbox, metadata: _Attachment) -> _Contents:
    """The contents that a test put there, or ones that follow from the id and have the right size."""
    given = sandbox.site.attachment_contents.get(str(metadata.id))
    if given is not None:
        return _Contents(len(given), given)
    pattern = base64.b64encode(hashlib.sha256(str(metadata.id).encode()).digest()) + b"\n"
    return _Contents(metadata.size, pattern * (min(metadata.size, _PIECE_BYTES) // len(pattern) + 1))


def _stream(contents: _Contents, mime_type: str, wanted: str | None) -> Answer:
    found = _RANGE.fullmatch(wanted) if wanted else None
    if found is None:
        headers = {"accept-ranges": "bytes"}
        return _answer(contents, 0, contents.size, mime_type, headers, status=200)
    first, last = found.groups()
    start = int(first) if first else max(0, contents.size - int(last or 0))
    end = min(int(last) + 1, contents.size) if first and last else contents.size
    if start >= end:
        raise RefusedError(416, body={}, headers={"content-range": f"bytes */{contents.size}"})
    headers = {"content-range": f"bytes {start}-{end - 1}/{contents.size}"}
    return _answer(contents, start, end, mime_type, headers, status=206)


def _answer(
    contents: _Contents, start: int, end: int, mime_type: str, headers: dict[str, str], *, status: int
) -> Answer:
    pieces = contents.between(start, end)
    if end - start <= _PIECE_BYTES:
        return Answer(b"".join(pieces), status, mime_type, headers)
    return Answer(b"", status, mime_type, headers | {"content-length": str(end - start)}, pieces)
