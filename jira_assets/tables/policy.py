"""The privacy policy: what becomes of each column's personal data, by its class or by its name."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from jira_assets.tables.declare import Column, Personal, Table, Treatment

T = TypeVar("T", bound=Table)
Classes = Mapping[Personal, Treatment]

_PEOPLE = {Personal.IDENTITY: Treatment.PSEUDONYM, Personal.CONTACT: Treatment.PSEUDONYM}
PRESETS: Mapping[str, Classes] = {
    "open": {},
    "identities": _PEOPLE,
    "strict": _PEOPLE | {Personal.ACCOUNT: Treatment.PSEUDONYM, Personal.FREE_TEXT: Treatment.ENCRYPT},
}
_SECTIONS = ("preset", "classes", "columns")
_CLASSES = {each.value.replace(" ", "_"): each for each in Personal if each is not Personal.NONE}
_NEEDS_KEY = (Treatment.ENCRYPT, Treatment.PSEUDONYM)


class PolicyError(Exception):
    """The policy cannot be applied. The message says what is wrong with it, and what would be right."""


@dataclass(frozen=True)
class Policy:
    """What becomes of the classes of personal data, and of single columns, as ``comments.body``.

    ``name`` is what messages call it: the path of its file.
    """

    classes: Classes = field(default_factory=dict)
    columns: Mapping[str, Treatment] = field(default_factory=dict)
    name: str = "the default"

    @property
    def needs_key(self) -> bool:
        """Whether anything is to be encrypted."""
        return any(treatment in _NEEDS_KEY for treatment in (*self.classes.values(), *self.columns.values()))

    def applied(self, table: T) -> T:
        """The same table, with what the policy makes of its columns."""
        own = tuple(self._treated(table, column) for column in table.own_columns)
        return table if own == table.own_columns else replace(table, own_columns=own)

    def check(self, tables: Iterable[Table]) -> None:
        """Raises PolicyError if it names a column that none of these tables has, or none of personal data."""
        personal = {
            f"{table.name}.{column.name}"
            for table in tables
            for column in table.own_columns
            if column.personal is not Personal.NONE
        }
        for name in self.columns:
            if name not in personal:
                guess = get_close_matches(name, personal, n=1)
                hint = f"Did you mean {guess[0]}?" if guess else "Columns are named as in comments.body."
                raise PolicyError(f"{self.name}: {name} is no column of personal data. {hint}")

    def _treated(self, table: Table, column: Column) -> Column:
        if column.personal is Personal.NONE:
            return column
        single = self.columns.get(f"{table.name}.{column.name}")
        of_users = None if column.of_users is None else single or self._of(column.of_users)
        return replace(column, treatment=single or self._of(column.personal), treatment_of_users=of_users)

    def _of(self, personal: Personal) -> Treatment:
        return self.classes.get(personal, Treatment.PLAIN)


def default_policy(*, has_key: bool) -> Policy:
    """Names and addresses become pseudonyms as soon as there is a key to do it with."""
    return Policy(PRESETS["identities" if has_key else "open"])


def load_policy(path: Path, *, has_key: bool) -> Policy:
    """The policy in a file such as `jira_assets/privacy.toml`. Raises PolicyError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}") from error
    for name in found:
        _one_of(path, name, _SECTIONS, "sections")
    preset = found.get("preset", "identities")
    classes = dict(PRESETS[_one_of(path, preset, PRESETS, "presets")])
    for name, treatment in _section(path, found, "classes"):
        classes[_CLASSES[_one_of(path, name, _CLASSES, "classes")]] = _treatment(path, treatment)
    columns = {name: _treatment(path, treatment) for name, treatment in _section(path, found, "columns")}
    policy = Policy(classes, columns, str(path))
    if policy.needs_key and not has_key:
        raise PolicyError(
            f"{path} asks for encryption, and there is no key. Make one with `jira-assets keys new` and put "
            'it into JIRA_ENCRYPTION_KEYS, or set preset = "open"'
        )
    return policy


def _section(path: Path, found: Mapping[str, object], name: str) -> Iterable[tuple[str, object]]:
    section = found.get(name, {})
    if not isinstance(section, dict):
        raise PolicyError(f"{path}: {name} should be a section, written as [{name}]")
    return section.items()


def _treatment(path: Path, treatment: object) -> Treatment:
    return Treatment(_one_of(path, treatment, [each.value for each in Treatment], "treatments"))


def _one_of(path: Path, found: object, known: Iterable[str], what: str) -> str:
    if not isinstance(found, str) or found not in known:
        raise PolicyError(f"{path}: there is no {found!r} among the {what}; there are {', '.join(known)}")
    return found
