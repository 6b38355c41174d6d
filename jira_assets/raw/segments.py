"""Segments: the immutable, numbered Parquet files that a month's raw log consists of.

A segment is visible only when it is complete, and its number is claimed by creating its name exclusively, so
two writers never share one; nor is a number given again when its segment is moved away. Readers remember the
greatest number that they have consumed, with the identity of the log up to there (`raw.extent`), which is
sound because of one rule: *an append is done only when, after it, no greater number exists* (see `append`).
"""

import contextlib
import io
import operator
import os
import random
import re
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import polars as pl
from upath import UPath

from jira_assets.files import fsync_folder, local, make_folder_anywhere, private
from jira_assets.privacy.keyring import is_sealed
from jira_assets.raw.errors import RawLogError, UnreadableSegment
from jira_assets.raw.extent import Members
from jira_assets.raw.seal import checksum, sealed, verify

SCHEMA = pl.Schema(
    {
        "issue_id": pl.String(),
        "part": pl.String(),
        "issue_updated": pl.Datetime("ms", "UTC"),
        "fetched_at": pl.Datetime("us", "UTC"),
        "source": pl.String(),
        "payload": pl.Binary(),
        "error": pl.String(),
        # The segment that a row was first appended in, once compaction has moved it; null in its own segment.
        "origin": pl.Int32(),
        # Null is 0, as in all segments of versions that had no such column.
        "generation": pl.Int32(),
    }
)
_STORED_SCHEMA = pl.Schema({**SCHEMA, "payload_bytes": pl.Int64()})
"""What a file has. A version that does not know all of its columns refuses it, so they are its format too:
`payload_bytes` says that payloads may be plain, and how much memory each takes.
"""
_OLDER_SCHEMAS = (SCHEMA, pl.Schema(list(SCHEMA.items())[:-1]))  # with each payload a frame of its own

Row = tuple[str, str, int, int, str, bytes | None, str | None, int, int]
"""A row as `read` gives it, in the order of `SCHEMA`."""

_TIMES = ("issue_updated", "fetched_at")
_ROW_SCHEMA = pl.Schema({**SCHEMA, **dict.fromkeys(_TIMES, pl.Int64())})
_GIVEN = ".given"  # a folder beside the months': in one of a month's name, the number that was given last
_REPLACES = "replaces"  # in the metadata of a file, beside the schema
_NAME = re.compile(r"^(\d{6,})\.parquet$")
_LEVEL = 3  # of zstd, for pages: 1 makes them a tenth larger, and takes as long
# Some 25 issues: what reading one has to decode. 512 rows take a tenth less room, and 25 MB more memory.
_ROW_GROUP_ROWS = 128
_FEW_ISSUES = 32  # whose payloads Polars decodes alone; with more of them all are decoded faster
_BYTES_AT_ONCE = 16_000_000  # of a segment that is read piece by piece
NOTHING = Members()
_APPEND_ATTEMPTS = 50
_LIST_ATTEMPTS = 100
_LIST_WAIT_S = 0.005
_LONGEST_WAIT_S = 0.25


class Segment(NamedTuple):
    """One file of a month's log. `size` is in bytes."""

    number: int
    path: UPath
    size: int


def list_segments(folder: UPath) -> list[Segment]:
    """The segments of a month in the order of their numbers; none if the folder does not exist."""
    for _ in range(_LIST_ATTEMPTS):
        try:
            paths = [path for path in folder.iterdir() if _NAME.match(path.name)]
        except (FileNotFoundError, NotADirectoryError):  # the latter is what object stores say
            return []
        # Compaction may have removed files since the listing; what replaces them is not listed either.
        with contextlib.suppress(FileNotFoundError):
            return sorted(Segment(int(path.stem), path, path.stat().st_size) for path in paths)
        time.sleep(_LIST_WAIT_S)
    raise RawLogError(f"the segments in {folder} kept changing while they were listed; run again")


def append(folder: UPath, frame: pl.DataFrame, replaces: Members = NOTHING) -> Segment:
    """Write a frame of `SCHEMA` as the newest segment and return it; durable when this returns.

    ``replaces`` are the members of those whose rows it takes over.

    A writer with a stale listing could take a low number that compaction has just freed, which readers that
    are past it would never look at. So a segment counts only if it is the greatest once it is there;
    otherwise its rows are appended again. They may then stand in the log twice, which latest-wins reads
    don't mind.
    """
    content = sealed(_parquet(frame, replaces))
    try:
        make_folder_anywhere(folder, within=folder.parent.parent)
        given = _Given(folder)
        with _staged(folder, content) as publish:
            for attempt in range(_APPEND_ATTEMPTS):
                number = max(_greatest(folder), *given.numbers(), 0) + 1
                target = folder / _name(number)
                given.note(number)
                if publish(target) and _greatest(folder) == number:
                    given.forget_before(number)
                    return Segment(number, target, len(content))
                # Several writers at once would otherwise keep overtaking each other.
                time.sleep(random.uniform(0, min(0.001 * 2**attempt, _LONGEST_WAIT_S)))
    except OSError as error:
        raise RawLogError(
            f"cannot append to {folder}: {error.strerror or error}. Nothing that was stored is affected: "
            "check the disk's free space and permissions, and run again."
        ) from error
    raise RawLogError(f"cannot append to {folder}: other writers took {_APPEND_ATTEMPTS} numbers in a row")


def _parquet(frame: pl.DataFrame, replaces: Members) -> bytes:
    payloads = frame["payload"].drop_nulls()
    is_plain = len(payloads) > 0 and not is_sealed(payloads[0])  # what is sealed does not compress
    buffer = io.BytesIO()
    whole = frame.select(SCHEMA.names()).cast(SCHEMA)
    whole.with_columns(payload_bytes=pl.col("payload").bin.size().cast(pl.Int64)).write_parquet(
        buffer,
        compression="zstd" if is_plain else "uncompressed",
        compression_level=_LEVEL if is_plain else None,
        row_group_size=_ROW_GROUP_ROWS,
        metadata={_REPLACES: replaces.shortened().dumped()} if replaces != NOTHING else None,
    )
    return buffer.getvalue()


def read(
    segment: Segment, columns: Sequence[str] = tuple(SCHEMA), issue_ids: Collection[str] | None = None
) -> pl.DataFrame:
    """The rows of a segment, only of some issues if their ids are given.

    Times are in microseconds since the epoch; `origin` and `generation` are filled in. Raises
    FileNotFoundError when compaction has replaced the segment meanwhile, UnreadableSegment when the file is
    damaged or no segment.
    """
    with _reading(segment):
        scan = _selected(_scan(segment), segment, columns)
        if issue_ids is None:
            return scan.collect()
        # The range skips row groups by their statistics.
        scan = scan.filter(pl.col("issue_id").is_between(pl.lit(min(issue_ids)), pl.lit(max(issue_ids))))
        is_wanted = pl.col("issue_id").is_in(list(issue_ids))
        if len(issue_ids) <= _FEW_ISSUES:
            return scan.filter(is_wanted).collect()
        return scan.collect().filter(is_wanted)


def members(segment: Segment) -> Members:
    """The segment, and those that it has replaced. Raises as `read`, but looks at its end only."""
    with _reading(segment):
        itself = Members(frozenset({(segment.number, checksum(segment.path))}))
        with segment.path.open("rb") as file:
            replaced = pl.read_parquet_metadata(file).get(_REPLACES)
        return itself | Members.loaded(replaced) if replaced else itself


def members_of_all(found: Iterable[Segment]) -> Members:
    """The members of several segments together. Raises as `read`."""
    return reduce(operator.or_, map(members, found), NOTHING)


def read_pieces(segment: Segment) -> Iterator[pl.DataFrame]:
    """The rows of a segment as `read` gives them, but few enough at once for the memory. Raises as `read`."""
    with _reading(segment):
        scan = _selected(_scan(segment), segment, tuple(SCHEMA))
        sizes = read(segment, ["payload_bytes"])["payload_bytes"].fill_null(0).to_list()
    start = 0
    while start < len(sizes):
        end, found = start, 0
        while end < len(sizes) and (end == start or found < _BYTES_AT_ONCE):
            found += sum(sizes[end : end + _ROW_GROUP_ROWS])
            end += _ROW_GROUP_ROWS
        with _reading(segment):
            piece = scan.slice(start, end - start).collect()
        start = end
        yield piece


def holds_plain(root: UPath, *, otherwise: bool) -> bool:
    """Whether no key has sealed what a raw folder holds; ``otherwise`` if there is nothing in it."""
    folders = sorted((root / "issues").glob("[0-9]*")) if (root / "issues").exists() else []
    for segment in (segment for folder in folders for segment in list_segments(folder)):
        payloads = read(segment, ["payload"])["payload"].drop_nulls()
        if len(payloads):
            return not is_sealed(payloads[0])
    return otherwise


def frame_of(rows: Iterable[Row | tuple[object, ...]]) -> pl.DataFrame:
    """Rows as `read` gives them, as a frame to `append`."""
    frame = pl.DataFrame(rows, schema=_ROW_SCHEMA, orient="row")
    return frame.with_columns(pl.from_epoch(name, "us").dt.replace_time_zone("UTC") for name in _TIMES)


def are_there(segments: Iterable[Segment]) -> bool:
    """Whether nobody has removed any of them."""
    return all(segment.path.exists() for segment in segments)


def withdraw(segment: Segment) -> None:
    """Remove a segment whose rows stand elsewhere, even if it is the newest.

    Readers may have seen it, so an empty one says that it stands for it.
    """
    replaces = NOTHING
    with contextlib.suppress(FileNotFoundError):  # or somebody has joined it with others
        replaces = members(segment)
    append(segment.path.parent, pl.DataFrame(schema=SCHEMA), replaces)
    remove([segment])


def remove(segments: list[Segment]) -> None:
    """Delete segments whose rows stand in a newer one; someone else may have deleted them already."""
    for segment in segments:
        with contextlib.suppress(FileNotFoundError):
            segment.path.unlink()


@contextmanager
def _reading(segment: Segment) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise UnreadableSegment(str(segment.path), str(error).split("\n")[0]) from error


def _scan(segment: Segment) -> pl.LazyFrame:
    verify(segment.path)
    scan = pl.scan_parquet(_source(segment.path))
    found = scan.collect_schema()
    if found == _STORED_SCHEMA:
        return scan
    if found not in _OLDER_SCHEMAS:
        reason = f"its columns are {dict(found)}. If a newer version of jira-assets wrote it, use that one"
        raise UnreadableSegment(str(segment.path), reason)
    if "generation" not in found:
        scan = scan.with_columns(pl.lit(None, SCHEMA["generation"]).alias("generation"))
    return scan.with_columns(payload_bytes=pl.col("payload").bin.size().cast(pl.Int64))


def _selected(scan: pl.LazyFrame, segment: Segment, columns: Sequence[str]) -> pl.LazyFrame:
    expressions = {
        "issue_updated": pl.col("issue_updated").dt.epoch("us"),
        "fetched_at": pl.col("fetched_at").to_physical(),
        "origin": pl.col("origin").fill_null(segment.number),
        "generation": pl.col("generation").fill_null(0),
    }
    return scan.select(expressions.get(name, pl.col(name)) for name in columns)


def _name(number: int) -> str:
    return f"{number:06d}.parquet"


def _greatest(folder: UPath) -> int:
    return max((segment.number for segment in list_segments(folder)), default=0)


def _source(path: UPath) -> str | io.BytesIO:
    """Polars maps local files into memory; elsewhere the bytes come through the path's file system."""
    on_disk = local(path)
    return io.BytesIO(path.read_bytes()) if on_disk is None else str(on_disk)


class _Given:
    """The numbers that a month's segments were given, of which the last one counts: even if it is gone."""

    def __init__(self, folder: UPath) -> None:
        self._folder = folder.parent / _GIVEN / folder.name
        make_folder_anywhere(self._folder, within=folder.parent.parent)

    def numbers(self) -> list[int]:
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()]

    def note(self, number: int) -> None:
        """Not synced: a number that is given again after a power failure has an identity of its own."""
        (self._folder / str(number)).touch(0o600)

    def forget_before(self, number: int) -> None:
        for earlier in self.numbers():
            if earlier < number:
                (self._folder / str(earlier)).unlink(missing_ok=True)


class _Publish:
    """Gives staged bytes a name, exclusively: False when somebody else has taken that name."""

    def __init__(self, content: bytes, staged: Path | None) -> None:
        self._content = content
        self._staged = staged

    def __call__(self, target: UPath) -> bool:
        try:
            if self._staged is None:
                with target.open("xb") as file:  # an object store publishes the object when it is closed
                    file.write(self._content)
            else:
                os.link(self._staged, self._staged.with_name(target.name))
                fsync_folder(self._staged.parent)
        except FileExistsError:
            return False
        return True


@contextmanager
def _staged(folder: UPath, content: bytes) -> Iterator[_Publish]:
    """Bytes that are complete and durable under a private name before anybody can see them."""
    on_disk = local(folder)
    if on_disk is None:
        yield _Publish(content, None)
        return
    staged = on_disk / f".{uuid.uuid4().hex}.tmp"
    try:
        with open(staged, "xb", opener=private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield _Publish(content, staged)
    finally:
        staged.unlink(missing_ok=True)
