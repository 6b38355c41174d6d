"""``jira-assets attachments``: the files of issues, with their names."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jira_assets.settings import Settings
from jira_assets.sync.attachments.export import export


def main(argv: Sequence[str]) -> int:
    """Prints the path of every file; the exit code is 1 if some could not be written."""
    parser = argparse.ArgumentParser(
        prog="jira-assets attachments",
        description="Writes the files that are attached to issues into a folder, decrypted and with their "
        "names: SUPPORT-1234/56340_image.png. Asks nothing of Jira. Exit code 1 if some are not there.",
    )
    parser.add_argument("keys", nargs="+", metavar="KEY", help="an issue, such as SUPPORT-1234")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder to write to")
    arguments = parser.parse_args(argv)
    problems = 0
    for exported in export(Settings.load(), [key.upper() for key in arguments.keys], arguments.to):
        if exported.problem is None:
            print(exported.path)
        else:
            problems += 1
            print(f"{exported.path}: {exported.problem}", file=sys.stderr)
    return 1 if problems else 0
