"""Takes secrets out of URLs: those of media, builds and shared files carry what lets anyone open them."""

import re

REDACTED = "REDACTED"

# A parameter of a query, of a fragment (OAuth answers there), or of an encoded URL within another one.
_SECRET = re.compile(
    r"""((?:[?&#;]|%(?:3f|26|23|3b))
    (?:[\w.$-]*(?:token|jwt|secret|password|passwd|signature|credentials?|api_?-?key|access_?-?key(?:id)?|sessionid)
    |(?:[\w.$-]*[_.$-])?(?:sig|pwd|pass|sid|auth|authorization))
    (?:\[\])?(?:=|%3d))
    [^\s&#;"'`<>()\[\]{}|\\]+""",
    re.IGNORECASE | re.VERBOSE,
)
_VALUE = re.compile(r"""[^\s&#;"'`<>()\[\]{}|\\]+""")
_PASSWORD = re.compile(r"(://[^\s/?#@:]*:)[^\s/?#]+@")


def redacted(text: str) -> str:
    """The text with ``REDACTED`` in place of each secret in a URL: the value of a parameter whose name is
    that of one (``token``, ``sig``, ``X-Amz-Signature``, ``client_secret``), and the password before a host.

    What is in a URL's path stays: nothing tells a secret there from a name.
    """
    if "=" in text or "%3" in text:
        text = _SECRET.sub(rf"\1{REDACTED}", text)
    if "@" in text and "://" in text:
        text = _PASSWORD.sub(rf"\1{REDACTED}@", text)
    return text


def ends_in_secret(text: str, shown: str) -> bool:
    """Whether a text, which is shown like this, ends within a secret or just before one."""
    if text.endswith("="):
        return redacted(f"{text}x").endswith(REDACTED)
    return shown is not text and shown.endswith(REDACTED)


def without_secret_at_start(text: str) -> str:
    """The text without the rest of a secret that the text before it began."""
    return _VALUE.sub(REDACTED, text, count=1) if _VALUE.match(text) else text
