"""What the step of every tier asset does: stage, audit, promote. The decorator is in `assets.py`, what Dagster is told in
`events.py`.

So *materialized* means *promoted*: a held partition yields its failed checks and raises Failure, and no materialization
exists. What a tier computes is in its own folder; the lake's side of the protocol in `lake/`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg
import polars as pl

from tier_assets.errors import LostRaceError, PartitionKeyError, StrataError
from tier_assets.files.frames import RowGroup
from tier_assets.files.leases import Leases
from tier_assets.files.processes import Owner
from tier_assets.gate import auditor
from tier_assets.gate.audit import AuditReport, audit, profile
from tier_assets.gate.contract import Contract, hold_on
from tier_assets.gate.summaries import baseline, summarize
from tier_assets.inference import Report
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.lake import Lake
from tier_assets.lake.policies import keep_values
from tier_assets.lake.versions import Version, fingerprint_of
from tier_assets.landing.zone import Arrival
from tier_assets.outcome import Outcome, Totals
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.blocked import blocked_tiers
from tier_assets.promotion.events import check_results, materialized
from tier_assets.schemas import TABLES
from tier_assets.staleness import (
    Inputs,
    Models,
    budget_ended,
    difference,
    fingerprint_parts,
    hold_line,
    inputs_of,
    is_settled,
)
from tier_assets.tiers import Tier

TOKEN_BUDGET_TAG = "strata/token_budget"
# Of the kind that the UI does not show.
OWNER_TAG = ".dagster/strata-owner"
_TAG_FIELDS = ("",) * 5
Events = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]
Compute = Callable[[Report], Outcome | Iterable[Outcome]]
"""A tier's transformation, told where to report progress: its outcome, or the pieces of it as they are made."""


def owner_tag(leases: Leases) -> dict[str, str]:
    """The tag that says which process works on a run: whoever finds it dead may end the run and free its pool slot."""
    owner = leases.begin()
    return {OWNER_TAG: ":".join((owner.boot, str(owner.pid), owner.started, owner.namespace, owner.lease))}


def tagged_owner(tag: str) -> Owner | None:
    """The process that the tag names; None where it names none. Older versions wrote neither namespace nor lease."""
    boot, pid, started, namespace, lease, *_ = [*tag.split(":"), *_TAG_FIELDS]
    return Owner(boot, int(pid), started, namespace, lease) if pid.isdigit() else None


@dataclass(frozen=True)
class Settled:
    """What became of a step: a promoted version, or a held candidate, or neither and a failure in one line."""

    version: Version | None
    held: Candidate | None
    why: str


@dataclass(frozen=True)
class TierStep:
    """One run's work on one partition, made of what was promoted when it opened, whatever is promoted meanwhile."""

    context: dg.AssetExecutionContext
    lake: Lake
    contract: Contract
    key: PartitionKey
    policy: Policy
    basis: int
    inputs: Inputs
    parts: Mapping[str, str]
    narrator: Narrator

    @classmethod
    def open(
        cls,
        context: dg.AssetExecutionContext,
        lake: Lake,
        policies: PolicyBook,
        narrator: Narrator,
        contract: Contract,
        *,
        models: Models | None = None,
        arrival: Arrival | None = None,
    ) -> "TierStep":
        """Read the basis, then the fingerprint's parts. Raises Failure where the parent is not promoted."""
        try:
            key = PartitionKey.parse(context.partition_key)
            # First the basis: whatever is promoted after this moment makes this run lose the race, not overwrite it.
            basis = lake.basis(contract.table, key)
            inputs = inputs_of(contract, key, lake, policies, arrival)
            parts = fingerprint_parts(contract, key, inputs, policies, models or {}) if inputs else {}
        except StrataError as error:
            raise failure(context, lake, contract, error) from None
        if inputs is None:
            missing = "the tier below is not promoted" if contract.parents else "nothing complete has landed"
            raise dg.Failure(f"{contract.table} {key}: {missing}", allow_retries=False)
        return cls(context, lake, contract, key, policies.for_source(key.source), basis, inputs, parts, narrator)

    @property
    def fingerprint(self) -> str:
        """Dagster's data version of what this step makes."""
        return fingerprint_of(self.contract.table, self.key, self.parts)

    def rows(self, tier: Tier) -> pl.DataFrame:
        """The promoted rows of a tier below, in the order of their position in the landed files where they have one."""
        frame = self.lake.rows(self.inputs.parents[tier]).collect()
        return frame.sort("file", "offset", "doc_id") if "file" in frame.columns else frame.sort("doc_id")

    def row_groups(self, tier: Tier) -> list[RowGroup]:
        """The promoted rows of a tier below in the pieces in which they were staged, in order."""
        return self.lake.row_groups(self.inputs.parents[tier])

    def token_budget(self) -> int:
        """Generated tokens this run may still spend: the command's remaining budget less what it spent in this run."""
        budget = int(self.context.run.tags.get(TOKEN_BUDGET_TAG, self.policy.refined.max_tokens))
        for parent in self.inputs.parents.values():
            if parent.run_id == self.context.run_id:
                budget -= int(parent.summary.get("completion_tokens") or 0)
        return max(budget, 0)

    def promote(self, compute: Compute) -> Events:
        """Settle the partition and tell Dagster: a materialization, or failed checks and a Failure."""
        settled = self.settle(compute)
        if settled.version:
            yield materialized(self.lake, self.contract, settled.version, settled.why)
            return
        if settled.held:
            yield from check_results(self.contract, settled.held.report)
            for event in blocked_tiers(self.lake, self.contract.table, self.key, settled.why):
                self.context.log_event(event)
        raise dg.Failure(settled.why, allow_retries=False)

    def settle(self, compute: Compute) -> Settled:
        """Compute, stage, audit and promote; skip what is current; hold what breaks the contract."""
        tag = owner_tag(self.lake.leases)
        if self.context.run.tags.get(OWNER_TAG) != tag[OWNER_TAG]:
            # A run of Dagster's daemon, whose launcher does not look after a process that is gone. A run tried again has
            # inherited the tag of the one that died.
            self.context.instance.add_run_tags(self.context.run_id, tag)
        attempts = self.lake.attempts(self.contract.table, self.key)
        attempts.begin(self.context.run_id)
        settled = Settled(None, None, f"run {self.context.run_id[:8]} ended in an error: see its log")
        try:
            settled = self._settle(compute)
        except LostRaceError as error:
            settled = self._after_the_race(error)
        except StrataError as error:
            settled = Settled(None, None, str(error))
        except OSError as error:
            # Of the lake's own files the lake tells; this is what computing met.
            where = f"{error.filename}: " if error.filename else ""
            why = f"{where}{error.strerror or error}"
            settled = Settled(
                None, None, f"{self.contract.table} {self.key} cannot be computed ({why}): mend that, then run it again"
            )
        finally:
            if settled.version or settled.held:
                attempts.end()
            else:
                attempts.fail(self.context.run_id, settled.why)
        return settled

    def _settle(self, compute: Compute) -> Settled:
        table, key = self.contract.table, self.key
        head = self.lake.head(table, key)
        budget = self.token_budget() if self.contract.generates else 0
        damage = self.lake.damage(table, key)
        lacking = damage or (budget_ended(head.summary, budget) if head else "")
        if head and head.fingerprint == self.fingerprint and not lacking:
            return Settled(head, None, "unchanged: nothing was computed")
        lost = self.lake.lost(table, key)
        if lost and lost.fingerprint == self.fingerprint:
            return Settled(_again(self.lake, lost), None, "the log had lost its promotion: nothing was computed")
        held = self.lake.held(self.contract.table, self.key)
        if held and is_settled(held, self.fingerprint, self.policy) and not budget_ended(held.summary, budget):
            return _held(held)
        why = lacking or (self._difference(head) if head else "new")
        started = time.monotonic()
        totals = Totals()
        # Its libraries take two seconds to load, and pages longer to read.
        auditor.start()
        progress = self.narrator.reporter(f"{self.contract.table} {self.key}", self.context.log.info)
        outcome = compute(progress)
        pieces = totals.over([outcome] if isinstance(outcome, Outcome) else outcome)
        values = self.contract.policy_values(self.policy)
        kept = keep_values(self.lake.folder(table, key.source), {name: value for name, (value, _) in values.items()})
        with self.lake.staging(
            self.contract.table, self.key, basis=self.basis, parts=self.parts, run_id=self.context.run_id
        ) as staging:
            for piece in pieces:
                staging.write(piece)
        candidate = staging.candidate
        progress(0, totals.rows_in, "rows audited")
        report = self._audit(candidate, totals)
        seconds = time.monotonic() - started
        pool = "gpu" if self.contract.generates else "cpu"
        summary = summarize(self.contract, totals, report, seconds=seconds, policy=self.policy, pool=pool)
        summary |= {"token_budget": budget, "policy": kept}
        candidate = candidate.with_report("held" if report.holds else "staged", summary, report.rows())
        self.lake.record(candidate)
        return _held(candidate) if report.holds else Settled(self.lake.promote(candidate), None, why)

    def _difference(self, head: Version) -> str:
        return difference(head, self.parts, self.contract, self.policy, self.lake)

    def _audit(self, candidate: Candidate, totals: Totals) -> AuditReport:
        kept, decisions = self.lake.staged_paths(candidate)
        parents = {table: self.lake.files(version) for table, version in self.inputs.parents.items()}
        found = profile(kept, decisions, self.contract, TABLES[self.contract.table], totals.measures, parents)
        others = baseline(self.lake, self.contract.table, self.key, found, self.policy, totals.dropped)
        expectations = hold_on(self.contract.expectations(self.policy), self.policy.audit)
        return audit({**found, **others.factors}, expectations, totals.notes, others.details)

    def _after_the_race(self, error: LostRaceError) -> Settled:
        """The loser of a race is content if the winner made the same thing."""
        if error.fingerprint == self.fingerprint:
            head = self.lake.head(self.contract.table, self.key)
            return Settled(head, None, "promoted by another run at the same time")
        return Settled(None, None, str(error))


def failure(context: dg.AssetExecutionContext, lake: Lake | None, contract: Contract, error: StrataError) -> dg.Failure:
    """The Failure to raise for an error before the step could settle; the partition, if it is one, then shows as failed."""
    if lake is not None and not isinstance(error, PartitionKeyError):
        attempts = lake.attempts(contract.table, PartitionKey.parse(context.partition_key))
        attempts.fail(context.run_id, str(error))
    return dg.Failure(str(error), allow_retries=False)


def _again(lake: Lake, lost: Candidate) -> Version:
    """What the log has lost is promoted again; what only a person may have promoted, as that."""
    if not AuditReport.of(lost.report).holds:
        return lake.promote(lost)
    return lake.promote(lost, kind="override", reason="promoted by override before; the log has lost by whom and why")


def _held(candidate: Candidate) -> Settled:
    return Settled(
        None,
        candidate,
        f"{candidate.table} {candidate.partition} is held: {hold_line(candidate)}; to override: "
        f'strata promote {candidate.table} -p {candidate.partition} --reason "..."',
    )
