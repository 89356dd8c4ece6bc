"""Telling Dagster of a partition without a run: what was promoted otherwise, and what outlives the run that told it."""

import dagster as dg
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

RunlessEvent = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def report_runless(instance: dg.DagsterInstance, event: RunlessEvent) -> None:
    """Report the event; a result of a check takes the place of the last that was reported so.

    Dagster keeps one result for each check, partition and run, so the second without a run would be an error (1.13.27).
    """
    storage = instance.event_log_storage
    if isinstance(event, dg.AssetCheckEvaluation) and isinstance(storage, SqlEventLogStorage):
        results = AssetCheckExecutionsTable
        same = (
            (results.c.asset_key == event.asset_key.to_string())
            & (results.c.check_name == event.check_name)
            & (results.c.partition == event.partition)
            & (results.c.run_id == "")
        )
        with storage.index_connection() as connection:
            connection.execute(results.delete().where(same))
    instance.report_runless_asset_event(event)
