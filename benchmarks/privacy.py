"""What encryption costs: values, streams, and a rebuild of all tables from an encrypted raw log.

Values and streams are measured on one thread. A rebuild is measured as in ``rebuild.py``, from the same
issues, in a fresh process each time, plain and sealed in turns.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from children import KEYS, make_raw_log, measured_in_a_child, spread

_VALUES = 50_000
_VALUE_BYTES = 1000
_CHUNK_BYTES = 1_000_000
_MB = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--issues", type=Path, help="full issues, one per line, plain or gzipped")
    parser.add_argument(
        "--generate", type=int, default=5000, help="without a file: how many issues (%(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="rebuilds of each kind (%(default)s)")
    parser.add_argument("--megabytes", type=int, default=1000, help="of a stream (%(default)s)")
    arguments = parser.parse_args()
    for name, microseconds in measured_in_a_child(__file__, "values")["microseconds"].items():
        print(f"{name:24} {microseconds:6.2f} µs")
    with tempfile.TemporaryDirectory(prefix="privacy-") as folder:
        _print_streams(Path(folder), arguments.megabytes)
        _print_rebuilds(Path(folder), arguments)


def _print_streams(folder: Path, megabytes: int) -> None:
    for size in (megabytes // 10, megabytes):
        measured = measured_in_a_child(__file__, "stream", folder / "stream", size)
        print(
            f"stream of {size:5,} MB: sealed {measured['sealed']:,.0f} MB/s, "
            f"verified and read {measured['read']:,.0f} MB/s, "
            f"on the disk {measured['written']:,.0f} MB/s, memory + {measured['grown']:.0f} MB"
        )


def _print_rebuilds(folder: Path, arguments: argparse.Namespace) -> None:
    kinds = ("plain", "identities", "sealed")
    for kind in ("plain", "sealed"):
        said = make_raw_log(folder / kind, arguments.issues, arguments.generate, is_sealed=kind == "sealed")
        size = sum(path.stat().st_size for path in (folder / kind).rglob("*.parquet"))
        print(f"{kind:10} raw log of {said}, {size / _MB:,.1f} MB")
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for _ in range(arguments.runs):
        for kind in kinds:
            database = folder / f"{kind}.duckdb"
            log = folder / ("sealed" if kind == "sealed" else "plain")
            runs[kind].append(measured_in_a_child(__file__, "rebuild", log, database, kind))
    for what in ("rebuild", "cpu"):
        for kind in kinds:
            print(f"{kind:10} {what:8} {spread([run[what] for run in runs[kind]])} s")
        plain, identities, sealed = (statistics.median(run[what] for run in runs[kind]) for kind in kinds)
        print(f"{'':10} {what:8} {100 * (identities / plain - 1):+.1f} % with the policy `identities`")
        print(f"{'':10} {what:8} {100 * (sealed / plain - 1):+.1f} % from a sealed raw log")


def _values() -> dict[str, Any]:
    """Microseconds of one call."""
    from jira_assets.privacy.keyring import Keyring

    keys, plain, place = Keyring.parse(KEYS), os.urandom(_VALUE_BYTES), "raw/2024-01/10001/comments"
    sealed, name = keys.seal(plain, place), b"Maria Sommer"
    pseudonym = keys.pseudonym(name, "name")
    calls: dict[str, Callable[[], object]] = {
        f"seal {_VALUE_BYTES} bytes": lambda: keys.seal(plain, place),
        f"unseal {_VALUE_BYTES} bytes": lambda: keys.unseal(sealed, place),
        "pseudonym of a name": lambda: keys.pseudonym(name, "name"),
        "reveal a name": lambda: keys.reveal(pseudonym, "name"),
    }
    measured = {}
    for what, call in calls.items():
        began = time.perf_counter()
        for _ in range(_VALUES):
            call()
        measured[what] = (time.perf_counter() - began) / _VALUES * 1e6
    return {"microseconds": measured}


def _stream(path: str, megabytes: int) -> dict[str, Any]:
    """MB per second: sealing alone, sealing into a file, and verifying and reading it."""
    from jira_assets.privacy.keyring import Keyring
    from jira_assets.privacy.streams import sealing, unsealed

    keys, chunk = Keyring.parse(KEYS), os.urandom(_CHUNK_BYTES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def rate(began: float) -> float:
        return megabytes / (time.perf_counter() - began)

    def write(target: str) -> float:
        began = time.perf_counter()
        with Path(target).open("wb") as file:
            writer = sealing(file, keys, "attachment/1/2")
            for _ in range(megabytes):
                writer.write(chunk)
            writer.finish()
        return rate(began)

    sealed, written = write(os.devnull), write(path)
    began = time.perf_counter()
    with Path(path).open("rb") as file:
        for _ in unsealed(file, keys, "attachment/1/2"):
            pass
    read = rate(began)
    Path(path).unlink()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"sealed": sealed, "written": written, "read": read, "grown": grown}


def _rebuild(raw_folder: str, database: str, kind: str) -> dict[str, Any]:
    started = time.perf_counter()
    from default_tables import MAPPING
    from upath import UPath

    from jira_assets.privacy.keyring import NO_KEYS, Keyring
    from jira_assets.raw.log import RawLog
    from jira_assets.tables.catalogue import Catalogue
    from jira_assets.tables.issue import Site
    from jira_assets.tables.policy import default_policy
    from jira_assets.tables.protection import Protection
    from jira_assets.warehouse.refresh import Refresh

    Path(database).unlink(missing_ok=True)
    keys = Keyring.parse(KEYS)
    raw = RawLog(UPath(raw_folder), keys if kind == "sealed" else NO_KEYS)
    policy = default_policy(has_key=kind == "identities")
    protection = Protection(policy, keys if policy.needs_key else NO_KEYS)
    tables = Catalogue(MAPPING, policy).tables
    Refresh(raw, Path(database), tables, Site(), protection).run(raw.months())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"rebuild": time.perf_counter() - started, "cpu": usage.ru_utime + usage.ru_stime}


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        what, *given = json.loads(child)
        parts: dict[str, Callable[..., dict[str, Any]]]
        parts = {"values": _values, "stream": _stream, "rebuild": _rebuild}
        print(json.dumps(parts[what](*given)))
    else:
        main()
