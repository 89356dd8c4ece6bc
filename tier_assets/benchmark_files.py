"""Rows of the files that benchmarks come in: JSON lines, CSV, TSV and Parquet. What makes a row an item is
`benchmark_items.py`'s.

A damaged file ends in an error rather than in fewer rows: an item that nobody searches for is one that nobody finds.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tier_assets.errors import StrataError
from tier_assets.files.compressed import COMPRESSED, DAMAGE, plain

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PARQUET = ".parquet"
ENDINGS = (*(f"{form}{each}" for form in (".jsonl", *_DELIMITERS) for each in ("", *COMPRESSED)), _PARQUET)
"""What the names of files end in that can be read."""
_TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
)


class BenchmarkError(StrataError):
    """Benchmarks that cannot be read; the message names the file, and the line or row."""


class Row(NamedTuple):
    """One row. `number` counts from 1: lines of JSON as they stand, rows of a table behind its header."""

    number: int
    fields: Mapping[str, Any]
    where: str


def read_rows(path: Path, wanted: Collection[str]) -> Iterator[Row]:
    """The rows of a file whose name has one of `ENDINGS`. Blank lines are none.

    Fields of a table are named as its columns; one that is empty is None. Of Parquet only the columns `wanted` are read:
    integers as such, text as bytes, which nobody has yet verified to be UTF-8, and of other types which it is. Raises
    BenchmarkError.
    """
    form = Path(_ending(path)).stem
    try:
        if form == _PARQUET:
            yield from _parquet(path, wanted)
        elif form in _DELIMITERS:
            yield from _delimited(path, wanted, _DELIMITERS[form])
        else:
            yield from _json_lines(path)
    except (*DAMAGE, pa.ArrowException) as error:
        raise BenchmarkError(f"benchmarks: {path} cannot be read: {str(error).partition(chr(10))[0]}") from error


def stem(path: Path) -> str:
    """The file's name without its ending."""
    return path.name.removesuffix(_ending(path))


def _ending(path: Path) -> str:
    return next((each for each in ENDINGS if path.name.endswith(each)), "")


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(plain(path).split(b"\n"), 1):
        where = f"benchmarks: {path}, line {number}"
        if not line.strip():
            continue
        try:
            fields: Any = json.loads(line.decode())
        except UnicodeDecodeError as error:
            raise BenchmarkError(f"{where}: is not UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise BenchmarkError(f"{where}: is not JSON: {error}") from error
        if not isinstance(fields, dict):
            raise BenchmarkError(f"{where}: is not a JSON object")
        yield Row(number, fields, where)


def _delimited(path: Path, wanted: Collection[str], delimiter: str) -> Iterator[Row]:
    """Read by the library's csv. Polars fills short rows up and names no row, Arrow reads on to the end of the file behind
    a quote that nobody closed, DuckDB gives up on the whole file without a line.
    """
    data = plain(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BenchmarkError(f"benchmarks: {path}, line {line}: is not UTF-8") from error
    header: list[str] = []
    number = 0
    for line, fields in _split(text, delimiter, path):
        where = f"benchmarks: {path}, line {line}"
        if not header:
            header = _once([name.strip() for name in fields], wanted, path)
            continue
        number += 1
        if len(fields) != len(header):
            raise BenchmarkError(f"{where}: has {len(fields)} fields, the header {len(header)}")
        yield Row(number, {name: field or None for name, field in zip(header, fields, strict=True)}, where)


def _split(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The fields of each row, behind the number of the line in which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # The process's, and never lowered: another file may be half read.
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise BenchmarkError(f"benchmarks: {path}, line {line}: is no row: {error}") from error


def _parquet(path: Path, wanted: Collection[str]) -> Iterator[Row]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        names = _once(file.schema_arrow.names, wanted, path)
        known = [name for name in names if name in wanted]
        number = 0
        for batch in file.iter_batches(columns=known, use_threads=False):
            columns = [_values(batch.column(name)) for name in known]
            for at in range(batch.num_rows):
                number += 1
                fields = dict.fromkeys(names) | {name: column[at] for name, column in zip(known, columns, strict=True)}
                yield Row(number, fields, f"benchmarks: {path}, row {number}")


def _once(names: list[str], wanted: Collection[str], path: Path) -> list[str]:
    """The names of columns, of which none that is wanted is there twice."""
    if twice := next((name for name in wanted if names.count(name) > 1), None):
        raise BenchmarkError(f"benchmarks: {path}: has the column {twice} twice")
    return names


def _values(column: Any) -> list[Any]:
    """Integers and bytes; of other types only which it is, since there are dates that Python cannot hold."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if any(is_text(column.type) for is_text in _TEXT_TYPES):
        column = column.cast(pa.large_binary())
    elif not pa.types.is_integer(column.type):
        return [column.type if valid else None for valid in column.is_valid().to_pylist()]
    return list(column.to_pylist())
