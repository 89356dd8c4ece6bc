"""How long Dagster keeps its history. What is promoted is the lake's to say; Dagster's events are a view of it.

A run is deleted only when nothing rests on it: the newest event of a partition (a materialization, the result of a check, an
observation) is told again without a run first. Else `newly_missing` would ask for all of it again. And it is deleted some
time after that: to the automation conditions an event without an earlier one is new content.
"""

import datetime
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from tier_assets.policy import RetentionPolicy
from tier_assets.promotion.runless import RunlessEvent, report_runless

# The daemon looks every half minute; a week-end without a daemon costs some runs that compute nothing.
_SEEN_SECONDS = 3600
_KINDS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


def retire_runs(instance: dg.DagsterInstance, policy: RetentionPolicy, now: datetime.datetime, *, at_most: int) -> str:
    """Delete, of the oldest runs that have ended, those that the policy lets go; what was done, in a sentence.

    One on which the newest event of a partition rests is freed instead, for a call an hour later.
    """
    surplus = instance.get_runs_count() - policy.max_runs
    oldest_kept = now - datetime.timedelta(days=policy.run_days)
    deleted = freed = 0
    finished = dg.RunsFilter(statuses=list(FINISHED_STATUSES))
    for place, record in enumerate(instance.get_run_records(finished, limit=at_most, ascending=True)):
        if place >= surplus and record.create_timestamp >= oldest_kept:
            break
        run_id = record.dagster_run.run_id
        told = list(_newest(instance, run_id))
        resting = [event for event, newest in told if newest.run_id == run_id]
        for event in resting:
            report_runless(instance, event)
        if resting:
            freed += 1
        elif all(newest.timestamp < now.timestamp() - _SEEN_SECONDS for _, newest in told):
            _delete(instance, run_id)
            deleted += 1
    return f"old runs: {deleted} deleted, {freed} freed to be deleted next time"


def _newest(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[RunlessEvent, EventLogEntry]]:
    """Every event of a run about a partition, with the newest of its kind about it, of whichever run that is."""
    for entry in instance.all_logs(run_id, of_type=_KINDS):
        event = entry.get_dagster_event()
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            result = event.asset_check_evaluation_data
            execution = instance.event_log_storage.get_latest_asset_check_execution_by_key(
                [result.asset_check_key], partition_filter=PartitionKeyFilter(key=result.partition)
            ).get(result.asset_check_key)
            if execution and execution.event:
                yield result, execution.event
            continue
        told: dg.AssetMaterialization | dg.AssetObservation | None = (
            entry.asset_materialization or entry.asset_observation
        )
        if told is None:
            continue
        wanted = dg.AssetRecordsFilter(told.asset_key, asset_partitions=[told.partition] if told.partition else None)
        fetch = instance.fetch_materializations if entry.asset_materialization else instance.fetch_observations
        for record in fetch(wanted, limit=1).records:
            yield told, record.event_log_entry


def _delete(instance: dg.DagsterInstance, run_id: str) -> None:
    """The run, its events, and what Dagster leaves of them: results of checks, and the file that SQLite has of each run."""
    instance.delete_run(run_id)
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id))
    if isinstance(storage, SqliteEventLogStorage):
        path = Path(storage.path_for_shard(run_id))
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
