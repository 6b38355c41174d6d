"""Fails every system call of every operation, one at a time, and looks at what is left.

python -m jira_assets_tests.faults --operation append --most 50 --seed 7
"""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from jira_assets_tests.faults.enumeration import enumerate_faults
from jira_assets_tests.faults.operations import OPERATIONS, place
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
            if arguments.operation and operation.name not in arguments.operation:
                continue
            began = time.monotonic()
            done = enumerate_faults(operation, chosen, arguments.most, arguments.seed)
            took = time.monotonic() - began
            print(f"{operation.name}: {done.calls} calls, {done.faults} faults in {took:.1f} s", flush=True)
            problems += done.problems
    print("\n".join(problems) or "each state was old or new, and each operation could be done again")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [operation.name for operation in OPERATIONS]
    parser.add_argument("--operation", choices=names, action="append", help="only this one; may be repeated")
    parser.add_argument("--most", type=int, help="try no more faults of an operation than that (all)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
