"""The audit finds whatever is published otherwise than Jira shows it, and nothing else."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from jira_assets.cli import main
from jira_assets.inbox.queue import Queue
from jira_assets.jira.client import JiraClient
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.site import Site
from jira_assets.sandbox.times import iso
from jira_assets.settings import Settings
from jira_assets.sync import configuration
from jira_assets.sync.reconcile.audit import Auditor
from jira_assets.sync.reconcile.scope import Scope
from jira_assets.timestamps import epoch_milliseconds
from jira_assets_tests.events.bodies import change
from jira_assets_tests.jira.issues import MONTH, full_issue
from jira_assets_tests.pipeline import Pipeline, pipeline
from jira_assets_tests.privacy.keys import key

CHECK = "site.published_equals_jira"
FIRST, SECOND = "10001", "10002"
BLOCKS = {"id": "1", "name": "Blocks"}
Fault = Callable[[pl.DataFrame], pl.DataFrame]
Damage = Callable[[str, Fault], None]


def _site() -> Site:
    first = full_issue(
        1,
        comments=3,
        worklogs=2,
        histories=4,
        description={"type": "doc", "version": 1, "content": [_paragraph("What happened")]},
        status={"id": "3", "name": "Open"},
        attachment=[{"id": "71", "filename": "log.txt"}, {"id": "72", "filename": "other.txt"}],
        issuelinks=[
            {
                "id": "81",
                "type": {"id": "1", "name": "Blocks"},
                "outwardIssue": {"id": SECOND, "key": "SUP-2"},
            }
        ],
    )
    for comment in first["fields"]["comment"]["comments"]:
        comment["body"] = _paragraph(f"Comment {comment['id']}")
    for history in first["changelog"]["histories"]:
        history["items"] = [{"field": "labels", "fieldId": "labels", "toString": "a"}]
    return Site([first, *(full_issue(number, comments=30) for number in range(2, 6))])


def _paragraph(text: str) -> dict[str, object]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    with pipeline(_site(), folder) as pipe:
        assert pipe.run(MONTH).success
    return folder


@pytest.fixture
def pipe(stored: Path) -> Iterator[Pipeline]:
    """A copy that is published, of a site in which nothing has changed for long."""
    with pipeline(_site(), stored) as ready:
        yield ready
    shutil.rmtree(stored / "queue", ignore_errors=True)


@pytest.fixture
def damage(pipe: Pipeline) -> Iterator[Damage]:
    """Whatever does it: a published file holds other rows, until the test ends."""
    before: dict[Path, bytes] = {}

    def apply(table: str, fault: Fault) -> None:
        path = pipe.folder / "published" / table / f"{MONTH}.parquet"
        before[path] = path.read_bytes()
        fault(pl.read_parquet(path)).write_parquet(path)

    yield apply
    for path, content in before.items():
        path.write_bytes(content)


def but(issue_id: str, column: str, value: object) -> Fault:
    is_it = pl.col("issue_id") == issue_id
    return lambda frame: frame.with_columns(
        pl.when(is_it).then(pl.lit(value, frame.schema[column])).otherwise(column).alias(column)
    )


def without_first_of(issue_id: str) -> Fault:
    rest = (pl.col("issue_id") != issue_id) | (pl.int_range(pl.len()).over("issue_id") > 0)
    return lambda frame: frame.filter(rest)


def audited() -> list[str]:
    """What an audit names."""
    settings = Settings.load()
    with JiraClient.from_settings(settings) as client:
        scope = Scope.from_settings(settings, client)
        return [
            str(each) for each in Auditor.from_settings(settings, scope, lambda _: None).run().differences
        ]


def test_where_all_is_well_nothing_is_named(pipe: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    run = pipe.run_job("audit_published")
    assert run.checks() == {CHECK: True}
    assert run.observed("site")["issues"] == 5
    assert main(["audit", "--sample", "3", "--seed", "1"]) == 0
    assert "5 ids and" in capsys.readouterr().out
    assert Queue(Settings.load().queue_dir).months() == []


@pytest.mark.parametrize(
    ("table", "fault", "told"),
    [
        ("issues", but(FIRST, "summary", "forged"), "SUP-1: issues: summary"),
        ("issues", but(FIRST, "description", None), "SUP-1: issues: description"),
        ("issues", but(FIRST, "status_id", "77"), "SUP-1: issues: status_id"),
        ("issues", but(FIRST, "issue_key", "OPS-1"), "SUP-1: issues: issue_key"),
        ("issues", without_first_of(FIRST), "SUP-1: it is not published"),
        ("comments", but(FIRST, "body", "forged"), "SUP-1: comments "),
        ("comments", without_first_of(SECOND), "SUP-2: "),
        ("comments", lambda frame: frame.clear(), "SUP-5: "),
        ("worklogs", without_first_of(FIRST), "SUP-1: worklogs "),
        ("changelog", lambda frame: frame.clear(), "SUP-1: 0 changelog, and not 4"),
        ("attachments", without_first_of(FIRST), "SUP-1: attachments "),
        ("issuelinks", lambda frame: frame.clear(), "SUP-1: issuelinks "),
    ],
)
def test_whatever_is_published_otherwise_is_named_and_queued(
    damage: Damage, table: str, fault: Fault, told: str
) -> None:
    damage(table, fault)
    named = audited()
    assert any(each.startswith(told) for each in named), named
    queued = {item.issue_id for item in Queue(Settings.load().queue_dir).items(MONTH)}
    assert queued == {f"1000{each.split(':')[0][-1]}" for each in named}


def test_the_check_stays_red_until_the_next_audit(
    pipe: Pipeline, damage: Damage, capsys: pytest.CaptureFixture[str]
) -> None:
    damage("issues", but(FIRST, "summary", "forged"))
    assert main(["audit"]) == 1
    assert "SUP-1: issues: summary\n" in capsys.readouterr().out
    shutil.rmtree(pipe.folder / "queue")
    run = pipe.run_job("audit_published")
    assert run.success
    assert run.offenders(CHECK) == ["SUP-1: issues: summary"]
    assert pipe.shown_checks()[CHECK] == "FAILED"


def test_an_issue_that_jira_does_not_have_is_named(pipe: Pipeline) -> None:
    pipe.sandbox.site.delete("10005")
    assert audited() == ["SUP-5: it is not in Jira"]


def test_what_has_changed_since_is_no_fault_until_it_has_been_known_for_long(pipe: Pipeline) -> None:
    change(pipe.sandbox.site, FIRST, summary="new")
    assert audited() == []
    issue = pipe.sandbox.site.get(FIRST)
    issue["fields"]["updated"] = iso(epoch_milliseconds(datetime.now(UTC) - timedelta(hours=3)))
    pipe.sandbox.site.put(issue)
    assert audited() == ["SUP-1: issues: updated_at, issues: summary"]
    # It waits in the queue by now, so it is known.
    assert audited() == []


def test_a_copy_of_many_kinds_of_issues_that_is_encrypted_and_renders_documents_is_as_jira_is(
    tmp_path: Path,
) -> None:
    configuration.catalogue.cache_clear()
    with pipeline(generated_site(60), tmp_path, JIRA_ENCRYPTION_KEYS=key("k1")) as pipe:
        months = sorted(
            {pipe.sandbox.site.get(str(each.id))["fields"]["created"][:7] for each in pipe.sandbox.site}
        )
        run = pipe.run(months[0], months[-1])
        assert run.success, run.errors
        assert audited() == []
    configuration.catalogue.cache_clear()


def test_a_jira_that_does_not_answer_leaves_nothing_green(
    pipe: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_API_TOKEN", "wrong")
    run = pipe.run_job("audit_published")
    assert not run.success
    assert pipe.shown_checks()[CHECK] == "FAILED"
