"""Digests of what the lake holds: a frame's content, a file's bytes. Fingerprints are composed in `planning.py`."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import polars as pl


def content_digest(frame: pl.DataFrame, key: str = "doc_id") -> str:
    """sha256 (64 hex digits) over the rows sorted by `key`, column by column.

    Depends on names, dtypes and values alone: not on row order, chunking, file format or library versions. A column is
    hashed as its null mask, then its values: fixed-width ones as little-endian arrays, strings and bytes as lengths and
    joined bytes, lists as lengths and their flattened values, structs field by field.
    """
    digest = hashlib.sha256()
    ordered = frame.sort(key)
    digest.update(struct.pack("<q", ordered.height))
    for column in ordered.get_columns():
        _update(digest, column)
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", column: pl.Series) -> None:
    digest.update(f"{column.name}:{column.dtype}".encode())
    digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
    if isinstance(column.dtype, pl.Struct):
        for field in column.struct.unnest().get_columns():
            _update(digest, field)
        return
    present = column.drop_nulls()
    if isinstance(column.dtype, pl.List):
        digest.update(present.list.len().cast(pl.Int64).to_numpy().tobytes())
        _update(digest, present.explode(empty_as_null=False).rename("item"))
    elif column.dtype in (pl.String, pl.Binary):
        values = present.cast(pl.Binary)
        digest.update(values.bin.size().cast(pl.Int64).to_numpy().tobytes())
        for value in values:
            digest.update(value)
    elif isinstance(column.dtype, pl.Datetime):
        digest.update(present.to_physical().to_numpy().tobytes())
    else:
        digest.update(present.to_numpy().tobytes())


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
