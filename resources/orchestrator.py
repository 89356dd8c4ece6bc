"""The way into Dagster for whoever is not Dagster: prepare the home's instance, run partitions in process, repair history.

What is to be run is `planning.py`'s; how a partition is computed, the assets'.
"""

import datetime
import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.tags import GRPC_INFO_TAG
from sqlalchemy.exc import SQLAlchemyError
from yaml import YAMLError  # type: ignore[import-untyped]

from resources.dagster_storage import open_storage
from tier_assets import planning
from tier_assets.errors import OrchestratorError, PolicyError
from tier_assets.files.durable import locked
from tier_assets.files.leases import Leases
from tier_assets.files.processes import Owner
from tier_assets.home import Home
from tier_assets.keys import SCORER_ASSET, PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.promotion.events import runless_events
from tier_assets.promotion.partitions import PARTITIONS, stray_keys
from tier_assets.promotion.retention import retire_runs
from tier_assets.promotion.runless import report_runless
from tier_assets.promotion.step import OWNER_TAG, owner_tag, tagged_owner
from tier_assets.tiers import Tier

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_REPORTED, _HOURLY = "strata/reported/{}/{}", "strata/hourly"
_HOUR_SECONDS = 3600
_RUNS_AN_HOUR = 50
# Telling of one takes some 15 ms: of a storage that was wiped, more would be a long wait.
_TOLD_AT_ONCE = 100


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
            return open_storage(self._home.dagster)

    def _unusable(self, error: Exception) -> OrchestratorError:
        return OrchestratorError(
            f"{self._home.dagster}: Dagster cannot use its settings or storage ({str(error).strip().splitlines()[0]}): mend "
            f"that, or move the folder away and run again: Dagster is then told anew of all that is promoted"
        )

    def prepare(
        self,
        instance: DagsterInstance,
        keys: Iterable[PartitionKey],
        say: Callable[[str], None],
        *,
        alone: bool = False,
        everything: bool = False,
    ) -> None:
        """Register keys, end runs whose process is gone and free their slots, report what the lake promoted unseen: of these
        partitions `alone`, or what of all is new to Dagster, or what of `everything`. Unless alone, names of nothing are
        removed, and once an hour old runs are retired.

        Waits, and says so, where only time can tell whether the process of a run is gone: one of another container or machine.
        """
        wanted = {str(key): None for key in keys}
        # Not under the lock, which other commands need as they start.
        await_unknown(instance, self._lake.leases, say)
        with locked(self._home.lock):
            known = set(instance.get_dynamic_partitions(PARTITIONS.name or ""))
            missing = [name for name in wanted if name not in known]
            if missing:
                instance.add_dynamic_partitions(PARTITIONS.name or "", missing)
            end_dead_runs(instance, self._lake.leases)
            if alone:
                self._report_partitions(instance, list(wanted))
                return
            self._remove_strays(instance, known.difference(wanted))
            self._report_unseen(instance, everything=everything)
            self._retire(instance)

    def _remove_strays(self, instance: DagsterInstance, names: Collection[str]) -> None:
        landing = LandingZone(self._home.landing)
        for name, why in stray_keys(instance, self._lake, landing, names).items():
            instance.delete_dynamic_partition(PARTITIONS.name or "", name)
            logging.getLogger("strata").warning("strata: %s", why)
            # Landed at this very moment: whoever landed it may have seen its key there, and not added it.
            if not stray_keys(instance, self._lake, landing, [name]):
                instance.add_dynamic_partitions(PARTITIONS.name or "", [name])

    def _retire(self, instance: DagsterInstance) -> None:
        """A home without a daemon has nobody else to do it. With a policy that cannot be read it waits."""
        now = datetime.datetime.now(datetime.UTC)
        last = instance.run_storage.get_cursor_values({_HOURLY}).get(_HOURLY, "")
        if last and (now - datetime.datetime.fromisoformat(last)).total_seconds() < _HOUR_SECONDS:
            return
        with suppress(PolicyError):
            policy = PolicyBook.read(self._home.policy).default.retention
            retire_runs(instance, policy, now, at_most=_RUNS_AN_HOUR)
        instance.run_storage.set_cursor_values({_HOURLY: now.isoformat()})

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
            tags={"strata/trigger": "cli", **owner_tag(self._lake.leases), **tags},
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
                report_runless(instance, event)

    def _report_partitions(self, instance: DagsterInstance, names: Sequence[str]) -> None:
        for tier in Tier:
            heads = [head for name in names if (head := self._lake.head(tier, PartitionKey.parse(name)))]
            for partition in self._unseen(instance, tier, {head.partition: head.fingerprint for head in heads}):
                self._report_again(instance, tier, partition)

    def _report_unseen(self, instance: DagsterInstance, *, everything: bool) -> None:
        """The lake's log is the truth: a crash between commit and event leaves Dagster behind it.

        Up to which entry of a log Dagster was told, is kept in Dagster's own storage, and gone with it. A command tells at
        most so much, oldest first; the rest is for the next.
        """
        places = {
            _REPORTED.format(tier, source): (tier, source) for tier in Tier for source in self._lake.sources(tier)
        }
        told = instance.run_storage.get_cursor_values(set(places)) if places else {}
        left = _TOLD_AT_ONCE
        for name, (tier, source) in places.items():
            since = -1 if everything else int(told.get(name, -1))
            pins = self._lake.pins_since(tier, source, since - 1)
            if since >= 0 and not pins:
                # The log is another, or has lost entries.
                since, pins = -1, self._lake.pins_since(tier, source, -1)
            new = {pin.partition: pin for pin in pins if pin.delta_version > since}
            unseen = self._unseen(instance, tier, {name: pin.fingerprint for name, pin in new.items()})
            now, later = (unseen, []) if everything else (unseen[:left], unseen[left:])
            left -= len(now)
            for partition in now:
                self._report_again(instance, tier, partition)
            if new:
                last = new[later[0]].delta_version - 1 if later else max(pin.delta_version for pin in new.values())
                instance.run_storage.set_cursor_values({name: str(last)})

    def _unseen(self, instance: DagsterInstance, tier: Tier, heads: Mapping[str, str]) -> list[str]:
        """Those of the partitions, each with its fingerprint, of which Dagster was told another or nothing."""
        if not heads:
            return []
        # Of very many, one question about all is cheaper than one with all their names.
        some = list(heads) if len(heads) <= _TOLD_AT_ONCE else None
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        seen = instance.event_log_storage.get_latest_tags_by_partition(
            dg.AssetKey(tier.asset_name), kind, ["dagster/data_version"], asset_partitions=some
        )
        return [name for name, digest in heads.items() if seen.get(name, {}).get("dagster/data_version") != digest]

    def _report_again(self, instance: DagsterInstance, tier: Tier, partition: str) -> None:
        self.report(instance, tier, PartitionKey.parse(partition), "reported from the lake's log")


def await_unknown(instance: DagsterInstance, leases: Leases, say: Callable[[str], None]) -> None:
    """Watch the leases of unfinished runs until each is known to be alive or dead, or for as long as patience lasts."""
    timing = leases.timing
    owners = [(run, owner) for run, owner in _unfinished(instance) if leases.liveness(owner) == "unknown"]
    # Two beats more: a counter that stood still throughout is then known to have.
    end = time.monotonic() + timing.patience_seconds + 2 * timing.beat_seconds
    for run, _ in owners:
        say(
            f"run {run.run_id[:8]} belongs to a process of another container or machine: watching for at most "
            f"{timing.patience_seconds:g} s whether it is alive"
        )
    while time.monotonic() < end and any(leases.liveness(owner) == "unknown" for _, owner in owners):
        # Nobody tells of a heartbeat: it shows in the file.
        time.sleep(timing.beat_seconds / 2)


def end_dead_runs(instance: DagsterInstance, leases: Leases) -> list[str]:
    """Fail unfinished runs whose process is gone and free their pool slots; returns their ids.

    Without it a killed run's slot makes the next run wait for ever.
    """
    ended = []
    for run, owner in _unfinished(instance):
        if leases.dead(owner):
            instance.report_run_failed(run, "its process is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _unfinished(instance: DagsterInstance) -> list[tuple[DagsterRun, Owner]]:
    """Unfinished runs, each with the process at work on it, as far as that is known."""
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED))
    found = [(run, _owner(instance, run) or _launched(instance, run)) for run in runs]
    return [(run, owner) for run, owner in found if owner is not None]


def _owner(instance: DagsterInstance, run: DagsterRun) -> Owner | None:
    """The process that the run's tag names; a run tried again starts with the tag of the one before, which says nothing."""
    tag = run.tags.get(OWNER_TAG, "")
    before = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return None if before and before.tags.get(OWNER_TAG) == tag else tagged_owner(tag)


def _launched(instance: DagsterInstance, run: DagsterRun) -> Owner | None:
    """The process of a run that the daemon launched and that was killed before its step could say whose it is.

    None where the daemon runs, or ran, elsewhere: its pids mean nothing here. What it left, Dagster's own monitoring ends.
    """
    # The daemon's code server made this socket, in the folder for temporary files of its container.
    socket = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")
    if not socket or not Path(socket).exists():
        return None
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
