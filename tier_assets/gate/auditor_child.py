"""The process that audits: started by `auditor.py` as a script. DuckDB, pandas and Great Expectations are loaded here and
nowhere else.

A question comes in on a line of standard input, its answer goes out on a line of standard output, as JSON. What is asked,
and what is made of the answers, is in `audit.py`.
"""

import functools
import gc
import json
import os
import sys
import tempfile
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Texts are read a vector at a time and only their hashes are kept: 16 bytes a row, which go to disk beyond the limit. With
# the libraries the process stays below 512 MB.
_MEMORY = "256MB"
# Of a mix: what is rarer can hardly move a share by what matters.
_COMMONEST = 20
# What the libraries load only because it is there: a third of what they take of seconds and memory.
_UNUSED = ("sqlalchemy", "boto3", "botocore", "pyspark", "pyarrow")
# What they load at once and need for expectations only that no contract has. One that used it would raise an error, and
# what raises an error has failed.
_HOLLOW = ("altair", "scipy", "scipy.stats")


def profile(
    files: Mapping[str, Sequence[str]],
    metrics: Mapping[str, Mapping[str, str]],
    required: Mapping[str, Sequence[str]],
    mixes: Mapping[str, Mapping[str, str]],
    accounts: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (),
) -> dict[str, float | None]:
    """Numbers on the Parquet files of the views `kept` and `decisions`, each argument by view: all `metrics`, the nulls in
    `required` columns as `required_nulls`, the shares of the commonest values of `mixes`, and `unmatched_rows`.

    For each of `accounts` (column of the decisions, files of inputs, files of all that the column may name):
    `inputs_undecided`, inputs that it does not name, and `decisions_without_input`, ids it names that are none. They add up.
    """
    import duckdb

    found: dict[str, Any] = {"required_nulls": 0}
    with tempfile.TemporaryDirectory(prefix="strata-audit-") as spill, duckdb.connect() as connection:
        connection.execute(f"set threads = 2; set memory_limit = '{_MEMORY}'; set preserve_insertion_order = false")
        connection.execute("set temp_directory = $folder", {"folder": spill})
        for view, paths in files.items():
            # By name: files that differ in their columns are `columns_different`'s to report.
            connection.read_parquet(list(paths), hive_partitioning=False, union_by_name=True).create_view(view)
            nulls = found["required_nulls"]
            found |= _metrics(connection, view, metrics[view], required[view], mixes[view])
            found["required_nulls"] += nulls
        (found["unmatched_rows"],) = _row(
            connection,
            "select count(*) from (select hash(doc_id) as id from kept) as held"
            " full join (select hash(doc_id) as id from decisions where kept) as decided on held.id = decided.id"
            " where held.id is null or decided.id is null",
        )
        for column, inputs, known in accounts:
            _account(connection, found, column, inputs, known)
    return {name: None if value is None else float(value) for name, value in found.items()}


def _account(connection: Any, found: dict[str, Any], column: str, inputs: Sequence[str], known: Sequence[str]) -> None:
    for view, paths in (("inputs", inputs), ("known", known)):
        connection.read_parquet(list(paths), hive_partitioning=False, union_by_name=True).create_view(view)
    ids = f"unnest({column})" if column == "parent_ids" else column
    named = f"(select distinct hash(id) as id from (select {ids} as id from decisions) where id is not null)"
    for name, every, other in (
        ("inputs_undecided", "(select hash(doc_id) as id from inputs)", named),
        ("decisions_without_input", named, "(select hash(doc_id) as id from known)"),
    ):
        (missing,) = _row(connection, f"select count(*) from {every} as every anti join {other} as other using (id)")
        found[name] = found.get(name, 0) + missing


def _metrics(
    connection: Any, view: str, metrics: Mapping[str, str], required: Sequence[str], mixes: Mapping[str, str]
) -> dict[str, Any]:
    """All metrics over a view and the nulls in its required columns, in one pass over it; and its mixes."""
    present = {name for name, *_ in connection.execute(f"describe {view}").fetchall()}
    counts = [f'count(*) - count("{name}")' for name in required if name in present]
    wanted = {**metrics, "required_nulls": " + ".join(counts) or "0"}
    selected = ", ".join(f"{sql} as {name}" for name, sql in wanted.items())
    found = dict(zip(wanted, _row(connection, f"select {selected} from {view}"), strict=True))
    found["required_nulls"] = found["required_nulls"] or 0
    for name, column in mixes.items():
        shares = connection.execute(
            f"select coalesce({column}, 'und') as value, count(*) / sum(count(*)) over () as share"
            f" from {view} group by value order by share desc, value limit {_COMMONEST}"
        )
        found |= {f"{name}.{value}": share for value, share in shares.fetchall()}
    return found


def _row(connection: Any, query: str) -> tuple[Any, ...]:
    """The one row of an aggregate. All is fetched: DuckDB starts nothing else while a result is unfinished."""
    (row,) = connection.execute(query).fetchall()
    return tuple(row)


def judge(row: Mapping[str, float | None], bounds: Sequence[tuple[str, float | None, float | None, str]]) -> list[bool]:
    """Which bounds the numbers of the row meet. A bound: name of the number, least, most, severity. Great Expectations
    decides; an expectation it could not evaluate has failed.
    """
    import pandas as pd
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import ExpectColumnValuesToBeBetween

    frame = pd.DataFrame({metric: pd.Series([number], dtype="float64") for metric, number in row.items()})
    suite = ExpectationSuite(
        name="contract",
        expectations=[
            ExpectColumnValuesToBeBetween(
                column=metric, min_value=least, max_value=most, severity=severity, meta={"position": position}
            )
            for position, (metric, least, most, severity) in enumerate(bounds)
        ],
    )
    results = _frames().get_batch({"dataframe": frame}).validate(suite, result_format="BOOLEAN_ONLY")
    passed = {
        result.expectation_config.meta["position"]: bool(result.success) and not _raised(result.exception_info)
        for result in results.results
    }
    return [passed.get(position, False) for position in range(len(bounds))]


@functools.cache
def _frames() -> Any:
    """Where batches come from: one context for the process, without a project, telemetry or progress bars."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("candidate").add_dataframe_asset("profile")
    return asset.add_batch_definition_whole_dataframe("row")


def _raised(info: Any) -> bool:
    """GX nests its exceptions by metric; any of them means the expectation was not evaluated."""
    if isinstance(info, Mapping):
        return bool(info.get("raised_exception")) or any(_raised(value) for value in info.values())
    return False


def _load() -> None:
    """Load what questions need, while nobody waits for an answer."""
    for name in _UNUSED:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in _HOLLOW:
        sys.modules[name] = types.ModuleType(name)
    vars(sys.modules["scipy"])["stats"] = sys.modules["scipy.stats"]
    # What is loaded stays: to look for garbage in it would take a quarter of the time.
    gc.disable()
    _frames()
    gc.freeze()
    gc.enable()


def _serve() -> None:
    """Answer questions, until the one who asks closes the pipe or is gone."""
    with os.fdopen(os.dup(1), "w", encoding="ascii") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        _load()
        asked: dict[str, Callable[..., Any]] = {"profile": profile, "judge": judge}
        for line in sys.stdin:
            question = json.loads(line)
            found = asked[question["what"]](**question["given"])
            print(json.dumps(found), file=answers, flush=True)
    # Nothing is open any more, and taking the libraries down would take as long as a question.
    os._exit(0)


if __name__ == "__main__":
    _serve()
