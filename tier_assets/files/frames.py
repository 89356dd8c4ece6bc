"""Frames that go to a file one after the other, and come back so: memory holds one of them. For the lake and its cache.

Where the files lie and what becomes of them is the lake's to say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_LARGEST_GROUP = 50_000
_LONG = frozenset({"payload", "text"})
# A page is what a reader of a few rows decompresses: of pages of a megabyte, and a dictionary of one before them, that takes
# four times as long. A page ends with the batch of rows that fills it.
_PAGE_BYTES, _DICTIONARY_BYTES, _BATCH_ROWS = 1 << 17, 1 << 16, 32


class FrameWriter:
    """A Parquet file (zstd) that frames are appended to: each becomes a row group, very long ones several.

    Polars writes whole frames or lazy plans; this takes what a loop makes. The same frames give the same bytes.
    """

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self.rows = 0
        self._schema = schema
        # Long values hardly repeat: a dictionary of them is a page as large as the group, made and read in vain.
        repeating = [name for name in schema if name not in _LONG]
        form = _arrow(schema.to_frame()).schema
        # Arrow's own schema is left out: it would name views, which older readers do not know. Parquet's types say all.
        self._file = pq.ParquetWriter(
            path,
            form,
            compression="zstd",
            use_dictionary=repeating,  # type: ignore[arg-type]  # its stub knows no lists
            store_schema=False,
            data_page_size=_PAGE_BYTES,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            write_batch_size=_BATCH_ROWS,
        )

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows. Raises SchemaError for a frame of another schema: its file would be no candidate's."""
        if frame.schema != self._schema:
            raise pl.exceptions.SchemaError(f"rows have the columns {frame.schema}, not {self._schema}")
        if frame.height:
            self._file.write_table(_arrow(frame), row_group_size=_LARGEST_GROUP)
            self.rows += frame.height

    def __enter__(self) -> "FrameWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """The frame as it lies in memory. Only what is nested is copied: Arrow writes no views of text within lists of structs."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    for position, (name, dtype) in enumerate(frame.schema.items()):
        if dtype.is_nested():
            table = table.set_column(position, name, frame.select(name).to_arrow().column(0))
    return table


@dataclass(frozen=True)
class RowGroup:
    """One of the row groups of a file: small enough for memory, and known by a few bytes, so that processes can pass it."""

    path: Path
    number: int
    rows: int
    partition: str

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Its rows in order, `partition` as last column. Raises OSError for a file that is gone or damaged."""
        with pq.ParquetFile(self.path, metadata=_footer(self.path), memory_map=True) as file:
            table = file.read_row_group(self.number, columns=list(columns) if columns is not None else None)
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(pl.lit(self.partition).alias("partition"))


def row_groups(path: Path, partition: str) -> Iterator[RowGroup]:
    """The row groups of a file in order. Raises OSError for a file that is gone or damaged."""
    metadata = _footer(path)
    for number in range(metadata.num_row_groups):
        yield RowGroup(path, number, metadata.row_group(number).num_rows, partition)


def _footer(path: Path) -> pq.FileMetaData:
    return _read_footer(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_footer(path: Path, changed: int) -> pq.FileMetaData:
    """Kept for the next row group: of 3,000 groups it takes 40 ms to read."""
    try:
        return pq.read_metadata(path)
    except pa.ArrowInvalid as error:
        raise OSError(f"{path} is no Parquet file: {error}") from None
