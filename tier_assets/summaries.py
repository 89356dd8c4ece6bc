"""What a version is in numbers: rows, drops, tokens, checks, seconds, cost. Travels in the commit; status prints it."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tier_assets.audit import AuditReport, Contract, Profile
from tier_assets.keys import PartitionKey
from tier_assets.lake import Lake
from tier_assets.outcome import Totals
from tier_assets.policy import CostPolicy, Policy
from tier_assets.schemas import TABLES
from tier_assets.tiers import Tier

_NOTES = 20
_MIX = "language_mix."


def summarize(
    contract: Contract, totals: Totals, report: AuditReport, *, seconds: float, policy: Policy, pool: str
) -> dict[str, Any]:
    """Plain data: rows_in, rows_kept, dropped (reason to rows), tokens, checks, seconds, cost, cut_by_budget (inputs that
    the token budget did not reach), limits (digest of the gate's), median_chars and language_mix (language to share) of the
    kept rows, measures, notes.
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
        "median_chars": report.profile.get("median_chars"),
        "language_mix": _mix(report.profile),
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
    """How far a profile is from the medians of the source's other promoted partitions.

    `kept_share_factor` and `median_chars_factor` are factors >= 1, `language_shift` is the largest change of a language's
    share of the kept rows, 0..1. Each is null below the policy's number of versions, where a baseline means nothing
    (methods: false alarms of robust z below N = 8); those of the kept rows also below the policy's number of rows.
    """
    audit = policy.audit
    others = [version.summary for name, version in lake.heads(table, key.source).items() if name != str(key)]
    least = audit.min_versions_for_baseline
    enough = (found.get("rows_kept") or 0) >= audit.min_inputs_to_block
    return {
        "kept_share_factor": _factor(found["kept_share"], [each.get("kept_share") for each in others], least),
        "median_chars_factor": _factor(
            found.get("median_chars") if enough else None, [each.get("median_chars") for each in others], least
        ),
        "language_shift": _shift(
            _mix(found) if enough else {}, [each["language_mix"] for each in others if each.get("language_mix")], least
        ),
    }


def _factor(number: float | None, others: Sequence[Any], least: int) -> float | None:
    known = [float(other) for other in others if other]
    if not number or len(known) < least:
        return None
    median = statistics.median(known)
    return max(number / median, median / number)


def _shift(mix: Mapping[str, float], others: Sequence[Mapping[str, float]], least: int) -> float | None:
    if not mix or len(others) < least:
        return None
    languages = {language for each in (mix, *others) for language in each}
    return max(
        abs(mix.get(language, 0) - statistics.median(other.get(language, 0) for other in others))
        for language in languages
    )


def _mix(profile: Profile) -> dict[str, float]:
    """Language to its share of the kept rows."""
    return {name.removeprefix(_MIX): share for name, share in profile.items() if name.startswith(_MIX) and share}
