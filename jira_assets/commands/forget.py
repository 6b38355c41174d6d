"""``jira-assets forget``: takes a person out of everything that is kept."""

import argparse
import sys
from collections.abc import Sequence

from jira_assets.privacy.forgotten import is_tombstone
from jira_assets.settings import Settings
from jira_assets.upkeep.forget.erasure import Erasure
from jira_assets.upkeep.forget.report import Report

_DESCRIPTION = """\
Takes the name, the address and whatever was written by the person with this account out of the raw
log, the tables, the published files, the archive of events and the files of attachments. The account
id becomes another one, so that counts stay right. What is fetched later is redacted before it is stored.

It can be done while everything runs, and again if it was interrupted. It cannot be undone."""

_LIMITS = """\
What this cannot do:
* Names of a single word, and single parts of a name, are taken out where an account is named, but not out
  of texts: these are listed, when the name is known, which it is not any more when all is done again.
* What others wrote about the person stays, without the full name and the address.
* Backups, files that were exported, and Dagster's own logs of old runs are not touched.
* Jira itself still has everything: delete the account there as well."""


def main(argv: Sequence[str]) -> int:
    """Returns 0 if all is done, and 1 if something is left to be done."""
    arguments = _parser().parse_args(argv)
    if not (arguments.yes or arguments.dry_run or _is_confirmed()):
        sys.stderr.write("Nothing was done.\n")
        return 1
    erasure = Erasure(Settings.load(), arguments.account_id, _progress)
    if arguments.dry_run:
        return _told(erasure.rehearse())
    try:
        report = erasure.run()
    except BaseException:
        sys.stderr.write("NOT EVERYTHING WAS DONE: forget the same account again.\n")
        raise
    sys.stdout.write(f"From now on the account is {report.tombstone}.\n\n")
    return _told(report)


def _told(report: Report) -> int:
    sys.stdout.write(f"{report}\n\n{_LIMITS}\n")
    return 1 if report.problems else 0


def _is_confirmed() -> bool:
    sys.stderr.write("This deletes what cannot be restored. Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _account_id(text: str) -> str:
    if not text or text != "".join(text.split()) or is_tombstone(text):
        raise argparse.ArgumentTypeError("that is not the id of an account, such as 5b10a2844c20165700ede21g")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets forget",
        description=_DESCRIPTION,
        epilog=_LIMITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("account_id", type=_account_id, metavar="ACCOUNT_ID", help="whom to forget")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="say what would be found, and change nothing")
    return parser
