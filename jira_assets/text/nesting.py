"""JSON that is nested deeper than decoders go: what anybody wrote stays, what is below that becomes null."""

import re

DEEPEST = 200  # levels; documents of Jira's editor have some ten, Python's recursion ends at a thousand

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def flattened(json: bytes) -> bytes:
    """The same JSON with null in place of what is deeper than ``DEEPEST`` levels."""
    kept = bytearray()
    depth = resume = 0
    for token in _TOKEN.finditer(json):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth == DEEPEST:
                kept += json[resume : token.start()] + b"null"
        elif token[0] in (b"]", b"}"):
            if depth == DEEPEST:
                resume = token.end()
            depth -= 1
    return bytes(kept) + json[resume:]
