import datetime
from pathlib import Path

import dagster as dg
import pytest

from tier_assets.policy import RetentionPolicy
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.retention import retire_runs

KEY = "crawl.2026-08"
NOW = datetime.datetime.now(datetime.UTC)
LATER = NOW + datetime.timedelta(hours=2)
NEXT_YEAR = NOW + datetime.timedelta(days=365)
KEPT = {"run_days": 90, "max_runs": 500}


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("snapshots", [KEY])
        yield instance


@dg.asset(
    partitions_def=PARTITIONS,
    check_specs=[dg.AssetCheckSpec("content", asset="tier", partitions_def=PARTITIONS)],
)
def tier(context):
    context.log_event(dg.AssetObservation("above", partition=KEY, description="blocked"))
    return dg.MaterializeResult(
        data_version=dg.DataVersion("1"),
        metadata={"why": "new"},
        check_results=[dg.AssetCheckResult(check_name="content", passed=True)],
    )


def run(instance):
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = dg.materialize([tier], instance=instance, partition_key=KEY, run_config=quiet)
    assert result.success
    return result.run_id


def retire(instance, now, at_most=100, **policy):
    return retire_runs(instance, RetentionPolicy(**{**KEPT, **policy}), now, at_most=at_most)


def newest(instance):
    record = instance.fetch_materializations(dg.AssetKey("tier"), limit=1).records[0]
    return record.run_id, record.asset_materialization


def test_what_a_deleted_run_promoted_is_told_without_it_first(instance):
    run_id = run(instance)
    assert retire(instance, NEXT_YEAR) == "old runs: 0 deleted, 1 freed to be deleted next time"
    assert instance.get_run_by_id(run_id) is not None
    assert retire(instance, NEXT_YEAR) == "old runs: 1 deleted, 0 freed to be deleted next time"
    assert instance.get_run_by_id(run_id) is None
    by, event = newest(instance)
    assert (by, event.partition, event.tags["dagster/data_version"]) == ("", KEY, "1")
    assert event.metadata["why"].value == "new"
    assert instance.get_materialized_partitions(dg.AssetKey("tier")) == {KEY}
    check = dg.AssetCheckKey(dg.AssetKey("tier"), "content")
    (execution,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert (execution.run_id, execution.partition, execution.status.value) == ("", KEY, "SUCCEEDED")
    (seen,) = instance.fetch_observations(dg.AssetKey("above"), limit=10).records
    assert (seen.run_id, seen.event_log_entry.asset_observation.description) == ("", "blocked")


def test_a_partition_outlives_one_run_after_another(instance):
    for _ in range(2):
        run_id = run(instance)
        retire(instance, NEXT_YEAR)
        retire(instance, NEXT_YEAR)
        assert instance.get_run_by_id(run_id) is None
        assert newest(instance)[1].tags["dagster/data_version"] == "1"


def test_a_deletion_asks_for_nothing_above(instance):
    """Deleted in the same moment, the event that was told again would look like new content."""
    above = dg.AssetSpec(
        "above",
        deps=["tier"],
        partitions_def=PARTITIONS,
        automation_condition=dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed()),
    )
    defs = dg.Definitions([tier, above])
    run(instance)
    cursor = dg.evaluate_automation_conditions(defs, instance).cursor
    for now in (NOW, LATER):
        retire(instance, now, run_days=1, max_runs=10)
        seen = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        cursor = seen.cursor
        assert seen.get_requested_partitions(dg.AssetKey("above")) == set()


def test_a_run_just_freed_is_not_deleted_before_everybody_has_seen_it(instance):
    run_id = run(instance)
    run(instance)
    assert retire(instance, NOW, max_runs=10) == "old runs: 0 deleted, 0 freed to be deleted next time"
    for _ in range(9):
        run(instance)
    assert retire(instance, NOW, max_runs=10) == "old runs: 0 deleted, 0 freed to be deleted next time"
    assert retire(instance, LATER, max_runs=10) == "old runs: 1 deleted, 0 freed to be deleted next time"
    assert instance.get_run_by_id(run_id) is None
    assert instance.get_runs_count() == 10


def test_one_call_looks_at_no_more_runs_than_it_may(instance):
    for _ in range(3):
        run(instance)
    assert retire(instance, NEXT_YEAR, at_most=2) == "old runs: 2 deleted, 0 freed to be deleted next time"


def test_a_run_under_way_stays_however_old(instance):
    begun = instance.add_run(dg.DagsterRun(job_name="job", status=dg.DagsterRunStatus.STARTED))
    retire(instance, NEXT_YEAR)
    assert instance.get_run_by_id(begun.run_id) is not None


def test_a_deleted_run_leaves_no_file(instance, tmp_path):
    run_id = run(instance)
    run(instance)
    retire(instance, NEXT_YEAR)
    assert [path for path in Path(tmp_path).rglob("*") if run_id in path.name and path.suffix != ""] == []
