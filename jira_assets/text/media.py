"""Which files a rich text shows: what ties an attachment to the comment or the description it belongs to."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from jira_assets.text.nodes import Attributes, attributes_of, first_string

# !image.png! and !image.png|thumbnail!; [^file.pdf] and [its text|^file.pdf]. No part may contain what begins
# another one, so that each character is looked at once.
_WIKI_FILE = re.compile(
    r"(?<![\w!])!(?P<image>[^\s!|][^!|\r\n]*)(?:\|[^!\r\n]*)?!(?!\w)"
    r"|\[(?:[^\[\]|^\r\n]*\|)?\^(?P<file>[^\[\]|^\r\n]+)(?:\|[^\[\]\r\n]*)?\]"
)
_ATTACHMENT_URL = re.compile(r"/attachment/(?:(?:content|thumbnail)/)?(\d+)(?:[/?#]|$)")

# Tells the file that a node stands for, by its id in Atlassian's media service and its name: the file name or
# the URL to write in its place, or None if there is none.
Files: TypeAlias = Callable[[str | None, str | None], str | None]


class ShownFile(NamedTuple):
    """A file within a text, by whatever the text tells of it: at least one of the three is known.

    media_id: its id in Atlassian's media service, a UUID. No REST endpoint tells which attachment has it.
    name: its file name, which people can edit in documents, where it doubles as the alternative text.
    attachment_id: the id of the attachment, told only by texts that show it by its address in Jira.
    """

    media_id: str | None
    name: str | None
    attachment_id: str | None = None


def shown_files(value: object) -> list[ShownFile]:
    """The files that a rich text of Jira shows, in reading order, each as often as it is shown.

    ``value`` is a document (REST v3) or wiki markup (v2); anything else shows nothing. Pictures from
    elsewhere are left out. Wiki markup is searched without regard to its code blocks: a name there is taken
    for a file.
    Never raises, and takes time in proportion to the size of ``value``.
    """
    files = _in_wiki_markup(value) if isinstance(value, str) else _in_document(value)
    return [file for file in files if any(file)]


def _in_wiki_markup(text: str) -> Iterator[ShownFile]:
    for match in _WIKI_FILE.finditer(text) if "!" in text or "^" in text else ():
        yield _named_or_located(match["image"] or match["file"])


def _in_document(document: object) -> Iterator[ShownFile]:
    stack = [document]  # documents may be deeper than Python recurses
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            if item.get("type") in ("media", "mediaInline"):
                yield _shown(attributes_of(item))
            stack.append(item.get("content"))


def _shown(attributes: Attributes) -> ShownFile:
    match attributes.get("type"):
        case "link":
            return ShownFile(None, None)
        case "external":
            return _named_or_located(first_string(attributes, "url"))
    return ShownFile(media_id(attributes), file_name(attributes) or None)


def media_id(attributes: Attributes) -> str | None:
    """The id of the file that a media node stands for in Atlassian's media service."""
    return first_string(attributes, "id") or None if isinstance(attributes.get("id"), str) else None


def file_name(attributes: Attributes) -> str:
    """The name of the file that a media node stands for, or its alternative text, or ""."""
    return first_string(attributes, "__fileName", "fileName", "name", "alt")


def _named_or_located(name_or_url: str) -> ShownFile:
    if "://" not in name_or_url and not name_or_url.startswith("/"):
        return ShownFile(None, name_or_url.strip() or None)
    found = _ATTACHMENT_URL.search(name_or_url)
    return ShownFile(None, None, found[1] if found else None)
