"""Half characters in JSON: a text that was cut within an emoji ends with one half of a pair of escapes.

Clients store it and Jira passes it on; JSON's grammar allows it, but it is no text, so decoders refuse it.
"""

import re

_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR_OR_HALF = re.compile(rb"(?<!\\)((?:\\\\)*)(?:(%b)|%b)" % (_PAIR, _HALF))


def without_lone_surrogates(json: bytes) -> bytes:
    """The same JSON with U+FFFD in place of each half; whole pairs stay. For JSON in UTF-8."""
    if b"\\ud" in json or b"\\uD" in json:
        return _PAIR_OR_HALF.sub(lambda match: match[1] + (match[2] or rb"\ufffd"), json)
    return json
