from jira_assets.sandbox import faults
from jira_assets.sync.reconcile.children import queue_failed_files
from jira_assets.warehouse.connection import connect
from jira_assets_tests.events.bodies import change
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.sync.attachments.keeping import file

FIRST = "10001"


def queued(copied: Copy) -> int:
    with copied.scope() as scope:
        return queue_failed_files(scope)


def states(copied: Copy) -> set[str]:
    with connect(copied.database, read_only=True) as connection:
        rows = connection.execute("SELECT issue_id, download_state FROM jira.attachments").fetchall()
    return {state for issue_id, state in rows if issue_id == FIRST}


def test_an_issue_of_which_a_file_could_not_be_downloaded_is_fetched_again(copied: Copy) -> None:
    site = copied.sandbox.site
    copied.sandbox.faults.add(faults.failing(404), path="/attachment/content/")
    copied.deliver(change(site, FIRST, attachment=[file(987654)]))
    copied.catch_up()
    assert states(copied) == {"failed"}
    copied.sandbox.faults.clear()
    assert queued(copied) == 1
    copied.catch_up()
    assert states(copied) == {"stored"}
    assert queued(copied) == 0


def test_while_no_file_is_missing_nothing_is_queued(copied: Copy) -> None:
    assert queued(copied) == 0
