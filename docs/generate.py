"""Writes what follows from declarations: `.env.example`, docs/settings.md, docs/columns.md, docs/images.

Run it with `make docs`. A test fails when one of the files is not what this writes.
"""

import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from images import dagster_graph, issues_by_month

from jira_assets.settings import SETTINGS
from jira_assets.settings.setting import Setting
from jira_assets.tables.catalogue import UNPARTITIONED, Catalogue
from jira_assets.tables.declare import Column, Table
from jira_assets.tables.mapping_file import read_mapping

ROOT = Path(__file__).resolve().parents[1]
_ABOUT_SETTINGS = """\
Settings are environment variables. Commands and Dagster also read `.env` in the folder in which they are
started. The environment wins, except that `dagster dev` puts `.env` over it. After a change of `.env`,
restart Dagster and the receiver. A wrong setting is named, with what to do about it, when it is needed;
`jira-assets doctor` checks all of them."""
_ABOUT_COLUMNS = """\
Every column of every view. `about people` is its class of personal data: see [privacy](privacy.md).
Configured columns of `jira_issues` are those of `jira_assets/fields.toml`."""


def generated() -> Mapping[str, str]:
    """The text of each generated file, by its path from the root of the repository."""
    tables = (*Catalogue(read_mapping(None)).tables, *UNPARTITIONED)
    return {
        ".env.example": "\n".join(_env_example()) + "\n",
        "docs/settings.md": "\n".join(_settings()) + "\n",
        "docs/columns.md": "\n".join(_columns(tables)) + "\n",
        "docs/images/graph.svg": dagster_graph(),
        "docs/images/issues.svg": issues_by_month(),
    }


def _env_example() -> Iterator[str]:
    yield "# Copy to .env and fill in. The environment wins over this file. Blank counts as missing."
    yield "# `jira-assets doctor` checks the result and says what to do."
    for section, settings in _sections():
        yield ""
        yield f"# --- {section} ".ljust(115, "-")
        for setting in settings:
            default = f" Default: {setting.default}." if setting.default else ""
            example = f" Example: {setting.example}." if setting.example else ""
            meaning = setting.meaning.replace("`", "").replace("<https", "https").replace("tokens>", "tokens")
            yield ""
            yield from textwrap.wrap(
                meaning + default + example,
                115,
                initial_indent="# ",
                subsequent_indent="# ",
                break_on_hyphens=False,
            )
            yield f"{setting.name}="


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield _ABOUT_SETTINGS
    for section, settings in _sections():
        yield ""
        yield f"## {section}"
        yield ""
        yield "| setting | default | meaning |"
        yield "|---|---|---|"
        yield from map(_row_of_setting, settings)


def _sections() -> Iterator[tuple[str, list[Setting[object]]]]:
    return ((name, list(settings)) for name, settings in groupby(SETTINGS, lambda each: each.section))


def _row_of_setting(setting: Setting[object]) -> str:
    secret = " A secret." if setting.is_secret else ""
    example = f" Example: `{setting.example}`." if setting.example else ""
    default = f"`{setting.default}`" if setting.default else setting.otherwise
    return f"| `{setting.name}` | {default} | {setting.meaning}{example}{secret} |"


def _columns(tables: tuple[Table, ...]) -> Iterator[str]:
    yield "# Columns"
    yield ""
    yield _ABOUT_COLUMNS
    for table in tables:
        yield ""
        yield f"## {table.view}"
        yield ""
        source = f" [Jira's documentation]({table.source})." if table.source else ""
        key = ", ".join(f"`{name}`" for name in table.primary_key)
        yield f"{table.description} Key: {key}.{source}"
        yield ""
        yield "| column | type | meaning | about people |"
        yield "|---|---|---|---|"
        yield from map(_row_of_column, table.columns)


def _row_of_column(column: Column) -> str:
    about = "" if column.personal.value == "none" else column.personal.value
    null = "" if column.nullable else " Never NULL."
    return f"| `{column.name}` | {column.kind.sql} | {column.description}{null} | {about} |"


if __name__ == "__main__":
    for name, text in generated().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(name)
