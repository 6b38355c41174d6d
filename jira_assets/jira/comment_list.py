"""Which comments there still are: of one that is deleted, Jira's issue may say nothing."""

from collections.abc import Sequence

import msgspec

from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging

COMMENTS_PER_CALL = 1000
_COMMENTS = "/rest/api/3/comment/list"


class _Comment(msgspec.Struct):
    id: str | int


class _Page(msgspec.Struct, rename="camel"):
    values: list[_Comment]
    is_last: bool = True


def existing_comments(client: JiraClient, comment_ids: Sequence[int]) -> set[int]:
    """Those of up to 1,000 comments that are there, and that the account may see. Raises ``JiraError``."""
    page = client.post_json(_COMMENTS, {"ids": list(comment_ids)}, _Page)
    if not page.is_last:
        raise BrokenPaging("POST", _COMMENTS, 200, "Jira sent only a part of the comments asked for.")
    return {int(comment.id) for comment in page.values}
