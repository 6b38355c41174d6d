"""Where the values of settings come from: the environment, over those in a file."""

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values


class SettingsError(Exception):
    """A setting is missing or malformed. The message says which and what to do, and holds no secret."""

    def __init__(self, variable: str, problem: str, remedy: str) -> None:
        super().__init__(f"{variable} {problem}. {remedy}.")
        self.variable = variable
        self.problem = problem
        self.remedy = remedy


def read_variables(file: Path, names: Iterable[str]) -> tuple[Mapping[str, str], str | None]:
    """The variables of these names, blank if not set, and why the file cannot be read, if it cannot."""
    from_file, unreadable = _read_dotenv(file)
    return {name: os.environ.get(name, "").strip() or from_file.get(name, "") for name in names}, unreadable


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
