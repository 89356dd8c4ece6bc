"""Parquet files of documents, one row each. What the fields mean is in `fields.py`, how rows are taken in
`columns.py`.

Read by pyarrow, since Polars panics on damaged files.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tier_assets.l0_raw.columns import DAMAGE, ROWS_AT_ONCE, documents, first_line, schema_flaw
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Seen
from tier_assets.policy import RawPolicy

_BUFFER_BYTES = 1 << 20


def read_parquet(source: str | pa.NativeFile, policy: RawPolicy) -> Iterator[tuple[float, Finding]]:
    """One document or dropped input per row, after the share of rows already read; the locator is the row, from 0.

    Column chunks are read through a small buffer and a few rows are decoded at a time, so that a row group of any length
    fits. A file that cannot be opened, or has no column for the text, is a flaw; so is damage further on, behind which
    nothing is read.
    """
    try:
        file = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True)
    except DAMAGE as error:
        yield 0, Flaw(FlawKind.UNREADABLE, f"is no Parquet file that can be read ({first_line(error)})")
        return
    with file:
        flaw = schema_flaw(file.schema_arrow, policy)
        if flaw:
            yield 0, Flaw(FlawKind.UNREADABLE, flaw)
            return
        number, total = 0, file.metadata.num_rows
        try:
            for rows in _batches(file):
                for finding in documents(rows, number, policy):
                    yield number / total, finding
                    number += 1
        except DAMAGE as error:
            note = f"damaged after row {number} of {total} ({first_line(error)})"
            yield number / total, Flaw(FlawKind.TRUNCATED, note)
            total = number
        # By the file's footer, not by the rows that came of it.
        yield 1, Seen(total)


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """A few rows at a time, never across row groups: damage in one must not cost rows of the group before."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=ROWS_AT_ONCE, row_groups=[group], use_threads=False)
