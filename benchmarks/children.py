"""Processes of their own to measure in. They start small: a child counts the memory of its parent as its own."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]


def spread(values: list[float]) -> str:
    """Median and extremes of what was measured."""
    return f"median {statistics.median(values):7.2f}   min {min(values):7.2f}   max {max(values):7.2f}"


def make_raw_log(folder: Path, issues: Path | None, generate: int, scale: int = 1) -> str:
    """A raw log of a file's or of generated issues; says what is in it."""
    source = ["--issues", str(issues.resolve())] if issues else ["--generate", str(generate)]
    command = [sys.executable, "-m", "benchmarks.raw_log", str(folder), *source, "--scale", str(scale)]
    return subprocess.run(
        command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def measured_in_a_child(script: str, *arguments: object) -> dict[str, Any]:
    """What a script measures in a process of its own, whose memory is nobody else's.

    The script finds the arguments in BENCHMARK_CHILD, as a JSON array, and prints a JSON object.
    """
    child = json.dumps(arguments, default=str)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "BENCHMARK_CHILD": child}
    started = time.perf_counter()
    done = subprocess.run([sys.executable, script], env=environment, check=True, stdout=subprocess.PIPE)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured | {"process": time.perf_counter() - started}
