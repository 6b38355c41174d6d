"""The variables that configure us, read from the environment, over those in a file."""

import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from jira_assets.settings.declared import VARIABLES


class SettingsError(Exception):
    """A setting is missing or malformed. The message says which and what to do, and holds no secret."""

    def __init__(self, variable: str, problem: str, remedy: str) -> None:
        super().__init__(f"{variable} {problem}. {remedy}.")
        self.variable = variable
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Values:
    """The values of the ``VARIABLES``, and why `.env` cannot be read, if it cannot."""

    _values: Mapping[str, str] = field(repr=False)
    _unreadable: str | None = field(default=None, repr=False)

    def _optional(self, name: str) -> str | None:
        value = self._values.get(name, "").strip()
        if not value and self._unreadable:
            raise SettingsError(
                name, f"may be in .env, which cannot be read: {self._unreadable}", "Repair the file"
            )
        return value or None

    def _required(self, name: str, remedy: str) -> str:
        value = self._optional(name)
        if value is None:
            raise SettingsError(name, "is not set", remedy)
        return value

    def _email(self, name: str) -> str | None:
        value = self._optional(name)
        if value is not None and not re.fullmatch(r"[^\s@:]+@[^\s@:]+", value):
            remedy = "Set it to the address you sign in to Atlassian with; leave it out for a Bearer token"
            raise SettingsError(name, "is not an e-mail address", remedy)
        return value

    def _secret(self, name: str) -> str | None:
        value = self._optional(name)
        if value is not None and not (value.isascii() and value.isprintable() and " " not in value):
            problem = "contains a blank or a character that no token has"
            raise SettingsError(name, problem, "Copy the token again, without quotes or line breaks inside")
        return value


def read_variables(file: Path) -> tuple[Mapping[str, str], str | None]:
    """All ``VARIABLES``, blank if not set, and why the file cannot be read, if it cannot."""
    from_file, unreadable = _read_dotenv(file)
    values = {name: os.environ.get(name, "").strip() or from_file.get(name, "") for name in VARIABLES}
    return values, unreadable


def shown(value: str) -> str:
    """The value as it may appear in a message: a long one may be a token pasted into the wrong variable."""
    return repr(value) if len(value) <= 20 and "@" not in value else f"a value of {len(value)} characters"


def _read_dotenv(path: Path) -> tuple[dict[str, str], str | None]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows may put a byte order mark first
    except FileNotFoundError:
        return {}, None
    except UnicodeDecodeError:
        return {}, "it is not UTF-8 text"
    except OSError as error:
        return {}, error.strerror or type(error).__name__
    # Without interpolation: a token may contain a dollar sign.
    parsed = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value.strip() for name, value in parsed.items() if value}, None
