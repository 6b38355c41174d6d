"""Processes to measure in. Whoever starts them stays small: a child counts its parent's memory as its own."""

import base64
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KEYS = f"benchmark:{base64.b64encode(bytes(32)).decode()}"
REPOSITORY = Path(__file__).resolve().parents[1]


def spread(values: list[float]) -> str:
    """Median and extremes of what was measured."""
    return f"median {statistics.median(values):7.2f}   min {min(values):7.2f}   max {max(values):7.2f}"


def make_raw_log(
    folder: Path, issues: Path | None, generate: int, scale: int = 1, *, is_sealed: bool = False
) -> str:
    """A raw log of a file's or of generated issues, sealed with ``KEYS`` or plain; says what is in it."""
    source = ["--issues", str(issues)] if issues else ["--generate", str(generate)]
    script = Path(__file__).with_name("raw_log.py")
    how = ["--scale", str(scale), *(["--sealed"] if is_sealed else [])]
    return _run(script, str(folder), *source, *how).decode().strip()


def measured_in_a_child(script: str, *arguments: object) -> dict[str, Any]:
    """What a script measures in a process of its own, whose memory is nobody else's.

    The script finds the arguments in BENCHMARK_CHILD, as a JSON array, and prints a JSON object.
    """
    started = time.perf_counter()
    measured: dict[str, Any] = json.loads(_run(script, BENCHMARK_CHILD=json.dumps(arguments, default=str)))
    return measured | {"process": time.perf_counter() - started}


def _run(script: str | Path, *arguments: str, **variables: str) -> bytes:
    # From a clone that is not installed, too.
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)} | variables
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
