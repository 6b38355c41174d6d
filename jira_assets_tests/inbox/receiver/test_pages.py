import requests
from prometheus_client.parser import text_string_to_metric_families

from jira_assets.inbox.receiver.server import running
from jira_assets.settings import Settings
from jira_assets_tests.inbox.receiver.sending import SECRET, deliver, event, health


def test_health_tells_how_the_receiver_does(url: str) -> None:
    for number in (1, 2, 2):
        deliver(url, event(number))
    deliver(url, event(), secret="wrong")
    told = health(url)
    assert (told["status"], told["backlog"], told["last_error"], told["errors"]) == ("ok", 2, False, 0)
    assert 0 < told["oldest_waiting_seconds"] < 60
    assert told["last_event_at"].endswith("+00:00")
    assert (told["counts"]["stored"], told["counts"]["duplicate"], told["counts"]["unauthorised"]) == (
        2,
        1,
        1,
    )


def test_health_of_a_receiver_that_has_had_no_event(url: str) -> None:
    told = health(url)
    assert (told["backlog"], told["oldest_waiting_seconds"], told["last_event_at"]) == (0, None, None)


def test_defect_32_health_says_yes_or_no_of_settings_and_never_a_value(settings: Settings) -> None:
    full = settings.with_values(
        JIRA_DOMAIN="very-private.atlassian.net",
        JIRA_WEBHOOK_SECRET_PREVIOUS="an older one",
        JIRA_PROJECTS="HID",
    )
    with running(full) as url:
        answer = requests.get(f"{url}/webhooks/jira/health", timeout=10)
        metrics = requests.get(f"{url}/metrics", timeout=10).text
    told = answer.json()
    assert (told["configured"], told["secret_set"], told["secrets"], told["domain_set"]) == (
        True,
        True,
        2,
        True,
    )
    for value in ("very-private", "an older one", SECRET, "HID", str(settings.local_dir)):
        assert value not in answer.text + metrics


def test_health_says_so_if_no_site_is_configured(url: str) -> None:
    told = health(url)
    assert (told["configured"], told["secret_set"], told["domain_set"]) == (False, True, False)


def test_metrics_can_be_read_by_prometheus(url: str) -> None:
    body = event()
    for _ in range(2):
        deliver(url, body)
    answer = requests.get(f"{url}/metrics", timeout=10)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["jira_webhook_events_total", "stored"] == 1
    assert samples["jira_webhook_events_total", "duplicate"] == 1
    assert samples["jira_webhook_events_total", "not_stored"] == 0
    assert samples[("jira_webhook_bytes_total",)] == 2 * len(body)
    assert samples[("jira_webhook_seconds_count",)] == 2
    assert samples[("jira_webhook_backlog",)] == 1
    assert samples[("jira_webhook_oldest_waiting_seconds",)] > 0
    assert samples[("jira_webhook_last_event_timestamp_seconds",)] > 1.7e9


def test_two_receivers_count_for_themselves(settings: Settings) -> None:
    with running(settings) as one, running(settings) as other:
        deliver(one, event())
        assert health(other)["counts"]["stored"] == 0
