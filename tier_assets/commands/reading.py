"""`strata read`: promoted rows, or decisions, as JSONL or Parquet. Memory holds a piece, whatever is read."""

import base64
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import polars as pl
import pyarrow as pa

from tier_assets.commands.face import Session, TierType, keys, partition_option
from tier_assets.commands.options import common
from tier_assets.errors import DamagedError, NothingPromotedError
from tier_assets.files.durable import write_durably
from tier_assets.files.frames import FrameWriter, RowGroup
from tier_assets.keys import PartitionKey
from tier_assets.policies.complaints import did_you_mean
from tier_assets.schemas import TABLES, DropReason, RowSchema
from tier_assets.tiers import Tier

_ONLY = "With --decisions: those of inputs dropped {}; may be given several times."
_DECISIONS_AT_ONCE = 50_000

_T = TypeVar("_T")


@click.command()
@click.argument("tier", type=TierType())
@partition_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A .jsonl or .parquet file.")
@click.option("--decisions", is_flag=True, help="The decision of every input instead of the promoted rows.")
@click.option("--held", is_flag=True, help="With --decisions: those of the newest held candidate.")
@click.option("--reason", "reasons", multiple=True, metavar="NAME", help=_ONLY.format("for this reason"))
@click.option("--rule", "rules", multiple=True, metavar="NAME", help=_ONLY.format("by this rule"))
@click.option("--payload", is_flag=True, help="With raw: the bytes as fetched (base64 in JSONL).")
@common
def read(
    tier: Tier,
    partitions: tuple[str, ...],
    output: Path | None,
    decisions: bool,
    held: bool,
    reasons: tuple[str, ...],
    rules: tuple[str, ...],
    payload: bool,
) -> None:
    """Read promoted rows, or decisions, as JSONL or Parquet (by the file's ending)."""
    context = click.get_current_context()
    if held and not decisions:
        raise click.UsageError("--held goes with --decisions: rows of a held candidate are never read", ctx=context)
    if (reasons or rules) and not decisions:
        raise click.UsageError("--reason and --rule go with --decisions: promoted rows are kept ones", ctx=context)
    if output and output.suffix not in (".jsonl", ".parquet"):
        raise click.UsageError(f"-o {output.name}: write to a .jsonl or a .parquet file", ctx=context)
    if output and not output.absolute().parent.is_dir():
        raise click.UsageError(
            f"-o {output}: there is no folder {output.absolute().parent}: make it first", ctx=context
        )
    session = Session.open()
    wanted = keys(partitions) or session.lake.partitions(tier)
    if decisions:
        schema = _with_partition(TABLES[tier].decisions)
        scans = _there(session, wanted, lambda key: session.lake.decisions(tier, key, held=held))
        pieces = _decisions(session, scans, reasons, rules)
    else:
        schema = _with_partition(TABLES[tier].rows)
        if not payload:
            schema.pop("payload", None)
        groups = _there(session, wanted, lambda key: _row_groups(session, tier, key))
        pieces = (_rows(group, schema) for each in groups for group in each)
    if output is not None:
        written = _write(output, pieces, schema)
        session.emit({"file": str(output), "rows": written}, lambda: f"{written:,} rows written to {output}")
    elif session.as_json:
        _print_document(pieces)
    else:
        for piece in pieces:
            sys.stdout.writelines(_lines(piece))


def _there(session: Session, wanted: Sequence[PartitionKey], found: Callable[[PartitionKey], _T]) -> list[_T]:
    """What there is of each partition, looked for in all before anything is read; a line for each without any."""
    there = []
    for key in wanted:
        try:
            there.append(found(key))
        except NothingPromotedError as error:
            session.say(f"strata: {error}")
    return there


def _row_groups(session: Session, tier: Tier, key: PartitionKey) -> list[RowGroup]:
    head = session.lake.head(tier, key)
    if head is None:
        raise NothingPromotedError(f"{tier} {key}: nothing is promoted yet: run `strata materialize {tier} -p {key}`")
    return session.lake.row_groups(head)


def _rows(group: RowGroup, schema: pl.Schema) -> pl.DataFrame:
    """Columns that a file of an older version does not have are null."""
    try:
        frame = group.read([name for name in schema if name != "partition"])
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(f"{group.path} is damaged ({error}): materialize {group.partition} again") from None
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )


def _decisions(
    session: Session, scans: Sequence[pl.LazyFrame], reasons: Sequence[str], rules: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """The decisions picked, in pieces. Names are looked at before the first is asked for."""
    picked = pl.lit(True)
    for option, column, names in (("--reason", "drop_reason", reasons), ("--rule", "rule", rules)):
        _require(session, scans, option, column, names)
        picked &= pl.col(column).is_in(list(names)) if names else True
    return (piece.filter(picked) for scan in scans for piece in _slices(scan))


def _slices(scan: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    rows = scan.select(pl.len()).collect().item()
    for start in range(0, rows, _DECISIONS_AT_ONCE):
        yield scan.slice(start, _DECISIONS_AT_ONCE).collect()


def _with_partition(rows: RowSchema) -> pl.Schema:
    return pl.Schema({**rows.polars, "partition": pl.String()})


def _require(session: Session, scans: Sequence[pl.LazyFrame], option: str, column: str, names: Sequence[str]) -> None:
    """Raises UsageError for a name that no decision has, and says which there are; of a reason that there is but that dropped
    nothing, only says so.
    """
    if not (scans and names):
        return
    there = sorted(pl.concat([scan.select(column).unique() for scan in scans]).collect()[column].drop_nulls().unique())
    for name in names:
        if name in there:
            continue
        occurring = f"what occurs: {', '.join(there)}" if there else "nothing was dropped"
        sentence = f"{option} {name}: no decision read here has it{did_you_mean(name, there)}; {occurring}"
        if column == "drop_reason" and name in set(DropReason):
            session.say(f"strata: {sentence}")
        else:
            raise click.UsageError(sentence, ctx=click.get_current_context())


def _print_document(pieces: Iterable[pl.DataFrame]) -> None:
    """The JSON document of all rows, written as they come."""
    separator = '{"rows": ['
    for piece in pieces:
        for row in _plain_rows(piece):
            sys.stdout.write(separator + json.dumps(row, ensure_ascii=False, default=str))
            separator = ", "
    print("]}" if separator == ", " else separator + "]}")


def _plain_rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in frame.iter_rows(named=True):
        if isinstance(row.get("payload"), bytes):
            row["payload"] = base64.b64encode(row["payload"]).decode("ascii")
        yield row


def _lines(frame: pl.DataFrame) -> Iterator[str]:
    for row in _plain_rows(frame):
        yield json.dumps(row, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> str:
    """Instants as ISO 8601."""
    return str(value.isoformat())


def _write(output: Path, pieces: Iterable[pl.DataFrame], schema: pl.Schema) -> int:
    """Write the file piece by piece, and give it its name once it is whole; the number of rows."""
    rows = 0

    def fill(temporary: Path) -> None:
        nonlocal rows
        if output.suffix == ".parquet":
            with FrameWriter(temporary, schema) as file:
                for piece in pieces:
                    file.write(piece)
                rows = file.rows
        else:
            with temporary.open("w", encoding="utf-8") as stream:
                for piece in pieces:
                    stream.writelines(_lines(piece))
                    rows += piece.height

    write_durably(output.absolute(), fill)
    return rows
