from pathlib import Path

import pytest

from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.declare import Column, Kind, Personal, Table, Treatment
from jira_assets.tables.policy import Policy, PolicyError, default_policy, load_policy

PEOPLE = Table(
    name="people",
    description="Of every class one.",
    own_columns=(
        Column("id", Kind.TEXT, "", nullable=False),
        Column("name", Kind.TEXT, "", Personal.IDENTITY),
        Column("account", Kind.TEXT, "", Personal.ACCOUNT),
        Column("address", Kind.TEXT, "", Personal.CONTACT),
        Column("remark", Kind.TEXT, "", Personal.FREE_TEXT),
        Column("age", Kind.INTEGER, "", Personal.IDENTITY),
        Column("friends", Kind.TEXT_LIST, "", Personal.IDENTITY),
    ),
    primary_key=("id",),
)


def policy(folder: Path, text: str, *, has_key: bool = True) -> Policy:
    path = folder / "privacy.toml"
    path.write_text(text)
    return load_policy(path, has_key=has_key)


def treatments(found: Policy) -> str:
    """The first letter of what becomes of each column."""
    return "".join(column.treatment[1] for column in found.applied(PEOPLE).own_columns[:5])


@pytest.mark.parametrize(
    ("preset", "expected"), [("open", "lllll"), ("identities", "lslsl"), ("strict", "lsssn")]
)
def test_the_presets(tmp_path: Path, preset: str, expected: str) -> None:
    assert treatments(policy(tmp_path, f'preset = "{preset}"')) == expected


def test_without_a_key_nothing_is_encrypted_and_with_one_people_are() -> None:
    assert treatments(default_policy(has_key=False)) == "lllll"
    assert treatments(default_policy(has_key=True)) == "lslsl"


def test_the_file_that_comes_with_the_package_is_the_default() -> None:
    shipped = load_policy(Path("jira_assets/privacy.toml"), has_key=True)
    assert shipped.classes == default_policy(has_key=True).classes


def test_a_class_overrides_the_preset_and_a_column_its_class(tmp_path: Path) -> None:
    text = '[classes]\nfree_text = "encrypt"\naccount = "drop"\n[columns]\n"people.remark" = "plain"'
    assert treatments(policy(tmp_path, text)) == "lsrsl"


def test_what_is_encrypted_is_stored_as_text() -> None:
    stored = {column.name: column.stored for column in default_policy(has_key=True).applied(PEOPLE).columns}
    assert (stored["age"], stored["friends"], stored["name"]) == (Kind.TEXT, Kind.TEXT_LIST, Kind.TEXT)


def test_a_table_without_personal_data_stays_the_same() -> None:
    assert Policy().applied(PEOPLE) is PEOPLE


def test_a_column_of_many_fields_has_a_treatment_for_users() -> None:
    mixed = Column("value", Kind.TEXT, "", Personal.FREE_TEXT, of_users=Personal.IDENTITY)
    table = Table("changes", "", (mixed,), ())
    (column,) = default_policy(has_key=True).applied(table).columns
    assert (column.treatment, column.treatment_of_users) == (Treatment.PLAIN, Treatment.PSEUDONYM)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("preset = ", "cannot be read"),
        ('preset = "secret"', "there is no 'secret' among the presets; there are open, identities, strict"),
        ("preset = 3", "there is no 3 among the presets"),
        ('[classes]\nnames = "drop"', "there is no 'names' among the classes; there are identity, account"),
        ('[columns]\n"a.b" = "hide"', "there is no 'hide' among the treatments; there are plain, encrypt"),
        ("[rules]", "there is no 'rules' among the sections"),
        ("classes = 1", r"classes should be a section, written as \[classes\]"),
    ],
)
def test_a_file_that_cannot_be_applied_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=rf"privacy\.toml.*{said}"):
        policy(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"elsewhere\.toml cannot be read"):
        load_policy(tmp_path / "elsewhere.toml", has_key=True)


def test_there_is_no_encryption_without_a_key(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"there is no key\. Make one with `jira-assets keys new`"):
        policy(tmp_path, 'preset = "strict"', has_key=False)
    assert (
        treatments(policy(tmp_path, 'preset = "open"\n[classes]\ncontact = "drop"', has_key=False)) == "lllrl"
    )


@pytest.mark.parametrize("name", ["comments.bodi", "comments.comment_id", "comments.created_at", "nothing"])
def test_only_columns_of_personal_data_can_be_named(name: str) -> None:
    with pytest.raises(PolicyError, match=f"{name} is no column of personal data"):
        Policy(columns={name: Treatment.DROP}).check([COMMENTS])
    Policy(columns={"comments.body": Treatment.DROP}).check([COMMENTS])
