"""What a version is in numbers: rows, drops, tokens, checks, seconds, cost. Travels in the commit; status prints it."""

import statistics
from collections.abc import Mapping
from typing import Any

import polars as pl

from tier_assets.audit import AuditReport, Contract, Profile
from tier_assets.keys import PartitionKey
from tier_assets.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policy import CostPolicy, Policy
from tier_assets.tiers import Tier

_NOTES = 20


def summarize(
    contract: Contract, outcome: Outcome, report: AuditReport, *, seconds: float, policy: Policy, pool: str
) -> dict[str, Any]:
    """Plain data: rows_in, rows_kept, dropped (reason to rows), tokens, checks, seconds, cost, cut_by_budget (inputs that
    the token budget did not reach), limits (digest of the gate's), measures, notes.
    """
    dropped = outcome.decisions.filter(~pl.col("kept"))["drop_reason"].value_counts(sort=True)
    verdicts = [report.verdict(check) for check in contract.checks]
    tokens, exact = _tokens(contract.table, outcome.rows, policy.cost)
    return {
        "rows_in": outcome.decisions.height,
        "rows_kept": outcome.rows.height,
        "kept_share": report.profile["kept_share"],
        "dropped": dict(dropped.iter_rows()),
        "tokens": tokens,
        "tokens_exact": exact,
        "completion_tokens": report.profile.get("completion_tokens"),
        "checks": {name: verdicts.count(name) for name in ("passed", "warned", "failed")},
        "seconds": round(seconds, 3),
        "cost": _cost(seconds, pool, policy.cost),
        "currency": policy.cost.currency,
        "cut_by_budget": outcome.decisions.filter(pl.col("rule") == "max_tokens").height,
        "limits": policy.audit.digest,
        "measures": {name: float(value) for name, value in outcome.measures.items()},
        "notes": list(outcome.notes[:_NOTES]),
    }


def _tokens(table: str, rows: pl.DataFrame, cost: CostPolicy) -> tuple[int | None, bool]:
    """Tokens of the kept rows, and whether a model counted them. L0 has none: its text is still to be extracted."""
    if "completion_tokens" in rows.columns and table == Tier.REFINED:
        return int(rows["completion_tokens"].sum()), True
    if "text_chars" in rows.columns:
        return round(int(rows["text_chars"].sum()) / cost.chars_per_token), False
    return None, False


def _cost(seconds: float, pool: str, cost: CostPolicy) -> float | None:
    price = cost.gpu_second_price if pool == "gpu" else cost.cpu_second_price
    return None if price is None else round(seconds * price, 6)


def baseline(lake: Lake, table: str, key: PartitionKey, found: Profile, policy: Policy) -> Mapping[str, float | None]:
    """The yield against the median of the source's other promoted partitions, as a factor >= 1; null below the policy's
    number of versions, where a baseline means nothing (methods: false alarms of robust z below N = 8).
    """
    shares = [
        float(version.summary["kept_share"])
        for name, version in lake.heads(table, key.source).items()
        if name != str(key) and version.summary.get("kept_share")
    ]
    share = found["kept_share"]
    if len(shares) < policy.audit.min_versions_for_baseline or not share:
        return {"kept_share_factor": None}
    median = statistics.median(shares)
    return {"kept_share_factor": max(share / median, median / share)}
