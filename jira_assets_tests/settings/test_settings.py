from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jira_assets.settings import VARIABLES, Settings
from jira_assets.settings.environment import SettingsError

SECRET = "ATATT3xFfGF0-very-secret"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "domain",
    [
        "acme.atlassian.net",
        " acme.atlassian.net ",
        "https://acme.atlassian.net/",
        "https://ACME.atlassian.net/jira/software/projects/SUP/boards/1?filter=2",
    ],
)
def test_the_domain_may_be_pasted_from_a_browser(domain: str) -> None:
    settings = Settings({"JIRA_DOMAIN": domain})
    assert settings.domain == "acme.atlassian.net"
    assert settings.base_url == "https://acme.atlassian.net"


@pytest.mark.parametrize(
    "domain",
    [
        "acme",
        "acme.atlassian.net:99999",
        "jira.acme.com/jira",
        "ftp://acme.atlassian.net",
        "a b.atlassian.net",
        "://",
    ],
)
def test_a_domain_that_is_no_host_name_is_refused_with_an_example(domain: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_DOMAIN is .* e\.g\. your-company\.atlassian\.net\.$"):
        _ = Settings({"JIRA_DOMAIN": domain}).base_url


@pytest.mark.parametrize("variable", ["JIRA_DOMAIN", "JIRA_BASE_URL"])
def test_the_gateway_is_not_a_site(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} is the API gateway.*JIRA_CLOUD_ID"):
        _ = Settings({variable: "https://api.atlassian.com/ex/jira/1"}).base_url


def test_a_base_url_replaces_the_domain() -> None:
    settings = Settings({"JIRA_DOMAIN": "acme.atlassian.net", "JIRA_BASE_URL": "https://jira.acme.com/jira/"})
    assert settings.base_url == "https://jira.acme.com/jira"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765", "http://localhost:8765", "http://[::1]:8765"])
def test_http_is_for_this_machine(url: str) -> None:
    assert Settings({"JIRA_BASE_URL": url}).base_url == url


@pytest.mark.parametrize("url", ["http://acme.atlassian.net", "http://127.0.0.1.acme.com", "http://10.0.0.1"])
def test_http_to_another_machine_would_show_the_token(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_BASE_URL would send the token in the clear"):
        _ = Settings({"JIRA_BASE_URL": url}).base_url


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    for variable in ("JIRA_DOMAIN", "JIRA_BASE_URL"):
        with pytest.raises(SettingsError, match="user name or password") as caught:
            _ = Settings({variable: f"https://me:{SECRET}@acme.atlassian.net"}).base_url
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("JIRA_DOMAIN", "domain"), ("JIRA_DOMAIN", "base_url"), ("JIRA_API_TOKEN", "api_token")],
)
def test_what_is_missing_is_named_with_how_to_get_it(name: str, attribute: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set. (Set|Create)") as caught:
        getattr(Settings({name: " "}), attribute)
    assert caught.value.variable == name


def test_what_is_optional_has_a_default() -> None:
    settings = Settings({})
    assert settings.email is None
    assert settings.cloud_id is None
    assert settings.projects == ()
    assert settings.start_month == "2015-01"
    assert settings.sla_email is None
    assert settings.sla_api_token is None
    assert settings.webhook_secrets == ()


def test_projects_are_a_list_of_keys() -> None:
    assert Settings({"JIRA_PROJECTS": "SUP, ENG;A_1 SUP,"}).projects == ("SUP", "ENG", "A_1")


@pytest.mark.parametrize("keys", ["sup", "SUP,E-1", "1A", "S", 'A") OR project in ("B', "ÄB"])
def test_a_key_that_no_project_can_have_is_refused(keys: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_PROJECTS contains .* SUP,ENG"):
        _ = Settings({"JIRA_PROJECTS": keys}).projects


@pytest.mark.parametrize("month", ["2019-13", "2019-7", "2019", "2019-07-01", "July 2019", "\u0662019-07"])
def test_a_start_month_is_a_year_and_a_month(month: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_START_MONTH is .*YYYY-MM"):
        _ = Settings({"JIRA_START_MONTH": month}).start_month


def test_a_start_month_in_the_future_is_refused() -> None:
    next_year = datetime.now(UTC) + timedelta(days=366)
    with pytest.raises(SettingsError, match="future"):
        _ = Settings({"JIRA_START_MONTH": f"{next_year:%Y-%m}"}).start_month


def test_this_month_may_be_the_first() -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    assert Settings({"JIRA_START_MONTH": month}).start_month == month


def test_a_cloud_id_is_a_uuid() -> None:
    cloud_id = "11223344-A1B2-4c33-8d44-0123456789ab"
    assert Settings({"JIRA_CLOUD_ID": cloud_id}).cloud_id == cloud_id.lower()
    with pytest.raises(SettingsError, match=r"^JIRA_CLOUD_ID .*_edge/tenant_info"):
        _ = Settings({"JIRA_CLOUD_ID": "acme"}).cloud_id


@pytest.mark.parametrize("email", ["me", "me@", "a b@acme.com", "me@acme.com:x"])
def test_an_account_is_an_email_address(email: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_EMAIL is not an e-mail address"):
        _ = Settings({"JIRA_EMAIL": email}).email


@pytest.mark.parametrize("token", [f"{SECRET} x", f"{SECRET}\nX-Header: 1", f"{SECRET}…"])
def test_a_token_with_characters_that_no_token_has_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_API_TOKEN") as caught:
        _ = Settings({"JIRA_API_TOKEN": token}).api_token
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["JIRA_DOMAIN", "JIRA_BASE_URL", "JIRA_CLOUD_ID", "JIRA_PROJECTS", "JIRA_START_MONTH", "JIRA_EMAIL"],
)
def test_a_token_in_the_wrong_variable_is_not_repeated(name: str) -> None:
    attribute = name.removeprefix("JIRA_").lower()
    with pytest.raises(SettingsError) as caught:
        getattr(Settings({name: SECRET}), attribute)
    assert SECRET not in str(caught.value)


def test_no_repr_shows_a_secret() -> None:
    secrets = dict.fromkeys(VARIABLES, SECRET)
    assert SECRET not in f"{Settings(secrets)} {Settings(secrets)!r}"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("JIRA_DOMAIN=file.atlassian.net\nJIRA_EMAIL=me@file.com\nJIRA_PROJECTS=FILE\n")
    monkeypatch.setenv("JIRA_DOMAIN", "environment.atlassian.net")
    monkeypatch.setenv("JIRA_PROJECTS", "  ")
    settings = Settings.load()
    assert settings.domain == "environment.atlassian.net"
    assert settings.email == "me@file.com"
    assert settings.projects == ("FILE",)


def test_the_file_may_be_written_by_any_editor() -> None:
    text = (
        "# a comment\r\nexport JIRA_DOMAIN='acme.atlassian.net'\r\n"
        'JIRA_EMAIL = "me@acme.com"  # mine\r\nJIRA_API_TOKEN=a${HOME}$b#c=\r\nJIRA_PROJECTS=\r\nnonsense\r\n'
    )
    Path(".env").write_bytes(b"\xef\xbb\xbf" + text.encode())
    settings = Settings.load()
    assert settings.domain == "acme.atlassian.net"
    assert settings.email == "me@acme.com"
    assert settings.api_token == "a${HOME}$b#c="
    assert settings.projects == ()


@pytest.mark.parametrize("content", ["JIRA_DOMAIN=acme.atlassian.net\n".encode("utf-16"), None])
def test_an_unreadable_file_is_an_error_when_a_value_is_needed(content: bytes | None) -> None:
    if content is None:
        Path(".env").mkdir()
    else:
        Path(".env").write_bytes(content)
    settings = Settings.load()
    with pytest.raises(SettingsError, match=r"^JIRA_DOMAIN may be in \.env, which cannot be read"):
        _ = settings.domain


def test_everything_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings({})
    assert settings.data_dir.path == str(tmp_path / "data")
    assert settings.raw_dir.path == str(tmp_path / "data" / "raw")
    assert settings.published_dir.path == str(tmp_path / "data" / "published")
    assert settings.warehouse_path == tmp_path / "data" / "warehouse.duckdb"


def test_the_data_folder_may_be_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert Settings({"JIRA_DATA_DIR": "~/jira"}).warehouse_path == Path("/home/ada/jira/warehouse.duckdb")


def test_a_remote_data_folder_leaves_the_database_on_this_machine(tmp_path: Path) -> None:
    settings = Settings({"JIRA_DATA_DIR": "memory://bucket/jira"})
    assert str(settings.raw_dir) == "memory://bucket/jira/raw"
    assert settings.warehouse_path == tmp_path / "data" / "warehouse.duckdb"


def test_a_data_folder_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^JIRA_DATA_DIR cannot be used"):
        _ = Settings({"JIRA_DATA_DIR": "nowhere://bucket"}).data_dir


def test_some_variables_can_be_replaced() -> None:
    settings = Settings({"JIRA_EMAIL": "me@acme.com", "JIRA_PROJECTS": "SUP"}).with_values(JIRA_PROJECTS="")
    assert settings.email == "me@acme.com"
    assert settings.projects == ()


@pytest.mark.parametrize("value", ["31.05.2027", "2027-02-30", "soon"])
def test_the_day_a_token_expires_is_a_date(value: str) -> None:
    with pytest.raises(SettingsError, match="JIRA_TOKEN_EXPIRES"):
        _ = Settings({"JIRA_TOKEN_EXPIRES": value}).token_expires


def test_what_is_told_about_a_token_is_read() -> None:
    assert Settings({"JIRA_TOKEN_EXPIRES": "2027-05-31"}).token_expires == date(2027, 5, 31)
    assert Settings({}).token_expires is None


@pytest.mark.parametrize("value", ["-1", "101", "five", "5 %"])
def test_the_share_that_may_be_deleted_is_a_percentage(value: str) -> None:
    with pytest.raises(SettingsError, match="JIRA_MAX_DELETED_PERCENT"):
        _ = Settings({"JIRA_MAX_DELETED_PERCENT": value}).max_deleted_percent
    assert Settings({}).max_deleted_percent == 5


def test_alerts_go_to_an_address_that_no_message_repeats() -> None:
    assert Settings({}).alert_url is None
    with pytest.raises(SettingsError, match="JIRA_ALERT_URL") as error:
        _ = Settings({"JIRA_ALERT_URL": "hooks.example.com/services/the-secret-of-the-hook"}).alert_url
    assert "the-secret" not in str(error.value)
