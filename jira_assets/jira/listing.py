"""Every issue that a search lists: those that its pages do not show are read by their ids."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from jira_assets.jira.batches import OF_ONE
from jira_assets.jira.bulk import bulk_issues, issue_alone, search, told
from jira_assets.jira.client import JiraClient
from jira_assets.jira.errors import JiraError, UnreadablePage
from jira_assets.jira.host import Answer
from jira_assets.jira.paging import IssuePage, ids_of

_IDS_PER_PAGE = 5000  # as long as nothing but the id is asked for (jira_cloud.md 1.1)


def every_issue(
    client: JiraClient,
    jql: str,
    fields: Sequence[str],
    expand: str | None = None,
    failed: Callable[[str, JiraError], None] = told,
    listed: set[str] | None = None,
) -> Iterator[Answer[IssuePage]]:
    """The pages of ``search``, and from a page on that cannot be read, the issues by id.

    Then they come in another order. What cannot be read by id either, ``failed`` is told. The ids of all that
    are listed are added to ``listed``.
    """
    listed = set() if listed is None else listed
    try:
        for page in search(client, jql, fields, expand):
            listed.update(ids_of(page.value))
            yield page
    except UnreadablePage:
        yield from issues_missing_from_search(client, [jql], listed, fields, expand, failed)


def issues_missing_from_search(
    client: JiraClient,
    jqls: Iterable[str],
    listed: set[str],
    fields: Sequence[str],
    expand: str | None = None,
    failed: Callable[[str, JiraError], None] = told,
) -> Iterator[Answer[IssuePage]]:
    """The issues that searches for ids list, and that are not in ``listed`` yet; adds them there.

    Those that the bulk read leaves out without a word are asked for one by one: search lists for a while what
    was deleted, and nothing else may be missing.
    """
    missing = [issue_id for issue_id in dict.fromkeys(listed_ids(client, jqls)) if issue_id not in listed]
    listed.update(missing)
    expanded = expand.split(",") if expand else ()
    unread: dict[str, JiraError] = {}
    silent = set(missing)
    for page in bulk_issues(client, missing, fields, expanded, unread.__setitem__):
        silent.difference_update(ids_of(page.value))
        yield page
    for issue_id in sorted(silent - unread.keys()):
        try:
            yield issue_alone(client, issue_id, fields, expanded)
        except OF_ONE as refusal:
            unread[issue_id] = refusal
    for issue_id, error in unread.items():
        failed(issue_id, error)


def listed_ids(client: JiraClient, jqls: Iterable[str]) -> Iterator[str]:
    """The ids of all issues that searches list."""
    for jql in jqls:
        for page in search(client, jql, ["id"], issues_per_page=_IDS_PER_PAGE):
            yield from ids_of(page.value)
