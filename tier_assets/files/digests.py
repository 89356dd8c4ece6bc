"""Digests of what the lake holds: a frame's content, a file's bytes. Fingerprints are composed in `staleness.py`."""

import hashlib
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

LOADED_NS = time.time_ns()
"""When this process loaded its first modules: a source that changed later may not be what it runs."""


class ContentDigest:
    """sha256 (64 hex digits) over rows sorted by `key`, taken up in any order and in any number of frames.

    Depends on names, dtypes and values alone: not on row order, frames, chunking, file format or library versions. A row
    is known by the sha256 of its fixed-width values as little-endian bytes, a null mask and the lengths of the rest in
    front, then strings and bytes as they are, lists and structs value by value; the whole by its rows' digests in the
    order of their keys. Memory: some 100 bytes a row.
    """

    def __init__(self, key: str = "doc_id") -> None:
        self._key = key
        self._schema = ""
        self._rows: list[pl.DataFrame] = []

    def update(self, frame: pl.DataFrame) -> None:
        """Take up rows. All frames have the same columns."""
        self._schema = str([(name, str(dtype)) for name, dtype in frame.schema.items()])
        digests = pl.Series("digest", [hashlib.sha256(row).digest() for row in _packed_rows(frame)], pl.Binary)
        self._rows.append(pl.DataFrame({"key": frame[self._key].cast(pl.String), "digest": digests}))

    def hexdigest(self) -> str:
        """Over all rows so far."""
        digest = hashlib.sha256(self._schema.encode())
        if self._rows:
            for row in pl.concat(self._rows).sort("key", "digest")["digest"]:
                digest.update(row)
        return digest.hexdigest()


def content_digest(frame: pl.DataFrame, key: str = "doc_id") -> str:
    """The `ContentDigest` of one frame."""
    digest = ContentDigest(key)
    digest.update(frame)
    return digest.hexdigest()


def _packed_rows(frame: pl.DataFrame) -> Iterator[bytes]:
    """Each row as bytes: a table of fixed width (values, nulls, lengths) and what has no fixed width."""
    fixed = [np.empty((frame.height, 0), np.uint8)]
    loose: list[list[bytes]] = []
    for column in frame.get_columns():
        fixed.append(column.is_null().to_numpy().reshape(-1, 1).view(np.uint8))
        values = _loose(column)
        if values is None:
            plain = column.fill_null(strategy="zero") if column.null_count() else column
            if isinstance(plain.dtype, pl.Datetime):
                plain = plain.to_physical().fill_null(0)
            array = np.ascontiguousarray(plain.to_numpy())
            fixed.append(array.view(np.uint8).reshape(frame.height, array.itemsize))
        else:
            lengths = np.fromiter((len(value) for value in values), np.int64, frame.height)
            fixed.append(lengths.view(np.uint8).reshape(frame.height, 8))
            loose.append(values)
    table = np.concatenate(fixed, axis=1).tobytes()
    width = len(table) // max(frame.height, 1)
    for position in range(frame.height):
        start = position * width
        yield b"".join((table[start : start + width], *(values[position] for values in loose)))


def _loose(column: pl.Series) -> list[bytes] | None:
    """The values of a column without a fixed width, as bytes; None for one with."""
    if column.dtype in (pl.String, pl.Binary):
        return column.cast(pl.Binary).fill_null(b"").to_list()
    if column.dtype.is_nested():
        return [json.dumps(value, ensure_ascii=False, sort_keys=True).encode() for value in column.to_list()]
    return None


def file_digest(path: Path) -> str:
    """sha256 (64 hex digits) of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_digest(*parts: str) -> str:
    """sha256 (64 hex digits) of strings, each with its length in front, so that no two lists collide by joining."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(struct.pack("<q", len(data)))
        digest.update(data)
    return digest.hexdigest()
