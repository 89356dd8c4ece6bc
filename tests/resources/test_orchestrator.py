import json
import os
import subprocess
from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.utils import make_new_run_id

from resources.orchestrator import Orchestrator, await_unknown, end_dead_runs
from tier_assets.errors import OrchestratorError
from tier_assets.files.leases import FileLease, Leases, Timing
from tier_assets.files.processes import Owner
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


def launch(instance, pid, socket):
    """A run as Dagster's daemon leaves it before the first step has begun: it says only its pid, in an event."""
    tags = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "socket": str(socket)})}
    run_id = begin(instance, tags, dg.DagsterRunStatus.STARTED)
    run = instance.get_run_by_id(run_id)
    instance.report_engine_event("Dequeued the run.", run)
    instance.report_engine_event("Started process for run.", run, EngineEventData.in_process(pid))
    return run_id


def at_work(body):
    """An orchestrator's definitions whose L0 does this."""
    return dg.Definitions([dg.asset(name="l0_raw", partitions_def=PARTITIONS)(body)])


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_an_unfinished_run_of_a_dead_process_becomes_failed(instance, lake, status):
    run_id = begin(instance, DEAD, dg.DagsterRunStatus(status))
    assert end_dead_runs(instance, lake.leases) == [run_id]
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE
    assert end_dead_runs(instance, lake.leases) == []


@pytest.mark.parametrize("tags", [{}, {OWNER_TAG: "no owner"}], ids=["none", "unreadable"])
def test_a_run_of_a_live_process_or_of_nobody_known_is_left_alone(instance, lake, tags):
    begin(instance, owner_tag(lake.leases), dg.DagsterRunStatus.STARTED)
    begin(instance, tags, dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance, lake.leases) == []


def test_a_run_tried_again_is_not_ended_for_the_tag_of_the_one_that_died(instance, lake):
    died = begin(instance, DEAD, dg.DagsterRunStatus.STARTED)
    begin(instance, DEAD, dg.DagsterRunStatus.STARTED, parent=died)
    assert end_dead_runs(instance, lake.leases) == [died]


def test_a_run_tried_again_that_died_too_is_ended(instance, lake):
    died = begin(instance, DEAD, dg.DagsterRunStatus.FAILURE)
    again = begin(instance, {OWNER_TAG: "another-boot:2:2"}, dg.DagsterRunStatus.STARTED, parent=died)
    assert end_dead_runs(instance, lake.leases) == [again]


def test_a_run_of_the_daemon_that_was_killed_before_its_step_began_is_ended(instance, lake, tmp_path):
    (tmp_path / "socket").touch()
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    died, _ = launch(instance, gone.pid, tmp_path / "socket"), launch(instance, os.getpid(), tmp_path / "socket")
    assert end_dead_runs(instance, lake.leases) == [died]


def test_a_run_of_the_daemon_of_another_container_is_not_ended_for_a_pid_that_means_nothing_here(
    instance, lake, tmp_path
):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    launch(instance, gone.pid, tmp_path / "in-its-own-tmp")
    assert end_dead_runs(instance, lake.leases) == []


@pytest.fixture
def foreign(instance, lake):
    """The unfinished run of a process of another container, and its lease."""
    lease = FileLease(lake.root / "_leases" / "theirs")
    lease.take(Owner.current())
    owner = replace(Owner.current(), namespace="1", lease=lease.token)
    tag = ":".join((owner.boot, str(owner.pid), owner.started, owner.namespace, owner.lease))
    return begin(instance, {OWNER_TAG: tag}, dg.DagsterRunStatus.STARTED), lease


def test_an_unfinished_run_of_another_container_is_watched_and_ended_when_its_lease_stands_still(
    instance, foreign, lake
):
    run_id, lease = foreign
    leases, said = Leases(lake.root / "_leases", Timing(beat_seconds=0.05, patience_seconds=0.3)), []
    assert end_dead_runs(instance, leases) == []
    await_unknown(instance, leases, said.append)
    assert end_dead_runs(instance, leases) == [run_id]
    assert lease.counter() is None
    (line,) = said
    assert line.startswith(
        f"run {run_id[:8]} belongs to a process of another container or machine: watching for at most 0.3 s"
    )


def test_an_unfinished_run_of_another_container_is_left_alone_while_its_lease_moves(instance, foreign, lake):
    run_id, lease = foreign
    # Without patience to be tried: only the movement ends the wait.
    leases = Leases(lake.root / "_leases", Timing(beat_seconds=0.05, patience_seconds=86_400))
    await_unknown(instance, leases, lambda line: lease.advance(1))
    assert end_dead_runs(instance, leases) == []
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.STARTED


def test_the_pool_slot_of_a_dead_run_is_freed(instance, lake):
    run_id = begin(instance, DEAD, dg.DagsterRunStatus.STARTED)
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default("cpu")
    assert storage.claim_concurrency_slot("cpu", run_id, "l0_raw").is_claimed
    end_dead_runs(instance, lake.leases)
    assert storage.get_concurrency_info("cpu").active_slot_count == 0


def test_preparing_registers_keys_once_and_reports_what_was_promoted_unseen(
    orchestrator, instance, lake, key, documents
):
    lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    for _ in range(2):
        orchestrator.prepare(instance, [key], print)
    assert instance.get_dynamic_partitions("snapshots") == [str(key)]
    events = instance.fetch_materializations(dg.AssetKey("l1_filtered"), limit=10).records
    (materialization,) = [event.asset_materialization for event in events]
    assert materialization.partition == str(key)
    assert materialization.tags["dagster/data_version"] == lake.head("filtered", key).fingerprint
    check = dg.AssetCheckKey(dg.AssetKey("l1_filtered"), "content")
    (execution,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert (execution.partition, execution.status.value) == (str(key), "SUCCEEDED")


def promote(lake, key, documents, text):
    basis = lake.basis("filtered", key)
    return lake.promote(lake.stage("filtered", key, documents(text), basis=basis, parts={"code": text}))


def told(instance):
    records = instance.fetch_materializations(dg.AssetKey("l1_filtered"), limit=100).records
    return [(record.partition_key, record.asset_materialization.tags["dagster/data_version"]) for record in records]


def test_only_what_was_promoted_since_is_compared_with_what_dagster_was_told(orchestrator, instance, lake, documents):
    first, second = PartitionKey.parse("crawl.1"), PartitionKey.parse("crawl.2")
    promote(lake, first, documents, "a")
    orchestrator.prepare(instance, [first], print)
    instance.wipe_assets([dg.AssetKey("l1_filtered")])
    head = promote(lake, second, documents, "b")
    orchestrator.prepare(instance, [second], print)
    assert told(instance) == [("crawl.2", head.fingerprint)]


def test_everything_is_compared_where_that_is_asked_for(orchestrator, instance, lake, key, documents):
    head = promote(lake, key, documents, "a")
    orchestrator.prepare(instance, [key], print)
    instance.wipe_assets([dg.AssetKey("l1_filtered")])
    orchestrator.prepare(instance, [key], print)
    assert told(instance) == []
    orchestrator.prepare(instance, [key], print, everything=True)
    assert told(instance) == [(str(key), head.fingerprint)]


def test_a_log_that_lost_entries_is_compared_from_its_start(orchestrator, instance, lake, key, documents):
    first = promote(lake, key, documents, "a")
    promote(lake, key, documents, "b")
    orchestrator.prepare(instance, [key], print)
    newest = sorted((lake.folder("filtered", "crawl") / "_delta_log").glob("*.json"))[-1]
    newest.rename(newest.with_suffix(".away"))
    orchestrator.prepare(instance, [key], print)
    assert told(instance)[0] == (str(key), first.fingerprint)


def test_keys_of_nothing_are_removed_with_a_word(orchestrator, instance, key, caplog):
    instance.add_dynamic_partitions("snapshots", ["any name", "crawl.2026-99"])
    orchestrator.prepare(instance, [key], print)
    assert instance.get_dynamic_partitions("snapshots") == [str(key)]
    assert "'any name' is no partition key" in caplog.text
    assert "crawl.2026-99: nothing of it has landed" in caplog.text


def test_old_runs_are_retired_in_a_home_without_a_daemon(orchestrator, instance, tmp_path):
    (tmp_path / "home" / "strata.toml").write_text("[retention]\nmax_runs = 10\n")
    for _ in range(11):
        begin(instance, {}, dg.DagsterRunStatus.SUCCESS)
    orchestrator.prepare(instance, [], print)
    assert instance.get_runs_count() == 10


def test_preparing_some_partitions_alone_reports_no_other(orchestrator, instance, lake, key, documents):
    other = PartitionKey.parse("crawl.2026-09")
    for each in (key, other):
        lake.promote(lake.stage("filtered", each, documents("a"), basis=0, parts={"code": "1"}))
    orchestrator.prepare(instance, [other], print, alone=True)
    assert instance.get_materialized_partitions(dg.AssetKey("l1_filtered")) == {str(other)}
    orchestrator.prepare(instance, [], print)
    assert instance.get_materialized_partitions(dg.AssetKey("l1_filtered")) == {str(other), str(key)}


def test_materializing_runs_the_tiers_named_for_one_partition(tmp_path, lake, key):
    orchestrator = Orchestrator(Home(tmp_path / "home"), lake, at_work(lambda: None))
    with orchestrator.instance() as instance:
        orchestrator.prepare(instance, [key], print)
        outcome = orchestrator.materialize(instance, [Tier.RAW], key, tags={"strata/why": "new"})
        assert (outcome.succeeded, outcome.error) == (True, "")
        assert instance.get_materialized_partitions(dg.AssetKey("l0_raw")) == {str(key)}
        tags = instance.get_run_by_id(outcome.run_id).tags
        assert (tags["strata/trigger"], tags["strata/why"]) == ("cli", "new")
        assert tags.items() >= owner_tag(lake.leases).items()


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
        orchestrator.prepare(instance, [key], print)
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
