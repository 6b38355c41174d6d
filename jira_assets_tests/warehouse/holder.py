"""Another process that holds a database, as a notebook or a DuckDB shell does."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOLD = """
import sys, time, duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def held(database: Path, seconds: float = 60) -> Iterator[int]:
    """The file is held while the block runs, and at most for so long; gives the id of the process."""
    command = [sys.executable, "-c", _HOLD, str(database), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process.pid
        finally:
            process.kill()
