"""Rows of Arrow record batches, a few at a time. The files: `parquet.py` and `arrow.py`; what fields mean: `fields.py`."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tier_assets.l0_raw.fields import KNOWN, no_text, read_fields
from tier_assets.l0_raw.findings import Capture, Reject
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

ROWS_AT_ONCE = 64
_BAD = {
    "bad_encoding": "holds what is no Unicode text",
    "bad_field": "holds a date, a time zone or a span of time that Python cannot hold",
}
DAMAGE = (pa.ArrowException, OSError)
"""What pyarrow raises for damaged files."""


def schema_flaw(schema: pa.Schema, policy: RawPolicy) -> str | None:
    """What is wrong with the columns of a file, as the rest of a sentence."""
    names = schema.names
    repeated = sorted({name for name in names if names.count(name) > 1})
    twice = f"has the column {repeated[0][:40]!r} twice" if repeated else None
    return no_text(names, policy.text_columns) or twice


def documents(rows: pa.RecordBatch, first: int, policy: RawPolicy) -> Iterator[Capture | Reject]:
    """One document or dropped input per row; the locator is the row's number in the file, `first` that of the first."""
    for number, row in enumerate(_rows(rows), first):
        if isinstance(row, str):
            yield Reject(number, DropReason.UNREADABLE, row, detail=_BAD[row])
        else:
            yield read_fields(row, number, b"", policy)


def first_line(error: BaseException) -> str:
    """An error in one line, for a note."""
    return str(error).partition("\n")[0][:200]


def _rows(rows: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """Rows as dicts; for one with a value that Python cannot hold, the rule that drops it."""
    columns = {name: _decodable(rows.column(i), name) for i, name in enumerate(rows.schema.names)}
    for number in range(rows.num_rows):
        try:
            yield {name: column[number].as_py() for name, column in columns.items()}
        except UnicodeDecodeError:
            yield "bad_encoding"
        except pa.ArrowException:
            raise
        except (OverflowError, ValueError, KeyError):
            # A KeyError is a time zone that nobody knows.
            yield "bad_field"


def _decodable(column: Any, name: str) -> Any:
    """Known text as bytes, since Arrow does not verify UTF-8; nanoseconds as microseconds, which Python can hold."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if name in KNOWN and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column.cast(pa.large_binary())
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
