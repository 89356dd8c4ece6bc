"""Parquet files of documents, one row each. What the fields mean is in `fields.py`.

Read by pyarrow, since Polars panics on damaged files.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tier_assets.l0_raw.fields import KNOWN, TEXTS, read_fields
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Reject
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

_ROWS_AT_ONCE = 64
_BUFFER_BYTES = 1 << 20
_DAMAGE = (pa.ArrowException, OSError)


def read_parquet(path: Path, policy: RawPolicy) -> Iterator[tuple[float, Finding]]:
    """One document or dropped input per row, after the share of rows already read; the locator is the row, from 0.

    Column chunks are read through a small buffer and a few rows are decoded at a time, so that a row group of any length
    fits. A file that cannot be opened, or has no column for the text, is a flaw; so is damage further on, behind which
    nothing is read.
    """
    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True)
    except _DAMAGE as error:
        yield 0, Flaw(FlawKind.UNREADABLE, f"is no Parquet file that can be read ({_first_line(error)})")
        return
    with file:
        if not any(name in file.schema_arrow.names for name in TEXTS):
            yield 0, Flaw(FlawKind.UNREADABLE, "has neither a column text nor a column html")
            return
        number, total = 0, file.metadata.num_rows
        try:
            for rows in _batches(file):
                for row in _rows(rows):
                    yield number / total, _finding(row, number, policy)
                    number += 1
        except _DAMAGE as error:
            yield (
                number / total,
                Flaw(FlawKind.TRUNCATED, f"damaged after row {number} of {total} ({_first_line(error)})"),
            )


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """A few rows at a time, never across row groups: damage in one must not cost rows of the group before."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group], use_threads=False)


def _finding(row: dict[str, Any] | None, number: int, policy: RawPolicy) -> Finding:
    if row is None:
        return Reject(number, DropReason.UNREADABLE, "bad_encoding", detail="holds what is no Unicode text")
    return read_fields(row, number, b"", policy.max_payload_bytes)


def _rows(rows: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Rows as dicts; None for one whose other fields cannot be decoded."""
    columns = {name: _decodable(rows.column(i), name) for i, name in enumerate(rows.schema.names)}
    for number in range(rows.num_rows):
        try:
            yield {name: column[number].as_py() for name, column in columns.items()}
        except UnicodeDecodeError:
            yield None


def _decodable(column: Any, name: str) -> Any:
    """Known text as bytes, since Arrow does not verify UTF-8; dates in microseconds, which Python can hold."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if name in KNOWN and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.cast(pa.large_binary())
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
