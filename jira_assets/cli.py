"""The console script ``jira-assets``: a table of commands, each in a module imported when used."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile

INTERRUPTED = 130  # what shells report for a process ended by Ctrl-C


@dataclass(frozen=True, slots=True)
class Command:
    """``module`` has ``main(argv) -> int | None``: it parses its own arguments and returns the exit code."""

    name: str
    summary: str
    module: str


COMMANDS = tuple(
    Command(name, summary, f"jira_assets.commands.{module}")
    for name, module, summary in (
        ("doctor", "doctor.main", "check settings, account, projects, clock, disk and database"),
        ("fields", "fields", "list the site's fields, and the columns that show them"),
        ("sandbox", "sandbox", "serve a Jira site on this machine to develop against"),
        ("attachments", "attachments", "write the files of issues into a folder"),
        ("rebuild", "rebuild", "make a damaged warehouse anew from the raw log"),
        ("keys", "keys", "make, list and replace encryption keys"),
        ("decrypt", "decrypt", "make protected values readable"),
        ("forget", "forget", "take a person out of everything that is kept"),
        ("deleted-project", "deleted_project", "say that a project was deleted in Jira"),
        ("migrate", "migrate", "bring Dagster's history of an older version to the names of this one"),
        ("audit", "audit", "compare what is published with Jira itself"),
        ("serve", "serve", "take in Jira's webhooks"),
        ("demo", "demo.main", "start a sandbox and Dagster; copy one with the other"),
    )
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. Returns its exit code: 0 all is well, 1 it failed, 2 wrong usage, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # What follows the name of a command is for the command, `--help` included.
    position = len(list(takewhile(lambda argument: argument.startswith("-"), arguments)))
    options = _parser().parse_args(arguments[: position + 1])
    command = next(command for command in COMMANDS if command.name == options.command)
    try:
        code = int(importlib.import_module(command.module).main(arguments[position + 1 :]) or 0)
        sys.stdout.flush()  # or a full disk would be noticed when nobody can say so any more
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.traceback:
            raise
        print(f"jira-assets {command.name}: {_line(error)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {command.name:<17}{command.summary}" for command in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="jira-assets",
        description="A copy of a Jira Cloud site in DuckDB. Settings come from the environment and .env.",
        epilog=f"commands:\n{commands}\n\njira-assets <command> --help explains one of them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    parser.add_argument(
        "--traceback", action="store_true", help="if the command fails, show where in the code"
    )
    names = [command.name for command in COMMANDS]
    parser.add_argument("command", choices=names, metavar="command", help="one of those below")
    return parser


def _version() -> str:
    try:
        return version("jira-assets")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "(not installed)"


def _line(error: Exception) -> str:
    """The message on one line; errors that are not meant for users also say what they are."""
    message = " ".join(str(error).split())
    if isinstance(error, OSError) or (message and type(error).__module__.startswith("jira_assets.")):
        return message or type(error).__name__
    return f"{type(error).__name__}: {message} (jira-assets --traceback shows where)"


if __name__ == "__main__":
    sys.exit(main())
