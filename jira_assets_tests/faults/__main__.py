"""Fails every system call of every operation, one at a time, and looks at what is left.

python -m jira_assets_tests.faults --operation append --most 50 --seed 7
"""

import argparse
import logging
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import pytest

from jira_assets_tests.faults.enumeration import Enumeration
from jira_assets_tests.faults.operations import OPERATIONS, Operation, Place, place
from jira_assets_tests.faults.recorder import is_preloaded, run_again_preloaded, why_not


def main() -> int:
    arguments = _arguments()
    if reason := why_not():
        print(f"not done: {reason}")
        return 0
    if not is_preloaded():
        run_again_preloaded()
    logging.disable()  # what is told of every fault is looked at, not read
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as base, place(Path(base)) as chosen:
        for operation in OPERATIONS:
            if not arguments.operation or operation.name in arguments.operation:
                problems += _tried(operation, chosen, arguments)
    print("\n".join(problems) or "each state was old or new, and each operation could be done again")
    return 1 if problems else 0


def _tried(operation: Operation, place: Place, arguments: argparse.Namespace) -> list[str]:
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIRA_ENCRYPTION_KEYS", operation.keys)
        enumeration = Enumeration(operation, place)
        trials = [trial for trial in enumeration.trials() if re.search(arguments.only, trial.what)]
        most = max(1, arguments.most // operation.cost) if arguments.most else len(trials)
        if most < len(trials):
            trials = random.Random(f"{arguments.seed} {operation.name}").sample(trials, most)
        problems = [f"{operation.name}: {problem}" for trial in trials for problem in trial.problems()]
    calls, took = len(enumeration.numbered), time.monotonic() - began
    print(f"{operation.name}: {calls} calls, {len(trials)} faults in {took:.1f} s", flush=True)
    return problems


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [operation.name for operation in OPERATIONS]
    parser.add_argument("--operation", choices=names, action="append", help="only this one; may be repeated")
    parser.add_argument("--only", default="", help="those whose name has this pattern, such as 'EIO.*fsync'")
    parser.add_argument("--most", type=int, help="faults of each operation, fewer of the slow ones (all)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
