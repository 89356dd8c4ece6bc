"""What the processes of these tests do: publish a partition, race for it, read it. Every child starts here."""

import json
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import polars as pl

from tests.reliability.kills import Point, Watch
from tests.reliability.processes import CONTEXT
from tier_assets.errors import LostRaceError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import fingerprint_of
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

TABLE = "filtered"
PATIENCE_SECONDS = 60


def outcome(key: PartitionKey, texts: Sequence[str]) -> Outcome:
    """An L1 outcome that keeps one document per text and drops one more."""
    schema = TABLES[TABLE]
    rows = pl.DataFrame(
        {
            "doc_id": [f"{number:032x}" for number in range(len(texts))],
            "uri": [f"https://example.org/{key}/{number}" for number in range(len(texts))],
            "text": list(texts),
        }
    )
    kept = schema.decisions.conform(rows.select("doc_id", "uri", pl.lit(True).alias("kept")))
    lost = schema.decisions.conform(
        pl.DataFrame({"doc_id": ["f" * 32], "uri": ["u"], "kept": [False], "drop_reason": ["url"], "rule": ["r"]})
    )
    return Outcome(schema.rows.conform(rows), pl.concat([kept, lost]))


def publish(root: Path, name: str, texts: Sequence[str], code: str) -> int:
    """A run as the gate does it, without its judgement: basis, skip what is current, stage, record, promote."""
    lake, key = Lake(root), PartitionKey.parse(name)
    basis, parts = lake.basis(TABLE, key), {"code": code}
    head = lake.head(TABLE, key)
    if head and head.fingerprint == fingerprint_of(TABLE, key, parts):
        return head.number
    made = outcome(key, texts)
    candidate = lake.stage(TABLE, key, made, basis=basis, parts=parts)
    lake.record(candidate.with_report("staged", {"rows_in": made.decisions.height}, ()))
    return lake.promote(candidate).number


def publish_and_tell(root: Path, name: str, texts: Sequence[str], code: str, at: Point | None, told: Path) -> None:
    """`publish`, killed at a point if one is given; a run that gets to its end writes down the points it passed."""
    with Watch(at) as watch:
        publish(root, name, texts, code)
    told.write_text(json.dumps(watch.passed), "utf-8")


def publish_all(root: Path, wanted: Sequence[tuple[str, Sequence[str], str]]) -> None:
    """Publish many partitions one after the other; whoever loses a race for one goes on with the next."""
    for name, texts, code in wanted:
        try:
            publish(root, name, texts, code)
        except LostRaceError:
            continue


def started(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """A child at work."""
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def barrier(parties: int) -> Any:
    """Where children wait for each other."""
    return CONTEXT.Barrier(parties, timeout=PATIENCE_SECONDS)


def ended(*processes: ForkServerProcess) -> list[int]:
    """Wait for children; their exit codes, negative for a signal. A child that does not end fails the test."""
    for process in processes:
        process.join(PATIENCE_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"process {process.pid} was still at work after {PATIENCE_SECONDS} seconds")
    return [process.exitcode for process in processes]
