"""The Delta side of promotion: one fenced commit, and reading the log back.

Nothing here decides what to promote; `lake.py` does. Tried and kept (docs/decisions/0001): without the app transaction two
first publishes of one partition both commit; delta-rs does not fsync; a commit error may have committed; statistics with
text would put documents into the log.
"""

import json
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction

from tier_assets.errors import LakeError
from tier_assets.files.digests import text_digest
from tier_assets.files.durable import locked, sync_file, sync_folder
from tier_assets.lake.candidates import Candidate, now
from tier_assets.schemas import RowSchema

_KEY = "strata"
_PROPERTIES: Mapping[str, str | None] = {
    # Only the key gets statistics: min and max of any other column could carry a document's text into the log.
    "delta.dataSkippingStatsColumns": "doc_id",
    # Time travel and history read old commits; delta-rs would remove them after 30 days.
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}
_LONGEST_PAUSE_SECONDS = 0.2
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Version:
    """One promoted version of a partition, as its commit tells it."""

    table: str
    partition: str
    number: int
    delta_version: int
    candidate: str
    fingerprint: str
    parts: Mapping[str, str]
    content_digest: str
    decisions: str
    summary: Mapping[str, Any]
    kind: str
    actor: str
    reason: str
    run_id: str
    promoted_at: str


@dataclass(frozen=True)
class Log:
    """What a table's log says. `newest` names its newest entry; `live` is partition to path to bytes of what is promoted."""

    newest: str
    versions: tuple[Version, ...]
    live: Mapping[str, Mapping[str, int]]


def ensure_table(folder: Path, rows: RowSchema) -> None:
    """Create the Delta table if it is not there. Safe for several processes at once."""
    if DeltaTable.is_deltatable(str(folder)):
        return
    folder.mkdir(parents=True, exist_ok=True)
    arrow = rows.polars.to_frame().to_arrow().schema
    columns = Schema.from_arrow(arrow).fields
    partition = Schema.from_json(
        '{"type":"struct","fields":[{"name":"partition","type":"string","nullable":true,"metadata":{}}]}'
    )
    try:
        # Of several that create it at once, delta-rs lets the second write another first entry.
        with locked(folder / "_promotion.lock"):
            if not DeltaTable.is_deltatable(str(folder)):
                DeltaTable.create(
                    str(folder),
                    schema=Schema([*columns, *partition.fields]),
                    mode="ignore",
                    partition_by=["partition"],
                    configuration=_PROPERTIES,
                )
    except (DeltaError, OSError) as error:
        raise LakeError(f"{folder}: the table cannot be made ({cause(error)}): mend that, then run again") from None
    _sync_log(folder, 0)


def basis(folder: Path, app: str) -> int:
    """The app transaction's version, 0 before the first promotion."""
    table = open_table(folder)
    return (table.transaction_version(app) or 0) if table else 0


def newest_entry(folder: Path) -> str:
    """Name of the log's newest commit; it changes with every commit. Empty without a table."""
    return max((path.name for path in _entries(folder)), default="")


def read_log(folder: Path) -> Log:
    """What the log says now. Raises LakeError where it cannot be read."""
    newest = newest_entry(folder)
    table = open_table(folder)
    if table is None:
        return Log(newest, (), {})
    try:
        # A table is opened from its newest checkpoint; only the history reads all that came before.
        history = table.history()
    except (DeltaError, OSError) as error:
        raise _unreadable(folder, cause(error)) from None
    found = [
        Version(**json.loads(commit[_KEY]), delta_version=int(commit["version"]))
        for commit in history
        if _KEY in commit
    ]
    live: dict[str, dict[str, int]] = {}
    adds = pl.DataFrame(table.get_add_actions(flatten=True)).select("partition.partition", "path", "size_bytes")
    for partition, path, size in adds.sort("path").iter_rows():
        live.setdefault(partition, {})[path] = size
    return Log(newest, tuple(found), live)


def version_of(folder: Path, candidate: str) -> Version | None:
    """The promotion of a candidate, if it happened."""
    return next((version for version in read_log(folder).versions if version.candidate == candidate), None)


def commit(
    folder: Path, candidate: Candidate, app: str, *, kind: str, actor: str, reason: str, table: DeltaTable | None = None
) -> Version | None:
    """Try one commit, on the table as it is now or as it was read. None: not known to have happened, read the log again."""
    table = table or open_table(folder)
    if table is None:
        raise LakeError(f"{folder} is no Delta table any more: materialize {candidate.partition} again")
    number = candidate.basis + 1
    body = {
        "table": candidate.table,
        "partition": candidate.partition,
        "number": number,
        "candidate": candidate.candidate,
        "fingerprint": candidate.fingerprint,
        "parts": dict(candidate.parts),
        "content_digest": candidate.content_digest,
        "decisions": candidate.decisions.path,
        "summary": {
            **candidate.summary,
            "decisions_sha256": candidate.decisions.sha256,
            "checks_digest": text_digest(json.dumps(candidate.report, sort_keys=True, default=str)),
        },
        "kind": kind,
        "actor": actor,
        "reason": reason,
        "run_id": candidate.run_id,
        "promoted_at": now(),
    }
    try:
        table.create_write_transaction(
            actions=[
                AddAction(
                    path=staged.path,
                    size=staged.bytes,
                    partition_values={"partition": candidate.partition},
                    modification_time=int(time.time() * 1000),
                    data_change=True,
                    stats=json.dumps({"numRecords": staged.rows}),
                )
                for staged in candidate.files
            ],
            mode="overwrite",
            schema=table.schema(),
            partition_by=["partition"],
            partition_filters=[("partition", "=", candidate.partition)],
            commit_properties=CommitProperties(
                custom_metadata={_KEY: json.dumps(body, sort_keys=True)},
                max_commit_retries=0,
                app_transactions=[Transaction(app, number)],
            ),
        )
    except DeltaError:
        # Competing writers that failed together should not come back together.
        time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))
        return None
    except OSError as error:
        # No conflict but the disk or the store; even so the commit may be there.
        if version_of(folder, candidate.candidate) is None:
            raise LakeError(
                f"{folder}: the commit of {candidate.partition} cannot be written ({cause(error)}): mend that, then "
                f"materialize again"
            ) from None
    done = version_of(folder, candidate.candidate)
    if done is not None:
        _sync_log(folder, done.delta_version)
    return done


def open_table(folder: Path) -> DeltaTable | None:
    """The table as its log tells it now, None where there is none. Raises LakeError for a log that cannot be read."""
    # A power cut can leave an empty entry, which delta-rs takes for a commit of nothing: a version would vanish unseen.
    empty = min((path for path in _entries(folder) if not path.stat().st_size), default=None)
    if empty:
        raise _unreadable(folder, f"{empty.name} is empty")
    if not DeltaTable.is_deltatable(str(folder)):
        return None
    try:
        return DeltaTable(str(folder))
    except (DeltaError, OSError) as error:
        raise _unreadable(folder, cause(error)) from None


def _unreadable(folder: Path, why: str) -> LakeError:
    return LakeError(f"{folder}: the table's log cannot be read ({why}): see docs/architecture.md, damage")


def _entries(folder: Path) -> list[Path]:
    return [path for path in (folder / "_delta_log").glob("*.json") if path.stem.isdigit()]


def cause(error: Exception) -> str:
    """An error of a library in one line: delta-rs draws a tree of causes, in colours."""
    lines = _COLOUR.sub("", str(error)).splitlines()
    return ": ".join(text for line in lines if (text := line.strip(" \t\u21b3"))) or type(error).__name__


def _sync_log(folder: Path, version: int) -> None:
    log = folder / "_delta_log"
    entry = log / f"{version:020d}.json"
    if entry.exists():
        sync_file(entry)
    sync_folder(log)
