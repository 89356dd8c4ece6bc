"""What a version is in numbers: rows, drops, tokens, checks, seconds, cost. Travels in the commit; status prints it."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tier_assets.gate.audit import AuditReport
from tier_assets.gate.contract import Contract, Profile
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Totals
from tier_assets.policy import CostPolicy, Policy
from tier_assets.schemas import TABLES, DropReason

_NOTES, _RULES = 20, 5
_LENGTHS = ("p10_chars", "median_chars", "p90_chars")
_MIX = "language_mix."
_ALLOW = "if that is right, allow it by audit.allow_empty in strata.toml"


def summarize(
    contract: Contract, totals: Totals, report: AuditReport, *, seconds: float, policy: Policy, pool: str
) -> dict[str, Any]:
    """Plain data: rows_in, rows_kept, dropped (reason to rows), dropped_by_rule (the commonest), tokens, checks, seconds,
    cost, cut_by_budget (inputs that the token budget did not reach), limits (digest of the gate's), p10_chars, median_chars,
    p90_chars and language_mix (language to share) of the kept rows, measures, notes. Whoever stages adds what the step
    knows: token_budget, and as policy the digest of the values read (`lake/policies.py`).
    """
    verdicts = [report.verdict(check) for check in contract.checks]
    tokens, exact = _tokens(contract.table, totals, policy.cost)
    return {
        "rows_in": totals.rows_in,
        "rows_kept": totals.rows_kept,
        "kept_share": report.profile["kept_share"],
        "dropped": dict(totals.dropped.most_common()),
        "dropped_by_rule": dict(totals.rules.most_common(_RULES)),
        "tokens": tokens,
        "tokens_exact": exact,
        "completion_tokens": report.profile.get("completion_tokens"),
        "checks": {name: verdicts.count(name) for name in ("passed", "warned", "failed")},
        **{name: report.profile.get(name) for name in _LENGTHS},
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
    if "completion_tokens" in TABLES[table].rows.names:
        return totals.completion_tokens or 0, True
    if "text_chars" in TABLES[table].rows.names:
        return round(totals.text_chars / cost.chars_per_token), False
    return None, False


def _cost(seconds: float, pool: str, cost: CostPolicy) -> float | None:
    price = cost.gpu_second_price if pool == "gpu" else cost.cpu_second_price
    return None if price is None else round(seconds * price, 6)


@dataclass(frozen=True)
class Baseline:
    """How far a profile is from the medians of the source's other promoted partitions, and in words where it is."""

    factors: Mapping[str, float | None]
    details: Mapping[str, str]


def fall(promoted: Mapping[str, Any], found: Profile, dropped: Mapping[str, int]) -> tuple[float | None, str]:
    """Rows kept now, and in words what the promoted version kept; no number where there is nothing to compare with: no
    version with rows, no inputs.

    Nor where duplicates explain it: there are some, and of what else is dropped not more than before. So a snapshot whose
    documents an earlier one now has is no fall, while a rule that drops all that was kept is one beside any duplicates.
    """
    before, kept = promoted.get("rows_kept") or 0, found.get("rows_kept") or 0
    if not before or not found.get("rows_in"):
        return None, ""
    duplicates, others = _split(dropped)
    if not kept and duplicates and others <= _split(promoted.get("dropped", {}))[1]:
        return None, ""
    return kept, f"kept {before:,}; {_ALLOW}" if not kept else ""


def _split(dropped: Mapping[str, int]) -> tuple[int, int]:
    """Rows dropped as duplicates, and all others."""
    duplicates = dropped.get(DropReason.DUPLICATE, 0)
    return duplicates, sum(dropped.values()) - duplicates


def baseline(
    lake: Lake, table: str, key: PartitionKey, found: Profile, policy: Policy, dropped: Mapping[str, int]
) -> Baseline:
    """What a profile is compared with: those of the source's promoted versions.

    `kept_share_factor` and `p10_chars_factor`, `median_chars_factor`, `p90_chars_factor` are factors >= 1,
    `language_shift` is the largest change of a language's share of the kept rows, 0..1. Each is null below the policy's
    number of versions, where a baseline means nothing (methods: false alarms of robust z below N = 8); those of the kept
    rows also below the policy's number of rows. `kept_of_promoted` compares with the partition's own version, see `fall`;
    `dropped` is reason to rows of the candidate.
    """
    audit = policy.audit
    heads = lake.heads(table, key.source)
    others = [version.summary for name, version in heads.items() if name != str(key)]
    enough = (found.get("rows_kept") or 0) >= audit.min_inputs_to_block
    head = heads.get(str(key))
    left, words = fall(head.summary if head else {}, found, dropped)
    factors: dict[str, float | None] = {"kept_of_promoted": left}
    details = {
        "kept_of_promoted": f"version {head.number} {words}" if head and words else "",
        "kept_of_tried": ""
        if found.get("kept_of_tried") != 0
        else f"nothing of {found.get('rows_in') or 0:,.0f} inputs; {_ALLOW}",
    }
    for name in ("kept_share", *_LENGTHS):
        number = found.get(name) if enough or name == "kept_share" else None
        median = _median([each.get(name) for each in others], audit.min_versions_for_baseline)
        factors[f"{name}_factor"] = max(number / median, median / number) if number and median else None
        digits = ".3g" if name == "kept_share" else ",.0f"
        details[f"{name}_factor"] = f"{number:{digits}}, baseline {median:{digits}}" if number and median else ""
    mixes = [each["language_mix"] for each in others if each.get("language_mix")]
    shift = _shift(_mix(found), mixes) if enough and len(mixes) >= audit.min_versions_for_baseline else None
    factors["language_shift"], details["language_shift"] = shift or (None, "")
    return Baseline(factors, details)


def _median(others: Sequence[Any], least: int) -> float | None:
    known = [float(other) for other in others if other]
    return statistics.median(known) if known and len(known) >= least else None


def _shift(mix: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> tuple[float, str] | None:
    """The largest change of a share, and which language's it is."""
    languages = {language for each in (mix, *others) for language in each}
    if not mix or not others:
        return None
    medians = {language: statistics.median(other.get(language, 0) for other in others) for language in languages}
    most = max(sorted(languages), key=lambda language: abs(mix.get(language, 0) - medians[language]))
    now, before = mix.get(most, 0.0), medians[most]
    return abs(now - before), f"{most} {now:.3g}, baseline {before:.3g}"


def _mix(profile: Profile) -> dict[str, float]:
    """Language to its share of the kept rows."""
    return {name.removeprefix(_MIX): share for name, share in profile.items() if name.startswith(_MIX) and share}
