"""What every tier asset does: stage, audit, promote. The decorator and the step shared by all of them.

So *materialized* means *promoted*: a held partition yields its failed checks and raises Failure, and no materialization
exists. What a tier computes is in its own folder; the lake's side of the protocol in `lake.py`.
"""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl

from tier_assets import auditor, planning
from tier_assets.audit import CHECKS, AuditReport, CheckName, Contract, audit, hold_on, profile
from tier_assets.candidates import Candidate
from tier_assets.commits import Version
from tier_assets.durable import Owner
from tier_assets.errors import LostRaceError, StrataError
from tier_assets.inference import Report
from tier_assets.keys import PartitionKey
from tier_assets.lake import Lake, fingerprint_of
from tier_assets.landing import Arrival
from tier_assets.outcome import Outcome, Totals
from tier_assets.partitions import PARTITIONS
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.schemas import SCORERS, TABLES, DropReason, RowSchema
from tier_assets.summaries import baseline, summarize
from tier_assets.tiers import Tier

TOKEN_BUDGET_TAG = "strata/token_budget"
# Of the kind that the UI does not show.
OWNER_TAG = ".dagster/strata-owner"
# Of a digest, in the UI: all 64 would push the table off the page. `strata history --json` has them.
_SHOWN_DIGITS = 16
Events = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]
Compute = Callable[[Report], Outcome | Iterable[Outcome]]
"""A tier's transformation, told where to report progress: its outcome, or the pieces of it as they are made."""


def owner_tag() -> dict[str, str]:
    """The tag that says which process works on a run: whoever finds it dead may end the run and free its pool slot."""
    owner = Owner.current()
    return {OWNER_TAG: f"{owner.boot}:{owner.pid}:{owner.started}"}


def tier_asset(
    tier: Tier,
    contract: Contract,
    *,
    pool: str,
    kinds: set[str],
    deps: Sequence[str],
    automation: dg.AutomationCondition[Any] | None = None,
) -> Callable[[Callable[..., Events]], dg.AssetsDefinition]:
    """An asset of a tier: its key, partitions, checks, pool and schema. The decorated generator is its sentence."""
    return dg.asset(
        name=tier.asset_name,
        deps=list(deps),
        # No backfill policy: with one, Dagster asks for a range, even of one partition, and records checks for none.
        partitions_def=PARTITIONS,
        check_specs=check_specs(contract, tier.asset_name, PARTITIONS),
        group_name="tiers",
        pool=pool,
        kinds=kinds,
        owners=["team:strata"],
        code_version=contract.code_version,
        automation_condition=automation,
        output_required=False,
        metadata={"dagster/column_schema": column_schema(TABLES[tier].rows)},
        tags={"strata/tier": tier.value},
    )


def check_specs(
    contract: Contract, asset: str, partitions: dg.PartitionsDefinition[str] | None
) -> list[dg.AssetCheckSpec]:
    """One blocking check per name of the contract, partitioned like its asset."""
    with warnings.catch_warnings():
        # Partitioned checks are in preview; what we rely on of them is tested.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name=name, asset=asset, blocking=True, partitions_def=partitions, description=CHECKS[name]
            )
            for name in contract.checks
        ]


def column_schema(rows: RowSchema) -> dg.TableSchema:
    """The row as Dagster's UI shows it."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                str(column.dtype),
                description=column.meaning + (f" [{column.unit}]" if column.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in rows.columns
        ]
    )


@dataclass(frozen=True)
class Settled:
    """What became of a step: a promoted version, or a held candidate, or neither and a failure in one line."""

    version: Version | None
    held: Candidate | None
    why: str


@dataclass(frozen=True)
class TierStep:
    """One run's work on one partition. Its fingerprint is of what was promoted when it opened: if a parent is promoted
    anew before the rows are read, the partition shows as stale afterwards and is made again.
    """

    context: dg.AssetExecutionContext
    lake: Lake
    contract: Contract
    key: PartitionKey
    policy: Policy
    basis: int
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
        models: planning.Models | None = None,
        arrival: Arrival | None = None,
    ) -> "TierStep":
        """Read the basis, then the fingerprint's parts. Raises Failure where the parent is not promoted."""
        try:
            key = PartitionKey.parse(context.partition_key)
        except StrataError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        try:
            # First the basis: whatever is promoted after this moment makes this run lose the race, not overwrite it.
            basis = lake.basis(contract.table, key)
            parts = planning.fingerprint_parts(contract, key, lake, policies, models or {}, arrival)
        except StrataError as error:
            raise failure(context, lake, contract, error) from None
        if parts is None:
            missing = "nothing complete has landed" if contract.table == Tier.RAW else "the tier below is not promoted"
            raise dg.Failure(f"{contract.table} {key}: {missing}", allow_retries=False)
        return cls(context, lake, contract, key, policies.for_source(key.source), basis, parts, narrator)

    @property
    def fingerprint(self) -> str:
        """Dagster's data version of what this step makes."""
        return fingerprint_of(self.contract.table, self.key, self.parts)

    def rows(self, tier: Tier) -> pl.DataFrame:
        """The promoted rows of a tier below, in the order of their position in the landed files where they have one."""
        frame = self.lake.read(tier, self.key).collect()
        return frame.sort("file", "offset", "doc_id") if "file" in frame.columns else frame.sort("doc_id")

    def token_budget(self) -> int:
        """Generated tokens this run may still spend: the command's remaining budget less what it spent in this run."""
        budget = int(self.context.run.tags.get(TOKEN_BUDGET_TAG, self.policy.refined.max_tokens))
        refined = self.lake.head(Tier.REFINED, self.key)
        if self.contract.table == Tier.ORGANIZED and refined and refined.run_id == self.context.run_id:
            budget -= int(refined.summary.get("completion_tokens") or 0)
        return max(budget, 0)

    def promote(self, compute: Compute) -> Events:
        """Settle the partition and tell Dagster: a materialization, or failed checks and a Failure."""
        settled = self.settle(compute)
        if settled.version:
            yield materialized(self.lake, self.contract, settled.version, settled.why)
            return
        if settled.held:
            yield from check_results(self.contract, settled.held.report)
        raise dg.Failure(settled.why, allow_retries=False)

    def settle(self, compute: Compute) -> Settled:
        """Compute, stage, audit and promote; skip what is current; hold what breaks the contract."""
        if self.context.run.tags.get(OWNER_TAG) != owner_tag()[OWNER_TAG]:
            # A run of Dagster's daemon, whose launcher does not look after a process that is gone. A run tried again has
            # inherited the tag of the one that died.
            self.context.instance.add_run_tags(self.context.run_id, owner_tag())
        attempts = self.lake.attempts(self.contract.table, self.key)
        attempts.begin(self.context.run_id)
        settled = Settled(None, None, f"run {self.context.run_id[:8]} ended in an error: see its log")
        try:
            settled = self._settle(compute)
        except LostRaceError as error:
            settled = self._after_the_race(error)
        except StrataError as error:
            settled = Settled(None, None, str(error))
        finally:
            if settled.version or settled.held:
                attempts.end()
            else:
                attempts.fail(self.context.run_id, settled.why)
        return settled

    def _settle(self, compute: Compute) -> Settled:
        table, key = self.contract.table, self.key
        head = self.lake.head(table, key)
        budget = self.token_budget() if "language_model" in self.contract.models else 0
        damage = self.lake.damage(table, key)
        lacking = damage or (planning.budget_ended(head, budget) if head else "")
        if head and head.fingerprint == self.fingerprint and not lacking:
            return Settled(head, None, "unchanged: nothing was computed")
        lost = self.lake.lost(table, key)
        if lost and lost.fingerprint == self.fingerprint:
            return Settled(self.lake.promote(lost), None, "the log had lost its promotion: nothing was computed")
        held = self.lake.held(self.contract.table, self.key)
        if held and planning.is_settled(held, self.fingerprint, self.policy):
            return _held(held)
        why = lacking or (planning.difference(head, self.parts, self.contract, self.policy) if head else "new")
        started = time.monotonic()
        totals = Totals()
        # Its libraries take two seconds to load, and pages longer to read.
        auditor.start()
        progress = self.narrator.reporter(f"{self.contract.table} {self.key}", self.context.log.info)
        outcome = compute(progress)
        pieces = totals.over([outcome] if isinstance(outcome, Outcome) else outcome)
        candidate = self.lake.stage(
            self.contract.table, self.key, pieces, basis=self.basis, parts=self.parts, run_id=self.context.run_id
        )
        progress(0, totals.rows_in, "rows audited")
        report = self._audit(candidate, totals)
        seconds = time.monotonic() - started
        pool = "gpu" if "language_model" in self.contract.models else "cpu"
        summary = summarize(self.contract, totals, report, seconds=seconds, policy=self.policy, pool=pool)
        summary["token_budget"] = budget
        candidate = candidate.with_report("held" if report.holds else "staged", summary, report.rows())
        self.lake.record(candidate)
        return _held(candidate) if report.holds else Settled(self.lake.promote(candidate), None, why)

    def _audit(self, candidate: Candidate, totals: Totals) -> AuditReport:
        kept, decisions = self.lake.staged_paths(candidate)
        found = profile(kept, decisions, self.contract, TABLES[self.contract.table], totals.measures)
        others = baseline(self.lake, self.contract.table, self.key, found, self.policy)
        expectations = hold_on(self.contract.expectations(self.policy), self.policy.audit)
        return audit({**found, **others.factors}, expectations, totals.notes, others.details)

    def _after_the_race(self, error: LostRaceError) -> Settled:
        """The loser of a race is content if the winner made the same thing."""
        if error.fingerprint == self.fingerprint:
            head = self.lake.head(self.contract.table, self.key)
            return Settled(head, None, "promoted by another run at the same time")
        return Settled(None, None, str(error))


def failure(context: dg.AssetExecutionContext, lake: Lake, contract: Contract, error: StrataError) -> dg.Failure:
    """The Failure to raise for an error before the step could open; the partition then shows as failed."""
    attempts = lake.attempts(contract.table, PartitionKey.parse(context.partition_key))
    attempts.fail(context.run_id, str(error))
    return dg.Failure(str(error), allow_retries=False)


def _held(candidate: Candidate) -> Settled:
    return Settled(
        None,
        candidate,
        f"{candidate.table} {candidate.partition} is held: {planning.hold_line(candidate)}; to override: "
        f'strata promote {candidate.table} -p {candidate.partition} --reason "..."',
    )


def materialized(lake: Lake, contract: Contract, head: Version, why: str) -> dg.MaterializeResult[None]:
    """The event for a promoted version, with its checks."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(head.fingerprint),
        metadata=version_metadata(lake, head, why),
        check_results=check_results(contract, lake.report(head)),
    )


def runless_events(
    lake: Lake, contract: Contract, head: Version, why: str, *, asset: str, partition: str | None
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """The events for a version that was not promoted by a step of its own asset, with its checks."""
    yield dg.AssetMaterialization(
        asset_key=asset,
        partition=partition,
        metadata=version_metadata(lake, head, why),
        tags={"dagster/data_version": head.fingerprint},
    )
    for result in check_results(contract, lake.report(head)):
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=result.check_name or "",
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            partition=partition,
            blocking=True,
        )


def check_results(contract: Contract, report: Sequence[Mapping[str, Any]]) -> list[dg.AssetCheckResult]:
    """One result per check of the contract, its expectations as a table."""
    findings = AuditReport.of(report)
    return [
        dg.AssetCheckResult(
            check_name=name,
            passed=findings.verdict(name) == "passed",
            severity=(
                dg.AssetCheckSeverity.ERROR if findings.verdict(name) == "failed" else dg.AssetCheckSeverity.WARN
            ),
            metadata=_check_metadata(name, findings),
        )
        for name in contract.checks
    ]


def _check_metadata(name: CheckName, findings: AuditReport) -> dict[str, Any]:
    own = [finding for finding in findings.findings if finding.check == name]
    missed = [finding.sentence() for finding in own if not finding.passed]
    records = [
        dg.TableRecord(
            {
                "expectation": finding.meaning,
                "metric": finding.metric,
                "observed": "" if finding.observed is None else f"{finding.observed:g}",
                "allowed": finding.allowed,
                "verdict": "passed" if finding.passed else "failed" if finding.blocking else "warned",
            }
        )
        for finding in own
    ]
    table = {"expectations": dg.MetadataValue.table(records)} if records else {}
    return {**({"why": dg.MetadataValue.text("; ".join(missed))} if missed else {}), **table}


def version_metadata(lake: Lake, version: Version, why: str) -> dict[str, Any]:
    """What the UI shows of a promoted version, in the order of a reader's questions. Text of documents never enters it."""
    summary = version.summary
    rows_in, kept = summary.get("rows_in", 0), summary.get("rows_kept", 0)
    share = f" ({kept / rows_in:.1%})" if rows_in else ""
    drops = [
        dg.TableRecord({"reason": str(DropReason(reason)), "rows": rows, "share": f"{rows / rows_in:.1%}"})
        for reason, rows in summary.get("dropped", {}).items()
    ]
    checks = [f"{count} {verdict}" for verdict, count in summary.get("checks", {}).items() if count]
    # An estimate is another number than a count, and is plotted apart.
    tokens = "strata/tokens" if summary.get("tokens_exact") else "strata/tokens_estimated"
    scorer = version.table == SCORERS
    done = f"learned from {rows_in:,} examples" if scorer else f"kept {kept:,} of {rows_in:,}{share}"
    metadata = {
        "strata/summary": dg.MetadataValue.text(done),
        "strata/why_ran": dg.MetadataValue.text(why),
        "override_reason": dg.MetadataValue.text(version.reason) if version.reason else None,
        "strata/drops": dg.MetadataValue.table(drops) if drops else None,
        "strata/notes": dg.MetadataValue.text("; ".join(summary.get("notes", ()))),
        "strata/checks": dg.MetadataValue.text(", ".join(checks)),
        tokens: summary.get("tokens"),
        "strata/kept_share": None if scorer else summary.get("kept_share"),
        "strata/seconds": float(summary.get("seconds", 0)),
        "strata/cost": summary.get("cost"),
        "strata/version": version.number,
        "strata/candidate": version.candidate,
        "strata/content_digest": version.content_digest[:_SHOWN_DIGITS],
        "dagster/partition_row_count": None if scorer else kept,
        "dagster/uri": str(lake.folder(version.table, PartitionKey.parse(version.partition).source)),
    }
    return {name: value for name, value in metadata.items() if value not in (None, dg.MetadataValue.text(""))}
