"""``jira-assets decrypt``: protected values made readable, for those who hold the key."""

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import duckdb
import msgspec

from jira_assets.privacy.errors import NotProtected, PrivacyError
from jira_assets.privacy.keyring import Keyring
from jira_assets.privacy.reading import connect
from jira_assets.privacy.values import is_protected, reveal, reveal_all
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError
from jira_assets.warehouse.publish import VIEWS

_ROWS_AT_ONCE = 1000


def main(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        settings = Settings.load()
        keyring = settings.keyring
        if not keyring.ids:
            remedy = "Set it to the keys that the data are encrypted with"
            raise SettingsError("JIRA_ENCRYPTION_KEYS", "is not set", remedy)
        if arguments.query is not None:
            _query(settings, keyring, arguments.query)
        elif arguments.values:
            print(*(_revealed(keyring, value) for value in arguments.values), sep="\n")
        else:
            _filter(keyring, sys.stdin, sys.stdout)
    except (SettingsError, PrivacyError, duckdb.Error) as error:
        print(f"jira-assets decrypt: {error}", file=sys.stderr)
        return 1
    return 0


def _query(settings: Settings, keyring: Keyring, sql: str) -> None:
    with connect(str(settings.published_dir / VIEWS), keyring) as connection:
        found = connection.execute(sql)
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow([column[0] for column in found.description or ()])
        while page := found.fetchmany(_ROWS_AT_ONCE):
            rows.writerows([_cell(value) for value in row] for row in page)


def _cell(value: object) -> object:
    """Lists are written as JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _revealed(keyring: Keyring, value: str) -> str:
    if not is_protected(value):
        raise NotProtected(value)
    return reveal(keyring, value)


def _filter(keyring: Keyring, lines: Iterable[str], output: TextIO) -> None:
    for line in lines:
        output.write(reveal_all(keyring, line))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets decrypt",
        description=(
            "Makes protected values readable, with the keys in JIRA_ENCRYPTION_KEYS. Without arguments it "
            "passes on what it reads, with every protected value in it readable."
        ),
        epilog=(
            "examples:\n"
            "  jira-assets decrypt AQtyc2Et...\n"
            "  jira-assets decrypt --query 'SELECT issue_key, assignee_name FROM jira_issues'\n"
            "  duckdb -csv data/published/jira.duckdb 'FROM jira_comments' | jira-assets decrypt"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("values", nargs="*", default=[], metavar="VALUE", help="values of tables, one each")
    what.add_argument("--query", metavar="SQL", help="a query of the published copy, printed as CSV")
    return parser
