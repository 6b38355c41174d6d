"""The names of the events that Jira sends."""

# developer.atlassian.com/cloud/jira/platform/webhooks; `jira:worklog` is of older versions.
_CHANGES = {
    "jira:worklog": "updated",
    "jira:issue": "created updated deleted",
    "comment": "created updated deleted",
    "worklog": "created updated deleted",
    "attachment": "created deleted",
    "issuelink": "created deleted",
    "issue_property": "set deleted",
    "project": "created updated deleted soft_deleted restored_deleted archived restored_archived",
    "jira:version": "created updated deleted released unreleased moved merged",
    "sprint": "created updated deleted started closed",
    "board": "created updated deleted configuration_changed",
    "user": "created updated deleted",
    "filter": "created updated deleted",
    "option_voting": "changed",
    "option_watching": "changed",
    "option_unassigned_issues": "changed",
    "option_subtasks": "changed",
    "option_attachments": "changed",
    "option_issuelinks": "changed",
    "option_timetracking": "changed provider_changed",
}
CATALOGUE = frozenset(
    f"{subject}_{change}" for subject, changes in _CHANGES.items() for change in changes.split()
)
