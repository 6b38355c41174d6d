"""Reading a file of JSON lines, plain or gzipped."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 1 << 20


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The non-empty lines with their numbers, from 1. Raises ValueError if the gzip stream is damaged."""
    number = 0
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = io.BufferedReader(gzip.GzipFile(fileobj=file), _CHUNK) if packed else file
        try:
            for number, line in enumerate(stream, start=1):
                if stripped := line.strip():
                    yield number, stripped
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged after line {number}: {error}") from error
