"""Links and pictures in Markdown, and in text without marks."""

import html
import re

# Schemes whose addresses run in the reader's browser. Browsers, and Markdown, pass over some characters.
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_PASSED_OVER = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\\]+")
_PICTURE_SIGN = re.compile(r"(?<!\\)(?:\\\\)*!$")
_NEEDS_BRACKETS = re.compile(r"[\s()<>]")


def link(label: str, target: str) -> str:
    """A link in Markdown, or just one of the two where the other says no more.

    The label is not escaped, for it is text that people search for: one that Markdown can't take as a label,
    such as ``a]b``, is followed by its target in parentheses.
    """
    if says_it_all(label, target):
        return label or target
    if not _fits_in_brackets(label):
        return f"{label} ({target})"
    return f"[{label}]({_destination(target)})"


def picture(label: str, target: str) -> str:
    """A picture in Markdown. What it shows may be unknown: then its target is empty."""
    if not _fits_in_brackets(label):
        return label_and_target(label, target)
    return f"![{label}]({_destination(target)})"


def label_and_target(label: str, target: str) -> str:
    """A link without marks, where its target may not be left out."""
    return label or target if says_it_all(label, target) else f"{label} ({target})"


def safe(target: str) -> str:
    """The target, or "" if it is none but a program, like ``javascript:…``, however that is written."""
    if ":" not in target and "&" not in target:
        return target
    written, unescaped = target, html.unescape(target)
    while unescaped != written:
        written, unescaped = unescaped, html.unescape(unescaped)
    return "" if _RUNS.match(_PASSED_OVER.sub("", written)) else target


def ends_in_picture_sign(text: str) -> bool:
    """Whether a link after this text would be a picture."""
    return text.endswith("!") and _PICTURE_SIGN.search(text) is not None


def says_it_all(label: str, target: str) -> bool:
    """Whether one of the two can be left out."""
    return not label or not target or target in (label, f"mailto:{label}")


def _fits_in_brackets(label: str) -> bool:
    if label.endswith("\\") or "\n" in label:
        return False
    if "[" not in label and "]" not in label:
        return True
    depth = 0
    for bracket in re.findall(r"[\[\]]", label):
        depth += 1 if bracket == "[" else -1
        if depth < 0:
            return False
    return depth == 0


def _destination(target: str) -> str:
    """The target as Markdown takes it: within angle brackets if it has blanks or parentheses."""
    if not _NEEDS_BRACKETS.search(target):
        return target
    return "<" + re.sub(r"[<>\r\n]", lambda match: f"%{ord(match[0]):02X}", target) + ">"
