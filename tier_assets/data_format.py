"""The data format in words: docs/data-format.md, generated from `schemas.py` so that the page and the tables cannot differ.

`python -m tier_assets.data_format > docs/data-format.md` writes the page. What a column means is said in `schemas.py`; what a
promoted partition promises beyond it, in each tier's `contract.py`.
"""

import sys
from typing import Any

import polars as pl

from tier_assets.schemas import SCORERS, TABLES, Column, DropReason, RowSchema
from tier_assets.tiers import Tier

_REASONS = {
    DropReason.URL: "its address is not wanted",
    DropReason.UNREADABLE: "its bytes cannot be read as what they claim to be",
    DropReason.TOO_LARGE: "it is larger than the policy allows",
    DropReason.TIMEOUT: "reading it took longer than the policy allows",
    DropReason.EMPTY: "nothing is left of it: no payload, or no main text",
    DropReason.LANGUAGE: "its language is uncertain or not wanted",
    DropReason.REPETITION: "it repeats its own lines, paragraphs or word sequences",
    DropReason.QUALITY: "a rule on words or lines finds it no running text",
    DropReason.PII: "it holds personal data",
    DropReason.DUPLICATE: "an earlier kept document says the same; `duplicate_of` names it",
    DropReason.CONTAMINATED: "it holds a question of a benchmark",
    DropReason.LOW_SCORE: "it scores below the cut of the quality scorer",
    DropReason.BEYOND_BUDGET: "the policy's budget was spent before its turn",
    DropReason.MODEL_ERROR: "the language model gave no answer",
    DropReason.INVALID_OUTPUT: "the answer is cut, refused or not of the form asked for",
    DropReason.UNSUPPORTED: "its source does not support what it says",
    DropReason.ERASED: "a person had it erased",
}

_INTRODUCTION = """\
# Data format

Generated from `tier_assets/schemas.py` by `python -m tier_assets.data_format > docs/data-format.md`. A test compares.

## Where the data lies

The lake has one Delta table per tier and source. The partition is a hive column: it is in the path, not in the files, and is
the last column of what is read.

```
lake/<tier>/<source>/                                           a Delta table
    _delta_log/                                                 its log: what is promoted
    partition=<partition>/<candidate>-0000.parquet              rows kept
    _decisions/partition=<partition>/<candidate>.parquet        one row per input, kept or dropped; no text
    _candidates/partition=<partition>/<candidate>.json          what was staged, how it was audited, what became of it
```

`<tier>` is `raw`, `filtered`, `selected`, `refined` or `organized`; beside them lies `scorers`, the table of trained quality
scorers. A partition key is `<source>.<snapshot>` or `<source>.<snapshot>.<shard>`, e.g. `crawl.2026-34`.

**Read through the log, never by listing the folder.** Candidates that were staged but not promoted lie beside the promoted
files, under the same kind of name. Only the log tells them apart.

## How to read it

With the command, which finds the decisions of the promoted version too:

```sh
strata read filtered -p crawl.2026-34 -o documents.parquet
strata read filtered -p crawl.2026-34 --decisions -o decisions.parquet
strata read filtered --decisions --reason url --rule blocked_domain
```

`--reason` and `--rule` pick decisions, and may be given several times: all of a reason, all of a rule, or those with one of
the reasons and one of the rules. A rule that dropped nothing of what is read is an error that names those that did.

With Polars:

```python
import polars as pl

documents = pl.scan_delta("lake/filtered/crawl")
one = documents.filter(pl.col("partition") == "crawl.2026-34").collect()
```

With deltalake alone, or an earlier version of the table:

```python
from deltalake import DeltaTable

table = DeltaTable("lake/filtered/crawl", version=1)
rows = pl.from_arrow(table.to_pyarrow_table(partitions=[("partition", "=", "crawl.2026-34")]))
```

With DuckDB, which gets the list of promoted files from deltalake:

```python
import duckdb

files = DeltaTable("lake/filtered/crawl").file_uris()
counts = duckdb.sql(
    f"select partition, count(*) as documents from read_parquet({files}, hive_partitioning = true) group by partition"
)
```

Decision files are plain Parquet. The signals are columns of their own, so that a question on them is a query:

```python
decisions = pl.scan_parquet("lake/filtered/crawl/_decisions/partition=crawl.2026-34/*.parquet", hive_partitioning=True)
dropped = decisions.filter(~pl.col("kept")).group_by("drop_reason", "rule").len().collect()
```

That counts held candidates as well; `strata read --decisions` gives those of the promoted version alone.
"""


def describe() -> str:
    """The whole page, as Markdown."""
    sections = [_INTRODUCTION, _reasons()]
    for tier in Tier:
        below = f", made from `{tier.parent}`" if tier.parent else ", from the landing zone"
        sections.append(f"## L{tier.level} {tier.value}{below}\n")
        sections.extend(_table(tier.value))
    sections.append("## Quality scorers\n")
    sections.extend(_table(SCORERS))
    return "\n".join(sections)


def _reasons() -> str:
    lines = ["## Why a row is dropped", ""]
    lines += [
        "`drop_reason` is one of these; `rule` names the exact rule, `value` what it measured, `threshold` what it allows."
    ]
    lines += ["", "| drop_reason | meaning |", "|---|---|"]
    lines += [f"| `{reason}` | {_REASONS[reason]} |" for reason in DropReason]
    return "\n".join([*lines, ""])


def _table(name: str) -> list[str]:
    table = TABLES[name]
    return [_columns("Rows", table.rows), _columns("Decisions", table.decisions)]


def _columns(title: str, schema: RowSchema) -> str:
    lines = [f"### {title}: {schema.grain}", "", "| column | type | unit | null | meaning |", "|---|---|---|---|---|"]
    lines += [_line(column) for column in schema.columns]
    return "\n".join([*lines, ""])


def _line(column: Column) -> str:
    null = "never" if column.required else "may be"
    # A cell ends at a bar, and Markdown takes <name> for HTML.
    meaning = column.meaning.replace("|", r"\|").replace("<", "&lt;")
    return f"| `{column.name}` | {_type(column.dtype)} | {column.unit} | {null} | {meaning} |"


def _type(dtype: Any) -> str:
    if isinstance(dtype, pl.List):
        return f"list of {_type(dtype.inner)}"
    if isinstance(dtype, pl.Struct):
        return "{" + ", ".join(f"{field.name}: {_type(field.dtype)}" for field in dtype.fields) + "}"
    if isinstance(dtype, pl.Datetime):
        return f"Datetime, {dtype.time_unit}, {dtype.time_zone}"
    return str(dtype)


if __name__ == "__main__":
    sys.stdout.write(describe())
