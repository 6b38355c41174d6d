"""Which children there are, for us: of one that is deleted or hidden, Jira's issue says nothing."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from jira_assets.inbox.events import Child
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import BrokenPaging, MissingOrForbidden

CHILDREN_PER_CALL = 1000
_COMMENTS = "/rest/api/3/comment/list"
_WORKLOGS = "/rest/api/3/worklog/list"
_ALONE = {"attachments": "/rest/api/3/attachment/", "issuelinks": "/rest/api/3/issueLink/"}


class _Child(msgspec.Struct):
    id: str | int


class _Page(msgspec.Struct, rename="camel"):
    values: list[_Child]
    is_last: bool = True


def existing_comments(client: JiraClient, comment_ids: Sequence[int]) -> set[int]:
    """Those of up to 1,000 comments that are there, and that the account may see. Raises ``JiraError``."""
    page = client.post_json(_COMMENTS, {"ids": list(comment_ids)}, _Page)
    if not page.is_last:
        raise BrokenPaging("POST", _COMMENTS, 200, "Jira sent only a part of the comments asked for.")
    return _ids(page.values)


def existing_worklogs(client: JiraClient, worklog_ids: Sequence[int]) -> set[int]:
    """Those of up to 1,000 worklogs that are there, and that the account may see. Raises ``JiraError``.

    Not ``/worklog/deleted``: it leaves out the last minute, and needs a cursor that can be wrong.
    """
    return _ids(client.post_json(_WORKLOGS, {"ids": list(worklog_ids)}, list[_Child]))


def is_there(client: JiraClient, child: Child) -> bool:
    """Whether a child is there, and the account may see it. Raises ``JiraError``."""
    if child.part == "comments":
        return bool(existing_comments(client, [int(child.id)]))
    if child.part == "worklogs":
        return bool(existing_worklogs(client, [int(child.id)]))
    try:
        client.get_json(f"{_ALONE[child.part]}{child.id}", None, Raw)
    except MissingOrForbidden:
        return False
    return True


def _ids(children: Sequence[_Child]) -> set[int]:
    return {int(child.id) for child in children}
