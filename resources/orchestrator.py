"""The way into Dagster for whoever is not Dagster: prepare the home's instance, run partitions in process, repair history.

What is to be run is `planning.py`'s; how a partition is computed, the assets'.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterInstance
from dagster._core.storage.dagster_run import DagsterRun
from sqlalchemy.exc import SQLAlchemyError
from yaml import YAMLError  # type: ignore[import-untyped]

from tier_assets import planning
from tier_assets.errors import OrchestratorError
from tier_assets.files.durable import locked
from tier_assets.files.leases import Owner
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.l2_selected.asset import SCORER_ASSET
from tier_assets.lake.commits import Version
from tier_assets.lake.lake import Lake
from tier_assets.promotion.events import runless_events
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.step import OWNER_TAG, owner_tag
from tier_assets.tiers import Tier

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class RunOutcome:
    """How an in-process run ended; `error` is one line, empty on success."""

    run_id: str
    succeeded: bool
    error: str


class Orchestrator:
    """Dagster on one home."""

    def __init__(self, home: Home, lake: Lake, definitions: dg.Definitions) -> None:
        self._home = home
        self._lake = lake
        self._definitions = definitions

    @contextmanager
    def instance(self) -> Iterator[DagsterInstance]:
        """The home's instance. Created under the home's lock: several processes creating one break it for good.

        Raises OrchestratorError where its settings or storage cannot be used, also if that shows only in use.
        """
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            instance = self._open()
        except (dg.DagsterError, YAMLError, SQLAlchemyError) as error:
            raise self._unusable(error) from error
        try:
            with instance:
                yield instance
        except SQLAlchemyError as error:
            raise self._unusable(error) from error

    def _open(self) -> DagsterInstance:
        with locked(self._home.lock):
            self._home.prepare()
            instance = DagsterInstance.from_config(str(self._home.dagster))
            # The first query makes the tables.
            instance.get_dynamic_partitions(PARTITIONS.name or "")
            instance.get_runs_count()
            return instance

    def _unusable(self, error: Exception) -> OrchestratorError:
        return OrchestratorError(
            f"{self._home.dagster}: Dagster cannot use its settings or storage ({str(error).strip().splitlines()[0]}): mend "
            f"that, or move the folder away and run again: Dagster is then told anew of all that is promoted"
        )

    def prepare(self, instance: DagsterInstance, keys: Iterable[PartitionKey], *, alone: bool = False) -> None:
        """Register keys, end runs whose process is gone, free their slots, report what the lake promoted unseen: of all
        partitions, or `alone` of these.
        """
        keys = list(dict.fromkeys(keys))
        with locked(self._home.lock):
            known = set(instance.get_dynamic_partitions(PARTITIONS.name or ""))
            missing = [str(key) for key in keys if str(key) not in known]
            if missing:
                instance.add_dynamic_partitions(PARTITIONS.name or "", missing)
            end_dead_runs(instance)
            self._report_unseen(instance, keys if alone else None)

    def materialize(
        self,
        instance: DagsterInstance,
        tiers: Sequence[Tier],
        key: PartitionKey,
        *,
        tags: Mapping[str, str],
    ) -> RunOutcome:
        """Run tiers of one partition in this process. Raises KeyboardInterrupt where a person or a signal ended it."""
        return self._execute(instance, [tier.asset_name for tier in tiers], tags, str(key))

    def train(self, instance: DagsterInstance) -> RunOutcome:
        """Train the quality scorer in this process. Raises KeyboardInterrupt where a person or a signal ended it."""
        return self._execute(instance, [SCORER_ASSET], {}, None)

    def _execute(
        self, instance: DagsterInstance, assets: Sequence[str], tags: Mapping[str, str], partition: str | None
    ) -> RunOutcome:
        job = self._definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(name) for name in assets],
            partition_key=partition,
            tags={"strata/trigger": "cli", **owner_tag(), **tags},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        if _interrupted(result):
            raise KeyboardInterrupt
        return RunOutcome(result.run_id, result.success, "" if result.success else _error(result))

    def report(self, instance: DagsterInstance, tier: Tier, key: PartitionKey, why: str) -> None:
        """Record a materialization for the promoted version, without a run."""
        head = self._lake.head(tier, key)
        if head is not None:
            contract, asset = planning.CONTRACTS[tier], tier.asset_name
            for event in runless_events(self._lake, contract, head, why, asset=asset, partition=str(key)):
                instance.report_runless_asset_event(event)

    def _report_unseen(self, instance: DagsterInstance, keys: Sequence[PartitionKey] | None) -> None:
        """The lake's log is the truth: a crash between commit and event leaves Dagster behind it."""
        names = None if keys is None else [str(key) for key in keys]
        for tier in Tier:
            seen = instance.event_log_storage.get_latest_tags_by_partition(
                dg.AssetKey(tier.asset_name),
                dg.DagsterEventType.ASSET_MATERIALIZATION,
                ["dagster/data_version"],
                names,
            )
            for partition, head in self._heads(tier, keys):
                if seen.get(partition, {}).get("dagster/data_version") != head.fingerprint:
                    self.report(instance, tier, PartitionKey.parse(partition), "reported from the lake's log")

    def _heads(self, tier: Tier, keys: Sequence[PartitionKey] | None) -> Iterator[tuple[str, Version]]:
        """Promoted versions of these partitions, or of all."""
        if keys is None:
            for source in self._lake.sources(tier):
                yield from self._lake.heads(tier, source).items()
        for key in keys or ():
            head = self._lake.head(tier, key)
            if head is not None:
                yield str(key), head


def end_dead_runs(instance: DagsterInstance) -> list[str]:
    """Fail unfinished runs whose process is gone and free their pool slots; returns their ids.

    Without it a killed run's slot makes the next run wait for ever.
    """
    ended = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED)):
        owner = _owner(instance, run) or _launched(instance, run)
        if owner is not None and not owner.alive:
            instance.report_run_failed(run, "its process is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _owner(instance: DagsterInstance, run: DagsterRun) -> Owner | None:
    """The process that the run's tag names; a run tried again starts with the tag of the one before, which says nothing."""
    tag = run.tags.get(OWNER_TAG, "")
    before = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    if before and before.tags.get(OWNER_TAG) == tag:
        return None
    boot, _, rest = tag.partition(":")
    pid, _, started = rest.partition(":")
    return Owner(boot, int(pid), started) if pid.isdigit() else None


def _launched(instance: DagsterInstance, run: DagsterRun) -> Owner | None:
    """The process of a run that the daemon launched and that was killed before its step could say whose it is."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        pid = entry.get_dagster_event().engine_event_data.metadata.get("pid")
        if pid is not None:
            return Owner.of(int(str(pid.value)))
    return None


def _interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Dagster takes SIGINT and SIGTERM while a step runs, and tells of them only as the step's error."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return any(error is not None and error.cls_name == "DagsterExecutionInterruptedError" for error in errors)


def _error(result: dg.ExecuteInProcessResult) -> str:
    """The failure as one line: a tier's own sentence where there is one."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data and data.user_failure_data.description:
                return str(data.user_failure_data.description)
            if data.error:
                cause = data.error.cause or data.error
                return cause.message.strip().splitlines()[0]
    return "the run failed before a step started"
