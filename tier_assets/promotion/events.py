"""What Dagster is told of a promoted version and of its checks. No text of documents enters it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from tier_assets.gate.audit import AuditReport
from tier_assets.gate.contract import CheckName, Contract
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import Version
from tier_assets.schemas import SCORERS, DropReason

# Of a digest, in the UI: all 64 would push the table off the page. `strata history --json` has them.
_SHOWN_DIGITS = 16


def materialized(lake: Lake, contract: Contract, head: Version, why: str) -> dg.MaterializeResult[None]:
    """The event for a promoted version, with its checks."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(head.fingerprint),
        metadata=version_metadata(lake, head, why),
        check_results=promoted_results(lake, contract, head),
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
    for result in promoted_results(lake, contract, head):
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=result.check_name or "",
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
            partition=partition,
            blocking=True,
        )


def check_results(
    contract: Contract, report: Sequence[Mapping[str, Any]], overridden: str = ""
) -> list[dg.AssetCheckResult]:
    """One result per check of the contract, its expectations as a table. What would hold is an error, unless it was
    `overridden`, which says by whom, when and why: then it warns, since an error would fail the run and skip the tiers above.
    """
    findings = AuditReport.of(report)
    results = []
    for name in contract.checks:
        verdict = findings.verdict(name)
        failed = verdict == "failed"
        override = f"{name} failed, {overridden}" if failed and overridden else ""
        severity = dg.AssetCheckSeverity.ERROR if failed and not override else dg.AssetCheckSeverity.WARN
        metadata = {"override": dg.MetadataValue.text(override)} if override else {}
        results.append(
            dg.AssetCheckResult(
                check_name=name,
                passed=verdict == "passed",
                severity=severity,
                description=override or None,
                metadata={**metadata, **_check_metadata(name, findings)},
            )
        )
    return results


def promoted_results(lake: Lake, contract: Contract, head: Version) -> list[dg.AssetCheckResult]:
    """The results of a promoted version. A check of it can only have failed where a person promoted it all the same: by
    this commit, or by the one that promoted the same candidate first.
    """
    report = lake.report(head)
    return check_results(contract, report, _override(lake, head) if AuditReport.of(report).holds else "")


def _override(lake: Lake, head: Version) -> str:
    """Who overrode a version's checks, when and why, as the rest of a sentence."""
    if head.kind == "override":
        first = head
    else:
        same = lake.versions(head.table, PartitionKey.parse(head.partition))
        first = next((each for each in same if each.candidate == head.candidate and each.kind == "override"), head)
    who = first.actor or "a person whom the log does not name"
    return f"overridden by {who} on {first.promoted_at[:16]}: {first.reason or 'no reason is recorded'}"


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
                "detail": finding.detail,
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
