"""Segments as versions wrote them that compressed each payload on its own."""

import io
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from jira_assets.raw.codec import compress
from jira_assets.raw.seal import sealed
from jira_assets_tests.raw.records import MONTH


def store_as_older_versions_did(root: Path, without: Iterable[str] = ()) -> None:
    """Writes the segments of the month anew: payloads as frames, columns uncompressed, some missing."""
    for path in (root / "issues" / MONTH).glob("*.parquet"):
        frame = pl.read_parquet(path)
        frames = [_frame(payload) for payload in frame["payload"]]
        older = frame.with_columns(pl.Series("payload", frames, pl.Binary)).drop("payload_bytes", *without)
        buffer = io.BytesIO()
        older.write_parquet(buffer, compression="uncompressed")
        path.write_bytes(sealed(buffer.getvalue()))


def _frame(payload: bytes | None) -> bytes | None:
    return compress(payload) if payload is not None and payload.startswith((b"{", b"[")) else payload
