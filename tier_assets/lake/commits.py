"""The Delta side of promotion: making a table, one fenced commit, and checkpoints that survive a power cut.

Nothing here decides what to promote; `lake.py` does. What a log says is read in `log_index.py`. Tried and kept
(docs/decisions/0001): without the app transaction two first publishes of one partition both commit; delta-rs does not fsync;
a commit error may have committed; statistics with text would put documents into the log.
"""

import json
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction

from tier_assets.errors import LakeError
from tier_assets.files.digests import file_digest
from tier_assets.files.durable import locked, sync_file, sync_folder, write_text
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.versions import BODY, Act, app_of, body_of, unreadable
from tier_assets.schemas import RowSchema

_PROPERTIES: Mapping[str, str | None] = {
    # Only the key gets statistics: min and max of any other column could carry a document's text into the log.
    "delta.dataSkippingStatsColumns": "doc_id",
    # Time travel and history read old commits; delta-rs would remove them after 30 days.
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}
_A_CHECKPOINT = 100
_LONGEST_PAUSE_SECONDS = 0.2
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LAST_CHECKPOINT = "_last_checkpoint"


def ensure_table(folder: Path, rows: RowSchema) -> None:
    """Create the Delta table if it is not there. Safe for several processes at once."""
    if (folder / "_delta_log" / f"{0:020d}.json").exists():
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
    sync_entry(folder, 0)


def commit(table: DeltaTable, candidate: Candidate, act: Act) -> str:
    """Try one commit that makes the candidate the next version of its partition, on the table as it was opened.

    Returns why it did not succeed, as far as is known: the commit may have happened all the same, which its promotion tells
    whoever reads the log again.
    """
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
                custom_metadata={BODY: json.dumps(body_of(candidate, act), sort_keys=True)},
                max_commit_retries=0,
                app_transactions=[Transaction(app_of(candidate.table, candidate.partition), act.basis + 1)],
            ),
            # It would be written unsynced: a power cut would leave half of it, and the table unreadable.
            post_commithook_properties=PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False),
        )
    except DeltaError as error:
        # Competing writers that failed together should not come back together.
        time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))
        return cause(error)
    except OSError as error:
        return cause(error)
    return ""


def opened(
    folder: Path, partition: str, live: frozenset[str], number: int, digests: Callable[[int], Mapping[int, str]]
) -> DeltaTable:
    """The table, if it tells of the partition what the log does: these live files, this number of the last promotion.

    `digests` gives number to sha256 of the entries from one on, as they were read first. A checkpoint that cannot be read,
    or that tells something else, is dropped: the entries say all. Hold the table's lock. Raises LakeError where an entry is
    not what it was, or the table cannot be opened even so.
    """
    while True:
        _check_entries(folder, digests)
        try:
            table = DeltaTable(str(folder))
            uris = table.file_uris(partition_filters=[("partition", "=", partition)])
            found = {uri[uri.index(f"partition={partition}/") :] for uri in uris}
            fence = table.transaction_version(app_of(folder.parent.name, partition)) or 0
            why = "" if found == live and fence == number else f"it does not tell of {partition} what its entries do"
        except (DeltaError, OSError, ValueError) as error:
            why = cause(error)
        if not why:
            return table
        if not _drop_checkpoint(folder):
            raise unreadable(folder, why)


def _check_entries(folder: Path, digests: Callable[[int], Mapping[int, str]]) -> None:
    """Of what opening the table reads: drop a checkpoint that is not what was written; raises LakeError for an entry."""
    while (found := checkpoints(folder)) and not checkpoint_is_whole(found[-1]):
        _drop_checkpoint(folder)
    first = int(found[-1].name.partition(".")[0]) + 1 if found else 0
    for number, digest in digests(first).items():
        entry = folder / "_delta_log" / f"{number:020d}.json"
        if not entry.is_file() or file_digest(entry) != digest:
            raise unreadable(folder, f"{entry.name} is gone, or not what was written")


def checkpoints(folder: Path) -> list[Path]:
    """The files of all checkpoints of a table, oldest first."""
    log = folder / "_delta_log"
    # The folder has thousands of names; matching them one by one as paths takes longer than the commit.
    return [log / name for name in sorted(os.listdir(log)) if name.endswith(".checkpoint.parquet")]  # noqa: PTH208


def checkpoint_is_whole(path: Path) -> bool:
    """Whether a checkpoint is what was written; one of an older home, without a digest, is taken at its word."""
    digest = path.with_suffix(".sha256")
    return not digest.exists() or digest.read_bytes() == file_digest(path).encode()


def keep_checkpoint(folder: Path, version: int) -> None:
    """Write and sync a checkpoint if it is time for one. Without it the table is slower to open, and no worse."""
    if version % _A_CHECKPOINT:
        return
    try:
        DeltaTable(str(folder)).create_checkpoint()
        newest = checkpoints(folder)[-1]
        sync_file(newest)
        write_text(newest.with_suffix(".sha256"), file_digest(newest))
        sync_file(folder / "_delta_log" / LAST_CHECKPOINT)
        sync_folder(folder / "_delta_log")
    except (DeltaError, OSError):
        _drop_checkpoint(folder)


def _drop_checkpoint(folder: Path) -> bool:
    """Remove the newest checkpoint and what points to it; whether there was anything to remove."""
    hint, found = folder / "_delta_log" / LAST_CHECKPOINT, checkpoints(folder)
    there = hint.exists() or bool(found)
    hint.unlink(missing_ok=True)
    for newest in found[-1:]:
        newest.unlink(missing_ok=True)
        newest.with_suffix(".sha256").unlink(missing_ok=True)
    return there


def cause(error: Exception) -> str:
    """An error of a library in one line: delta-rs draws a tree of causes, in colours."""
    lines = _COLOUR.sub("", str(error)).splitlines()
    return ": ".join(text for line in lines if (text := line.strip(" \t\u21b3"))) or type(error).__name__


def sync_entry(folder: Path, version: int) -> None:
    """Make an entry of a table's log durable."""
    log = folder / "_delta_log"
    entry = log / f"{version:020d}.json"
    if entry.exists():
        sync_file(entry)
    sync_folder(log)
