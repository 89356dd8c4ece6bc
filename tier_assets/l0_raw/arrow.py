"""Arrow IPC files and streams of documents, one row each, as Hugging Face datasets are saved. Rows are in `columns.py`."""

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa

from tier_assets.l0_raw.columns import DAMAGE, ROWS_AT_ONCE, documents, first_line, schema_flaw
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Seen
from tier_assets.policy import RawPolicy

MAGIC = b"ARROW1"
STREAM_MAGIC = b"\xff\xff\xff\xff"


def read_arrow(source: str | pa.NativeFile, policy: RawPolicy) -> Iterator[tuple[float, Finding]]:
    """One document or dropped input per row, after the share of the file already read; the locator is the row, from 0.

    A local file is mapped, so that only the rows in hand are in memory. Every batch is verified before it is read, since
    Arrow believes the offsets in a file. What is behind damage is lost: a flaw; so is a stream that ends without its end
    mark, unless it ends between two batches, which the format allows.
    """
    number, share, total = 0, 0.0, 0
    with pa.memory_map(source) if isinstance(source, str) else source as file:
        try:
            size = file.size()
            batches = _batches(file)
            for rows in batches:
                flaw = schema_flaw(rows.schema, policy)
                if flaw:
                    yield 0, Flaw(FlawKind.UNREADABLE, flaw)
                    return
                _as_bytes(rows).validate(full=True)
                total += rows.num_rows
                for at in range(0, rows.num_rows, ROWS_AT_ONCE):
                    for finding in documents(rows.slice(at, ROWS_AT_ONCE), number, policy):
                        yield share, finding
                        number += 1
                share = file.tell() / size
            yield 1, Seen(total)
        except DAMAGE as error:
            yield share, Seen(number)
            if number:
                yield share, Flaw(FlawKind.TRUNCATED, f"truncated or damaged after row {number} ({first_line(error)})")
            else:
                yield 0, Flaw(FlawKind.UNREADABLE, f"is no Arrow file that can be read ({first_line(error)})")


def _batches(file: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    head = file.read(len(MAGIC))
    file.seek(0)
    if head != MAGIC:
        # One stream may have been appended to another, as `cat` does.
        while file.tell() < file.size():
            yield from pa.ipc.open_stream(file)
        return
    reader = pa.ipc.open_file(file)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _as_bytes(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows with text seen as bytes: one that is no UTF-8 must cost its row, not its batch."""
    columns = []
    for column in rows.columns:
        if pa.types.is_string(column.type):
            columns.append(column.view(pa.binary()))
        elif pa.types.is_large_string(column.type):
            # Arrow's stubs know the small form alone.
            columns.append(cast(Any, column).view(pa.large_binary()))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
