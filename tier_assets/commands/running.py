"""`strata materialize`, `promote` and `train`: what changes the lake.

Dagster is loaded where a run starts, since `materialize --plan` starts none: it takes seconds.
"""

import getpass
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from tier_assets import planning
from tier_assets.commands.face import Session, TierType, keys, partition_option, table
from tier_assets.commands.options import common
from tier_assets.commands.overview import overview, overview_table, remarks
from tier_assets.errors import LakeError
from tier_assets.keys import SCORER_KEY, PartitionKey
from tier_assets.lake.versions import Version
from tier_assets.opening import open_language_model
from tier_assets.planning import CONTRACTS, Need
from tier_assets.progress import TerminalNarrator
from tier_assets.schemas import SCORERS
from tier_assets.tiers import Tier

if TYPE_CHECKING:
    from tier_assets.definitions import RunOutcome

_FAILED, _HELD = 1, 3
_POLL_SECONDS = 0.5

RunTiers: TypeAlias = "Callable[..., RunOutcome]"
"""Runs tiers of one partition, with tags."""


@click.command()
@click.argument("tier", type=TierType(), required=False)
@partition_option
@click.option("--plan", "only_plan", is_flag=True, help="Say what would run and why; run nothing.")
@common
def materialize(tier: Tier | None, partitions: tuple[str, ...], only_plan: bool) -> int:
    """Run what is new or stale, with everything it needs upstream, through Dagster.

    Ends with 0 when all is current, 3 when a partition is held or blocked, 1 on a failure.
    """
    session = Session.open()
    unasked = session.landing.ask_stores(keys(partitions))
    if unasked:
        session.say(unasked)
    work = _Work(session, tier or list(Tier)[-1], keys(partitions))
    if only_plan:
        return _show_plan(session, work.needs())
    errors = work.run()
    needs = work.needs()
    for error in errors:
        session.say(f"failed: {error}")
    stuck = [need for need in needs if need.state in ("held", "blocked")]
    for need in stuck:
        session.say(f"{need.state}: {need.tier} {need.key}: {need.why}")
    rows = overview(session.lake, needs)

    def text() -> str:
        told = [line for line in remarks(rows) if not line.startswith(("held:", "blocked:"))]
        return "\n".join([overview_table(rows), *told]) if rows else "nothing has landed"

    session.emit({"rows": rows, "errors": errors}, text)
    return _FAILED if errors else _HELD if stuck else 0


def _phases() -> list[list[Tier]]:
    """The tiers in the order in which they go through all partitions. A model that guides a tier learns from all partitions
    of those below, so with such a tier a new phase begins.
    """
    phases: list[list[Tier]] = [[]]
    for tier in Tier:
        if CONTRACTS[tier].guide:
            phases.append([])
        phases[-1].append(tier)
    return phases


class _Work:
    """The wanted part of the plan, and running it.

    The landing zone is walked once and the whole planned once. After that only what this command computed is looked at
    again, and what depends on it: what lands meanwhile is for the next command.
    """

    def __init__(self, session: Session, highest: Tier, wanted: Sequence[PartitionKey] | None) -> None:
        self._session = session
        self._tiers = [tier for tier in Tier if tier.level <= highest.level]
        self._wanted = wanted
        self._budget = session.policies().default.refined.max_tokens
        self._cut: set[PartitionKey] = set()
        self._narrator = TerminalNarrator()
        self._models = session.models()
        session.remark_on_policy()
        self._arrivals = session.arrivals(wanted)
        unknown = [key for key in wanted or () if key not in self._arrivals and not self._is_known(key)]
        if unknown:
            names = ", ".join(sorted(map(str, unknown)))
            raise LakeError(f"nothing has landed for {names}: `strata land {min(map(str, unknown))} FILE...` first")
        self._scorer = self._promoted_scorer()
        self._needs = self._planned(wanted)

    def needs(self) -> list[Need]:
        """The plan as it was last seen, in the order in which runs must go."""
        return [need for needs in self._needs.values() for need in needs]

    def run(self) -> list[str]:
        """Run all there is to do; returns the failures, a line each."""
        from tier_assets.definitions import orchestrator

        session, errors = self._session, list[str]()
        alone = self._wanted is not None
        if not any(need.runs or need.state == "running" for need in self.needs()):
            # A killed command may have promoted all and left Dagster a run that never ends.
            dagster = orchestrator(session.home)
            with dagster.instance() as instance:
                dagster.prepare(instance, self._needs, self._narrator.say, alone=alone)
            return []
        with closing(open_language_model(session.home, session.policies())) as model:
            resources = {
                "lake": session.lake,
                "landing": session.landing,
                "policies": session.policies(),
                "language_model": model,
                "narrator": self._narrator,
            }
            dagster = orchestrator(session.home, **resources)
            with dagster.instance() as instance:
                dagster.prepare(instance, self._needs, self._narrator.say, alone=alone)
                run = partial(dagster.materialize, instance)
                phases = _phases()
                for phase in phases:
                    busy = self._busy_keys(phase)
                    for key in busy:
                        errors += self._run_partition(run, phase, key)
                    # Asked anew: L1 may have trained nothing or a scorer, which makes other partitions stale.
                    self._look_again(busy)
                # A scorer trained by the first partition makes those stale that were current before: once more.
                busy = [key for key in self._busy_keys(phases[-1]) if not _names(errors, key)]
                for key in busy:
                    errors += self._run_partition(run, phases[-1], key)
                self._look_again(busy)
        return errors

    def _is_known(self, key: PartitionKey) -> bool:
        """Whether anything of the partition was ever promoted or tried."""
        lake = self._session.lake
        seen = lake.head(Tier.RAW, key) or lake.candidates(Tier.RAW, key) or lake.attempts(Tier.RAW, key).read()
        return bool(seen)

    def _planned(self, wanted: Sequence[PartitionKey] | None) -> dict[PartitionKey, list[Need]]:
        """The plan of some partitions, or of all, as it is now; the landing zone as it was last seen."""
        session, found = self._session, dict[PartitionKey, list[Need]]()
        policies, tiers = session.policies(), self._tiers
        for need in planning.plan(session.lake, self._arrivals, policies, self._models, tiers=tiers, partitions=wanted):
            found.setdefault(need.key, []).append(need)
        return found

    def _needs_of(self, key: PartitionKey) -> list[Need]:
        """The plan of the partition at hand as it is now, what has landed of it included."""
        self._arrivals.pop(key, None)
        self._arrivals.update(self._session.arrivals([key]))
        return self._planned([key])[key]

    def _look_again(self, computed: Sequence[PartitionKey]) -> None:
        """Plan anew what may be another since these partitions were computed: all of it if there is another scorer."""
        if not computed:
            return
        scorer, known = self._promoted_scorer(), list(self._needs)
        same = scorer == self._scorer
        changed = planning.dependents(set(computed), known, self._session.policies()) if same else known
        self._scorer = scorer
        self._needs.update(self._planned(changed))

    def _promoted_scorer(self) -> Version | None:
        return self._session.lake.head(SCORERS, SCORER_KEY)

    def _busy_keys(self, phase: Sequence[Tier]) -> list[PartitionKey]:
        """Partitions with work in the phase, less those that only lack budget and were computed by this command."""
        busy = (need for need in self.needs() if need.tier in phase and (need.runs or need.state == "running"))
        return [key for key in dict.fromkeys(need.key for need in busy) if key not in self._cut]

    def _run_partition(self, run: RunTiers, phase: Sequence[Tier], key: PartitionKey) -> list[str]:
        """Run the tiers of the phase that have work; returns the failure, if there is one."""
        from tier_assets.promotion.step import TOKEN_BUDGET_TAG

        self._wait_for_others(phase, key)
        needs = self._needs_of(key)
        tiers = _runnable([need.tier for need in needs if need.runs and need.tier in phase], needs)
        if not tiers:
            return []
        lake = self._session.lake
        self._narrator.say(f"{key}: {', '.join(tiers)}")
        heads = [lake.head(tier, key) for tier in tiers]
        outcome = run(tiers, key, tags={TOKEN_BUDGET_TAG: str(self._budget)})
        for tier, head in zip(tiers, heads, strict=True):
            self._say_whose(tier, key, head, outcome.run_id)
        self._spend(key, outcome.run_id)
        return [] if outcome.succeeded or self._is_hold(key) else [f"{key}: {outcome.error}"]

    def _wait_for_others(self, phase: Sequence[Tier], key: PartitionKey) -> None:
        """Another process is at work on the partition: doing the same at the same time would only lose the race."""
        others: list[Need] = []
        while busy := [need for need in self._needs_of(key) if need.state == "running" and need.tier in phase]:
            if not others:
                self._narrator.say(
                    f"{key}: {busy[0].tier} is being computed by another process, {busy[0].why}: waiting"
                )
            others = busy
            # The other process tells nobody when it ends; its attempt file does, or its lease stands still.
            time.sleep(_POLL_SECONDS)
        for need in others:
            attempt = self._session.lake.attempts(need.tier, key).read()
            if attempt and attempt.state == "failed":
                self._narrator.say(f"{key}: {need.tier}: the other run failed, {attempt.message}")

    def _say_whose(self, tier: Tier, key: PartitionKey, before: Version | None, run_id: str) -> None:
        head = self._session.lake.head(tier, key)
        if head and head != before and head.run_id != run_id:
            self._narrator.say(f"{key}: {tier} was promoted by another run at the same time (version {head.number})")

    def _is_hold(self, key: PartitionKey) -> bool:
        states = [need.state for need in self._needs_of(key)]
        return "held" in states and "failed" not in states

    def _spend(self, key: PartitionKey, run_id: str) -> None:
        for tier in (each for each in Tier if CONTRACTS[each].generates):
            made = self._session.lake.head(tier, key), self._session.lake.held(tier, key)
            for each in made:
                if each and each.run_id == run_id:
                    self._budget = max(0, self._budget - int(each.summary.get("completion_tokens") or 0))
                    if each.summary.get("cut_by_budget"):
                        self._cut.add(key)


def _names(errors: Sequence[str], key: PartitionKey) -> bool:
    return any(error.startswith(f"{key}:") for error in errors)


def _runnable(tiers: Sequence[Tier], needs: Sequence[Need]) -> list[Tier]:
    """Without the tiers above one that will have nothing to read: not promoted, and not about to be."""
    dry = [need.tier.level for need in needs if not need.runs and not need.served]
    return [tier for tier in tiers if not dry or tier.level < min(dry)]


def _show_plan(session: Session, needs: Sequence[Need]) -> int:
    rows = [
        {"tier": need.tier, "partition": str(need.key), "state": need.state, "runs": need.runs, "why": need.why}
        for need in needs
    ]

    def text() -> str:
        busy = [(need.tier, str(need.key), need.state, need.why) for need in needs if need.runs]
        idle = len(rows) - len(busy)
        body = table(("tier", "partition", "state", "why"), busy) if busy else "nothing to run"
        return body + (f"\n{idle} more need no run" if busy and idle else "")

    session.emit({"plan": rows}, text)
    return 0


@click.command()
@click.argument("tier", type=TierType())
@click.option("-p", "--partition", required=True, metavar="PARTITION", help="The held partition.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is right to promote it; stays on the record.")
@common
def promote(tier: Tier, partition: str, reason: str) -> None:
    """Promote a held candidate in spite of its failed checks, on the record."""
    from tier_assets.definitions import orchestrator

    if not reason.strip():
        raise click.UsageError("--reason must say why", ctx=click.get_current_context())
    session = Session.open()
    key = PartitionKey.parse(partition)
    held = session.lake.held(tier, key)
    if held is None:
        raise LakeError(f"{tier} {key} has no held candidate: `strata history {tier} -p {key}` shows what there is")
    version = session.lake.promote(held, kind="override", actor=_user(), reason=reason.strip())
    dagster = orchestrator(session.home)
    with dagster.instance() as instance:
        dagster.prepare(instance, [key], session.say, alone=True)
    document: dict[str, Any] = {
        "tier": tier,
        "partition": str(key),
        "version": version.number,
        "reason": version.reason,
    }
    session.emit(document, lambda: f"{tier} {key}: version {version.number} promoted by override")
    sys.stdout.flush()


@click.command()
@common
def train() -> int:
    """Train the quality scorer anew on what is promoted now, and promote it if its gate lets it.

    Selected partitions are stale afterwards: the next `strata materialize` scores them anew.
    """
    from tier_assets.definitions import orchestrator

    session = Session.open()
    with closing(open_language_model(session.home, session.policies())) as model:
        resources = {"lake": session.lake, "policies": session.policies(), "language_model": model}
        dagster = orchestrator(session.home, **resources)
        with dagster.instance() as instance:
            dagster.prepare(instance, [], session.say)
            outcome = dagster.train(instance)
    if not outcome.succeeded:
        session.say(f"strata: {outcome.error}")
        return _HELD if session.lake.held(SCORERS, SCORER_KEY) else _FAILED
    row = session.lake.read(SCORERS, SCORER_KEY).drop("reference").collect().row(0, named=True)
    text = f"scorer {row['sha256'][:12]}: AUC {row['auc']:.3f} on {row['holdout']} examples, cut {row['cut']:.3f}"
    session.emit({"scorer": row}, lambda: text)
    return 0


def _user() -> str:
    """Who runs the command; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
