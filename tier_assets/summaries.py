"""What a version is in numbers: rows, drops, tokens, checks, seconds, cost. Travels in the commit; status prints it."""

import statistics
from collections.abc import Mapping
from typing import Any

from tier_assets.audit import AuditReport, Contract, Profile
from tier_assets.keys import PartitionKey
from tier_assets.lake import Lake
from tier_assets.outcome import Totals
from tier_assets.policy import CostPolicy, Policy
from tier_assets.schemas import TABLES
from tier_assets.tiers import Tier

_NOTES = 20


def summarize(
    contract: Contract, totals: Totals, report: AuditReport, *, seconds: float, policy: Policy, pool: str
) -> dict[str, Any]:
    """Plain data: rows_in, rows_kept, dropped (reason to rows), tokens, checks, seconds, cost, cut_by_budget (inputs that
    the token budget did not reach), limits (digest of the gate's), measures, notes.
    """
    verdicts = [report.verdict(check) for check in contract.checks]
    tokens, exact = _tokens(contract.table, totals, policy.cost)
    return {
        "rows_in": totals.rows_in,
        "rows_kept": totals.rows_kept,
        "kept_share": report.profile["kept_share"],
        "dropped": dict(totals.dropped.most_common()),
        "tokens": tokens,
        "tokens_exact": exact,
        "completion_tokens": report.profile.get("completion_tokens"),
        "checks": {name: verdicts.count(name) for name in ("passed", "warned", "failed")},
        "seconds": round(seconds, 3),
        "cost": _cost(seconds, pool, policy.cost),
        "currency": policy.cost.currency,
        "cut_by_budget": totals.cut_by_budget,
        "limits": policy.audit.digest,
        "measures": {name: float(value) for name, value in totals.measures.items()},
        "notes": list(totals.notes[:_NOTES]),
    }


def _tokens(table: str, totals: Totals, cost: CostPolicy) -> tuple[int | None, bool]:
    """Tokens of the kept rows, and whether a model counted them. L0 has none: its text is still to be extracted."""
    if table == Tier.REFINED:
        return totals.completion_tokens or 0, True
    if "text_chars" in TABLES[table].rows.names:
        return round(totals.text_chars / cost.chars_per_token), False
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
