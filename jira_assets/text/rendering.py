"""The ways in which rich text can be written."""

from enum import StrEnum


class Rendering(StrEnum):
    """As GitHub-flavoured Markdown, or as text without marks."""

    MARKDOWN = "markdown"
    PLAIN = "plain"
