"""``jira-assets rebuild``: makes a warehouse that is damaged anew from the raw log."""

import argparse
import sys
from collections.abc import Sequence

from jira_assets.settings import Settings

_DESCRIPTION = """\
Makes all tables anew from the raw log, without asking Jira, and publishes them. It is for a
warehouse.duckdb that cannot be opened any more; one that can be opened is replaced as well.

The new file is made beside the old one, which is then set aside as warehouse.duckdb.damaged (with
its .wal), and not deleted. Whoever interrupts this leaves everything as it was. It needs as much
room as there is data, and nobody can write the tables until it is done: runs that wait for more
than a minute fail, and what they fetched is in the raw log. So are the events that wait."""

_EPILOG = """\
Of a file that cannot be opened, data_health and open_ticket_slas are lost: the next scheduled runs
make them anew.

exit codes: 0 all is built and published; 1 something is not, and is named; 2 wrong usage"""


def main(argv: Sequence[str]) -> int:
    """Returns 0 if all is built and published, and 1 if something is not."""
    _parser().parse_args(argv)
    from jira_assets.upkeep.rebuild import Rebuilding  # which needs Polars and DuckDB, and `--help` does not

    done = Rebuilding(Settings.load(), _tell).run()
    for what, why in done.failed.items():
        sys.stdout.write(f"{what}: {why}\n")
    if not done.is_replaced:
        sys.stdout.write(
            "Nothing was changed: the warehouse can be opened, and has months that cannot be built anew.\n"
        )
        return 1
    if done.set_aside:
        sys.stdout.write(f"The old file is {done.set_aside}: delete it once nobody needs it.\n")
    sys.stdout.write(f"{done.issues:,} issues of {done.months:,} months were built from the raw log.\n")
    return 1 if done.failed else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="jira-assets rebuild",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
