"""A few questions that the published copy answers."""

from dataclasses import dataclass
from pathlib import Path

from jira_assets import privacy


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and the SQL that answers it."""

    question: str
    sql: str


QUERIES = (
    Query(
        "How many tickets are open, by project?",
        """\
SELECT project_key, count(*) AS open, count(*) FILTER (assignee_account_id IS NULL) AS unassigned,
       min(created_at)::DATE AS oldest
FROM jira_issues
WHERE status_category_key <> 'done'
GROUP BY project_key
ORDER BY open DESC;""",
    ),
    Query(
        "Which open tickets wait for us? Their reporter spoke last, in public.",
        """\
WITH last_word AS (
    SELECT issue_id, max(created_at) AS said_at, max_by(author_account_id, created_at) AS said_by
    FROM jira_comments
    WHERE is_public IS NOT FALSE
    GROUP BY issue_id
)
SELECT issue_key, priority, assignee_name, summary, said_at::DATE AS waiting_since
FROM jira_issues JOIN last_word USING (issue_id)
WHERE status_category_key <> 'done' AND said_by = reporter_account_id
ORDER BY said_at
LIMIT 10;""",
    ),
    Query(
        "Which agreements are missed next, counted from now?",
        """\
SELECT issue_key, sla_name, round(remaining_now_millis / 60000) AS minutes_left, at_risk
FROM sla_live
WHERE is_ongoing AND NOT paused AND NOT breached_now
ORDER BY breach_at
LIMIT 10;""",
    ),
    Query(
        "How long do issues stay in a status?",
        """\
WITH stays AS (
    SELECT from_value AS status, changed_at AS ended_at,
           lag(changed_at, 1, created_at) OVER (PARTITION BY issue_id ORDER BY changed_at) AS began_at
    FROM jira_changelog JOIN jira_issues USING (issue_id)
    WHERE field_id = 'status'
)
SELECT status, count(*) AS stays, round(median(epoch(ended_at - began_at)) / 86400, 1) AS median_days
FROM stays
GROUP BY status
ORDER BY stays DESC
LIMIT 10;""",
    ),
)


def show_queries(database: Path, keys: str) -> None:
    """Prints each question, its SQL, and the first rows of the answer, readable with the keys."""
    with privacy.connect(database, keys) as connection:
        for query in QUERIES:
            print(f"-- {query.question}\n{query.sql}")
            connection.sql(query.sql).show()
