from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets.inbox.queue import Item
from jira_assets.jira.errors import JiraError
from jira_assets.raw.record import Source
from jira_assets.sandbox import faults
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets.warehouse import known as known_module
from jira_assets.warehouse.connection import WarehouseBusy, connect
from jira_assets_tests.events.bodies import change, comment_event, delete
from jira_assets_tests.events.copying import Copy
from jira_assets_tests.jira.issues import MONTH, elements, full_issue
from jira_assets_tests.warehouse.holder import held

FIRST, SECOND, THIRD = "10001", "10002", "10003"


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Copy]:
    """Three issues, which are stored; the first has a comment."""
    with serve(Site([full_issue(1, comments=1), full_issue(2), full_issue(3)])) as sandbox:
        copied = Copy(sandbox, tmp_path / "copy")
        copied.backfill([MONTH])
        copied.build()
        yield copied


def stored(copied: Copy) -> set[str]:
    """The issues in the tables."""
    copied.build()
    return {row[1] for row in copied.tables()["issues"]}


def out_of_sight(copied: Copy) -> dict[str, str]:
    """The issues that are marked as such, and why."""
    with connect(copied.database, read_only=True) as opened:
        rows = opened.execute(
            "SELECT issue_id, out_of_sight_because FROM jira.issues WHERE out_of_sight_since IS NOT NULL"
        )
        return dict(rows.fetchall())


def test_defect_11_a_deleted_issue_has_a_tombstone_that_survives_a_rebuild(copied: Copy) -> None:
    said = delete(copied.sandbox.site, FIRST)
    assert copied.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"
    assert stored(copied) == {SECOND, THIRD}
    copied.database.unlink()
    assert stored(copied) == {SECOND, THIRD}
    assert copied.tables()["comments"] == []
    assert copied.raw.tombstoned(MONTH) == {FIRST}


def test_an_issue_that_was_never_stored_can_be_deleted(copied: Copy) -> None:
    site = copied.sandbox.site
    site.put(full_issue(4))
    assert (
        copied.applied(delete(site, "10004"), month=MONTH)
        == "1 settled, 0 waiting, 0 given up, ['10004'] deleted"
    )
    assert stored(copied) == {FIRST, SECOND, THIRD}


def test_a_deletion_that_reads_do_not_show_yet_waits(copied: Copy) -> None:
    site = copied.sandbox.site
    site.hold_reads()
    assert copied.applied(delete(site, FIRST), month=MONTH) == "0 settled, 1 waiting, 0 given up, [] deleted"
    assert FIRST in stored(copied)
    site.release_reads()
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"


def test_defect_1_an_event_that_merely_says_so_deletes_nothing(copied: Copy) -> None:
    site = copied.sandbox.site
    said = delete(site, FIRST)
    site.put(full_issue(1, comments=1))
    copied.applied(said, month=MONTH)
    assert FIRST in stored(copied)
    assert copied.queued() == [FIRST]


def test_a_deletion_in_a_project_that_cannot_be_seen_is_not_believed(copied: Copy) -> None:
    said = delete(copied.sandbox.site, FIRST)
    copied.sandbox.account.projects = frozenset({"ENG"})
    assert copied.applied(said, month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert stored(copied) == {FIRST, SECOND, THIRD}
    assert out_of_sight(copied) == {FIRST: "project"}
    copied.sandbox.account.projects = None
    assert copied.take_census().gone == ["SUP-1"]
    copied.catch_up()
    assert stored(copied) == {SECOND, THIRD}


def test_an_issue_that_is_out_of_sight_without_a_word_stays(copied: Copy) -> None:
    said = change(copied.sandbox.site, FIRST, summary="new")
    copied.sandbox.account.projects = frozenset({"ENG"})
    assert copied.applied(said, month=MONTH) == "0 settled, 1 waiting, 0 given up, [] deleted"
    assert FIRST in stored(copied)


def found_missing(copied: Copy, project: str | None = "SUP", ago: timedelta = timedelta(0)) -> str:
    """What a run makes of a difference that was found, and that no event is about."""
    item = Item(FIRST, "a difference", datetime.now(UTC) - ago, Source.SLA_POLL, project=project)
    copied.queue.put({MONTH: [item]})
    return copied.applied(month=MONTH)


def test_an_issue_that_was_known_here_and_is_gone_is_buried(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    assert found_missing(copied) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"
    assert stored(copied) == {SECOND, THIRD}
    ((*_, confirmed),) = copied.rows_of("deleted_issues")
    assert confirmed == "sla_poll, then 404 while its project could be seen"


def test_an_issue_that_was_known_here_and_is_still_there_is_fetched(copied: Copy) -> None:
    assert found_missing(copied) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert stored(copied) == {FIRST, SECOND, THIRD}


def test_an_issue_that_nobody_knew_may_yet_appear(copied: Copy) -> None:
    copied.sandbox.site.delete(FIRST)
    assert found_missing(copied, project=None) == "0 settled, 1 waiting, 0 given up, [] deleted"
    assert stored(copied) == {FIRST, SECOND, THIRD}


def test_an_issue_whose_project_is_out_of_sight_is_marked_and_stays(copied: Copy) -> None:
    copied.sandbox.account.projects = frozenset({"ENG"})
    assert found_missing(copied) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert stored(copied) == {FIRST, SECOND, THIRD}
    assert out_of_sight(copied) == {FIRST: "project"}


def test_an_issue_whose_security_level_is_out_of_sight_stays(copied: Copy) -> None:
    said = change(copied.sandbox.site, FIRST, security={"id": "1", "name": "Staff"})
    copied.applied(said, month=MONTH)
    copied.build()
    copied.sandbox.account.sees_secured = False
    assert found_missing(copied) == "1 settled, 0 waiting, 0 given up, [] deleted"
    assert FIRST in stored(copied)
    assert out_of_sight(copied) == {FIRST: "security level"}


def test_of_a_secured_issue_an_event_is_believed(copied: Copy) -> None:
    site = copied.sandbox.site
    copied.applied(change(site, FIRST, security={"id": "1", "name": "Staff"}), month=MONTH)
    copied.build()
    assert copied.applied(delete(site, FIRST), month=MONTH).endswith("['10001'] deleted")
    assert stored(copied) == {SECOND, THIRD}
    assert copied.rows_of("deleted_issues")[0][2] == "SUP-1"


def test_events_about_what_was_in_a_deleted_issue_have_nothing_to_wait_for(copied: Copy) -> None:
    site = copied.sandbox.site
    comment = comment_event(site, FIRST, elements(1)[0], "comment_deleted")
    copied.applied(delete(site, FIRST), month=MONTH)
    assert (
        copied.applied(comment, month=MONTH) == "1 settled, 0 waiting, 0 given up, [] deleted"
    )  # the tables still know it


def test_a_deletion_cannot_be_confirmed_by_a_jira_that_errs(copied: Copy) -> None:
    copied.deliver(delete(copied.sandbox.site, FIRST))
    copied.drain()
    copied.sandbox.faults.add(faults.failing(403), path="/project/search")
    with pytest.raises(JiraError):
        copied.apply(MONTH)
    assert copied.queued() == [FIRST]
    assert FIRST in stored(copied)


def test_a_deletion_is_not_done_before_its_neighbours_are_queued(
    copied: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied.deliver(delete(copied.sandbox.site, FIRST))
    copied.drain()
    monkeypatch.setattr(known_module, "_PATIENCE_S", 0.05)
    with held(copied.database), pytest.raises(WarehouseBusy):
        copied.apply(MONTH)
    assert copied.queued() == [FIRST]
    assert copied.applied(month=MONTH) == "1 settled, 0 waiting, 0 given up, ['10001'] deleted"
    assert stored(copied) == {SECOND, THIRD}
