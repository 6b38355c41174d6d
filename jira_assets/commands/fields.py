"""``jira-assets fields``: the fields of the site, which columns show them, and how often they are filled."""

import argparse
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from jira_assets.jira.client import JiraClient
from jira_assets.jira.fields import fetch_fields
from jira_assets.raw.site import SiteField, read_fields, write_fields
from jira_assets.settings import Settings
from jira_assets.sync.configuration import resolution
from jira_assets.tables.propose_mapping import proposal
from jira_assets.tables.resolve import FieldResolution
from jira_assets.warehouse.filled_fields import Filled, filled

_DESCRIPTION = """\
List the fields of the site: how often each is filled in the issues that are copied, what it
holds, and the column of `issues` that shows it. A field without one is in `custom_fields`,
under the name given here. Fields are those that were read last; the first time, and with
--refresh, Jira is asked."""

_EPILOG = """\
examples:
  jira-assets fields                              what there is
  jira-assets fields --refresh                    the same, as Jira has it now
  jira-assets fields --propose > more.toml        lines for the file that JIRA_FIELDS names

JIRA_FIELDS is the path of a copy of jira_assets/fields.toml. When that changes, months rebuild
themselves as they come up, without calling Jira."""


_WIDEST = 40


class FieldsError(Exception):
    """What is asked for cannot be answered yet."""


def main(argv: Sequence[str]) -> int:
    """Prints the list or the proposal. Raises what the settings, Jira, the log or the warehouse raise."""
    arguments = _parser().parse_args(argv)
    settings = Settings.load()
    if arguments.refresh or not read_fields(settings.raw_dir):
        sys.stderr.write("Asking Jira for its fields…\n")
        with JiraClient.from_settings(settings) as client:
            write_fields(settings.raw_dir, fetch_fields(client).payload)
    resolved = resolution(settings)
    counted = filled(settings.warehouse_path, resolved)
    sys.stdout.writelines(_proposed(resolved, counted) if arguments.propose else _listed(resolved, counted))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets fields",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--refresh", action="store_true", help="ask Jira for its fields, and keep them")
    parser.add_argument(
        "--propose",
        action="store_true",
        help="print TOML for the fields that are filled in some issue and that no column shows",
    )
    return parser


def _proposed(resolved: FieldResolution, counted: Filled) -> Iterable[str]:
    if not counted.issues:
        raise FieldsError(
            "no issue is copied yet, so nobody knows which fields are filled. Materialise a month first: "
            "in Dagster's UI, the job sync_months"
        )
    shown = resolved.columns_by_field
    unshown = [
        field
        for field in _by_count(resolved.fields, counted)
        if field.is_custom and field.id not in shown and counted.counts.get(field.id)
    ]
    remarks = {
        field.id: f"Filled in {counted.counts[field.id]:,} of {counted.issues:,} issues" for field in unshown
    }
    yield proposal(unshown, [each.column.column.name for each in resolved.columns], remarks)


def _listed(resolved: FieldResolution, counted: Filled) -> Iterable[str]:
    rows = [("FILLED", "ID", "HOLDS", "NAME", "SHOWN BY"), *_rows(resolved, counted)]
    yield from _aligned(rows)
    custom, shown = sum(field.is_custom for field in resolved.fields), len(resolved.columns_by_field)
    yield f"\n{len(resolved.fields)} fields, {custom} of the site's own, {shown} shown by columns; "
    yield f"{counted.issues:,} issues.\n"
    without = [each.column.column.name for each in resolved.columns if each.field_id is None]
    if without:
        yield f"Columns without a field: {', '.join(without)}.\n"
    yield from (f"To look at: {printable(problem)}.\n" for problem in resolved.problems)


def _rows(resolved: FieldResolution, counted: Filled) -> Iterator[tuple[str, ...]]:
    """First the fields that columns show, then the site's other own ones; the rest is the same everywhere."""
    keys, shown = resolved.site().keys, resolved.columns_by_field
    for field in sorted(
        _by_count(resolved.fields, counted), key=lambda field: (field.id not in shown, not field.is_custom)
    ):
        where = ", ".join(shown.get(field.id, ()))
        if field.is_custom and not where:
            where = f"custom_fields: {keys[field.id]}"
        known = counted.issues and (field.is_custom or field.id in shown)
        count = f"{counted.counts.get(field.id, 0):,}" if known else "?"
        name = (field.name or "") + ("" if field.listed else " (no longer listed)")
        yield count, field.id, field.type or "", name, where


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """As lines: the first column is of numbers, and the last as wide as it likes to be."""
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [min(max(map(width, column)), _WIDEST) for column in zip(*rows, strict=True)][:-1]
    for number, *texts, last in rows:
        cells = [number.rjust(widths[0]), *map(padded, texts, widths[1:]), last]
        yield "  ".join(cells).rstrip() + "\n"


def _by_count(fields: Iterable[SiteField], counted: Filled) -> list[SiteField]:
    return sorted(fields, key=lambda field: (-counted.counts.get(field.id, 0), field.name or "", field.id))


_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They make a terminal show what follows in another order.
_BIDI = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})


def printable(text: str) -> str:
    """The same without characters that command a terminal, end a line, or turn the order of what follows."""
    return "".join(
        _REPLACEMENT if each in _BIDI or unicodedata.category(each) in _BREAKING else each for each in text
    )


def width(text: str) -> int:
    """The cells of a terminal that a text takes: two for a character of East Asia, none for an accent."""
    return sum(
        0
        if unicodedata.category(each) in _WITHOUT_WIDTH
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )


def padded(text: str, to: int) -> str:
    """The text with spaces behind it, up to a number of cells."""
    return text + " " * max(0, to - width(text))
