import os
import subprocess

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.utils import make_new_run_id

from resources.orchestrator import Orchestrator, end_dead_runs
from tier_assets.errors import OrchestratorError
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.step import OWNER_TAG, owner_tag
from tier_assets.tiers import Tier

DEAD = {OWNER_TAG: "another-boot:1:1"}


@pytest.fixture
def orchestrator(tmp_path, lake):
    return Orchestrator(Home(tmp_path / "home"), lake, dg.Definitions())


@pytest.fixture
def instance(orchestrator):
    with orchestrator.instance() as instance:
        yield instance


def begin(instance, tags, status, parent=None):
    """A run in a state, as a process that was killed there leaves it."""
    again = {"parent_run_id": parent, "root_run_id": parent} if parent else {}
    run = dg.DagsterRun(job_name="job", run_id=make_new_run_id(), tags=tags, status=status, **again)
    return instance.add_run(run).run_id


def launch(instance, pid):
    """A run as Dagster's daemon leaves it before the first step has begun: it says only its pid, in an event."""
    run_id = begin(instance, {}, dg.DagsterRunStatus.STARTED)
    run = instance.get_run_by_id(run_id)
    instance.report_engine_event("Dequeued the run.", run)
    instance.report_engine_event("Started process for run.", run, EngineEventData.in_process(pid))
    return run_id


def at_work(body):
    """An orchestrator's definitions whose L0 does this."""
    return dg.Definitions([dg.asset(name="l0_raw", partitions_def=PARTITIONS)(body)])


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_an_unfinished_run_of_a_dead_process_becomes_failed(instance, status):
    run_id = begin(instance, DEAD, dg.DagsterRunStatus(status))
    assert end_dead_runs(instance) == [run_id]
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE
    assert end_dead_runs(instance) == []


@pytest.mark.parametrize("tags", [owner_tag(), {}, {OWNER_TAG: "no owner"}], ids=["alive", "none", "unreadable"])
def test_a_run_of_a_live_process_or_of_nobody_known_is_left_alone(instance, tags):
    begin(instance, tags, dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance) == []


def test_a_run_tried_again_is_not_ended_for_the_tag_of_the_one_that_died(instance):
    died = begin(instance, DEAD, dg.DagsterRunStatus.STARTED)
    begin(instance, DEAD, dg.DagsterRunStatus.STARTED, parent=died)
    assert end_dead_runs(instance) == [died]


def test_a_run_tried_again_that_died_too_is_ended(instance):
    died = begin(instance, DEAD, dg.DagsterRunStatus.FAILURE)
    again = begin(instance, {OWNER_TAG: "another-boot:2:2"}, dg.DagsterRunStatus.STARTED, parent=died)
    assert end_dead_runs(instance) == [again]


def test_a_run_of_the_daemon_that_was_killed_before_its_step_began_is_ended(instance):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    died, _ = launch(instance, gone.pid), launch(instance, os.getpid())
    assert end_dead_runs(instance) == [died]


def test_the_pool_slot_of_a_dead_run_is_freed(instance):
    run_id = begin(instance, DEAD, dg.DagsterRunStatus.STARTED)
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default("cpu")
    assert storage.claim_concurrency_slot("cpu", run_id, "l0_raw").is_claimed
    end_dead_runs(instance)
    assert storage.get_concurrency_info("cpu").active_slot_count == 0


def test_preparing_registers_keys_once_and_reports_what_was_promoted_unseen(
    orchestrator, instance, lake, key, documents
):
    lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    for _ in range(2):
        orchestrator.prepare(instance, [key])
    assert instance.get_dynamic_partitions("snapshots") == [str(key)]
    events = instance.fetch_materializations(dg.AssetKey("l1_filtered"), limit=10).records
    (materialization,) = [event.asset_materialization for event in events]
    assert materialization.partition == str(key)
    assert materialization.tags["dagster/data_version"] == lake.head("filtered", key).fingerprint
    check = dg.AssetCheckKey(dg.AssetKey("l1_filtered"), "content")
    (execution,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert (execution.partition, execution.status.value) == (str(key), "SUCCEEDED")


def test_preparing_some_partitions_alone_reports_no_other(orchestrator, instance, lake, key, documents):
    other = PartitionKey.parse("crawl.2026-09")
    for each in (key, other):
        lake.promote(lake.stage("filtered", each, documents("a"), basis=0, parts={"code": "1"}))
    orchestrator.prepare(instance, [other], alone=True)
    assert instance.get_materialized_partitions(dg.AssetKey("l1_filtered")) == {str(other)}
    orchestrator.prepare(instance, [])
    assert instance.get_materialized_partitions(dg.AssetKey("l1_filtered")) == {str(other), str(key)}


def test_materializing_runs_the_tiers_named_for_one_partition(tmp_path, lake, key):
    orchestrator = Orchestrator(Home(tmp_path / "home"), lake, at_work(lambda: None))
    with orchestrator.instance() as instance:
        orchestrator.prepare(instance, [key])
        outcome = orchestrator.materialize(instance, [Tier.RAW], key, tags={"strata/why": "new"})
        assert (outcome.succeeded, outcome.error) == (True, "")
        assert instance.get_materialized_partitions(dg.AssetKey("l0_raw")) == {str(key)}
        tags = instance.get_run_by_id(outcome.run_id).tags
        assert (tags["strata/trigger"], tags["strata/why"]) == ("cli", "new")
        assert tags.items() >= owner_tag().items()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (dg.Failure("raw crawl.2026-08 is held: it is empty"), "raw crawl.2026-08 is held: it is empty"),
        (ValueError("no such thing\nand more"), "ValueError: no such thing"),
    ],
    ids=["a tier's own sentence", "a crash"],
)
def test_a_failed_run_is_one_line(tmp_path, lake, key, error, line):
    def fail() -> None:
        raise error

    orchestrator = Orchestrator(Home(tmp_path / "home"), lake, at_work(fail))
    with orchestrator.instance() as instance:
        orchestrator.prepare(instance, [key])
        outcome = orchestrator.materialize(instance, [Tier.RAW], key, tags={})
    assert (outcome.succeeded, outcome.error) == (False, line)


@pytest.mark.parametrize("name", ["dagster.yaml", "history/runs.db"])
def test_damaged_settings_or_storage_are_one_line(orchestrator, tmp_path, name):
    with orchestrator.instance():
        pass
    (tmp_path / "home" / "dagster" / name).write_bytes(b"{{{ junk " * 500)
    with (
        pytest.raises(
            OrchestratorError, match=r"home/dagster: Dagster cannot use its settings or storage \("
        ) as caught,
        orchestrator.instance(),
    ):
        pass
    assert "\n" not in str(caught.value)
