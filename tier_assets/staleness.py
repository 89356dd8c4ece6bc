"""What a partition of a tier depends on, digested: the parts of its fingerprint, and in words what differs.

A tier says in its contract what it depends on; here that is read, once, and pinned. Which partitions are new or stale is
`planning.py`'s to say, above the tiers; Dagster's own staleness is not used: it does not see a policy, a model or the
partitions that deduplication compared with.
"""

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tier_assets.errors import PolicyError
from tier_assets.files.digests import text_digest
from tier_assets.gate.audit import AuditReport
from tier_assets.gate.contract import Contract
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.commits import Version
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import Arrival
from tier_assets.policies.filtered import Scope
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.tiers import Tier

_SHOWN_RULES, _SHOWN_VALUES, _LONGEST_VALUE = 3, 5, 60

Models = Mapping[str, Callable[[], str]]
"""Name in a contract's `models` to what gives the model's digest; asked only when a fingerprint needs it."""


@dataclass(frozen=True)
class Inputs:
    """What a partition is made of, pinned: promoted versions by table, those of earlier partitions, the model that guides
    it, what has landed. Whoever computes reads these versions, whatever is promoted meanwhile.
    """

    parents: Mapping[str, Version]
    earlier: tuple[Version, ...] = ()
    guide: Version | None = None
    arrival: Arrival | None = None


def inputs_of(
    contract: Contract, key: PartitionKey, lake: Lake, book: PolicyBook, arrival: Arrival | None = None
) -> Inputs | None:
    """What the partition would be made of now; None while a parent has no promoted version, or nothing has landed."""
    if not contract.parents and arrival is None:
        return None
    parents: dict[str, Version] = {}
    for table in contract.parents:
        head = lake.head(table, key)
        if head is None:
            return None
        parents[table] = head
    guide = lake.head(contract.guide.table, contract.guide.key) if contract.guide else None
    before: tuple[Version, ...] = ()
    if contract.neighbours:
        before = tuple(earlier(lake, key, contract.neighbours(book.for_source(key.source)), contract.table))
    return Inputs(parents, before, guide, arrival)


def fingerprint_parts(
    contract: Contract, key: PartitionKey, inputs: Inputs, book: PolicyBook, models: Models
) -> dict[str, str]:
    """Everything the partition depends on, by name.

    Values are digests or versions, never paths or times. What a part is for stands in DESIGN's fingerprint rule:
    parents' content, dedup basis, policy values read, code version, models and prompts, libraries.
    """
    parts = {"code": contract.code_version}
    policy = book.for_source(key.source)
    values = contract.policy_digest(policy)
    if values:
        parts["policy"] = values
    files = book.files.digest(contract.files(policy))
    if files:
        parts["policy's files"] = files
    for library in (*contract.libraries, *contract.policy_libraries(policy)):
        parts[f"library {library}"] = _version(library)
    if inputs.arrival and not contract.parents:
        parts["landed files"] = inputs.arrival.digest
    for table, version in inputs.parents.items():
        parts[f"rows of {table}"] = version.content_digest
    if contract.neighbours:
        parts["earlier partitions"] = text_digest(*(version.content_digest for version in inputs.earlier))
    if contract.guide:
        guide = inputs.guide
        parts[contract.guide.name] = guide.content_digest if guide else contract.guide.untrained(book.default)
    for name in contract.models:
        parts[name.replace("_", " ")] = models[name]()
    if contract.prompts_digest:
        parts["prompts"] = contract.prompts_digest
    return parts


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        raise PolicyError(f"{library} is not installed, and the policy needs it: see pyproject's extras") from None


def earlier(lake: Lake, key: PartitionKey, scope: Scope, table: str) -> list[Version]:
    """Promoted versions of the table that deduplication compares with: the partitions in scope before this one, in the
    total order.
    """
    sources = lake.sources(table) if scope == "global" else [key.source]
    heads = {PartitionKey.parse(name): head for each in sources for name, head in lake.heads(table, each).items()}
    same = family(key, scope)
    return [heads[other] for other in sorted(heads) if other < key and family(other, scope) == same]


def family(key: PartitionKey, scope: Scope) -> tuple[str, ...]:
    """What partitions that are deduplicated together have in common."""
    families: Mapping[Scope, tuple[str, ...]] = {
        "snapshot": (key.source, key.snapshot),
        "source": (key.source,),
        "global": (),
    }
    return families[scope]


def budget_ended(head: Version | Candidate, budget: int) -> str:
    """Why a version or held candidate whose fingerprint is current should be computed again all the same: the token budget
    that it had cut it short, and now there is more. Empty if not.
    """
    cut, had = head.summary.get("cut_by_budget"), head.summary.get("token_budget")
    return f"its token budget of {had:,} ended before {cut} inputs" if cut and had is not None and budget > had else ""


def is_settled(held: Candidate, fingerprint: str, policy: Policy) -> bool:
    """Whether a held candidate would come out the same again: same fingerprint, judged by the limits now in force."""
    return held.fingerprint == fingerprint and held.summary.get("limits") == policy.audit.digest


def hold_sentence(candidate: Candidate) -> str:
    """Why a candidate is held, from its report, and which rules dropped most of it."""
    shown = [finding.brief() for finding in AuditReport.of(candidate.report).failures]
    # A manifest does not keep their order.
    rules = sorted(candidate.summary.get("dropped_by_rule", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    most = ", ".join(f"{rule} {count:,}" for rule, count in rules[:_SHOWN_RULES])
    return "; ".join([*shown, *([f"dropped most by {most}"] if most else []), *candidate.summary.get("notes", ())])


def hold_line(candidate: Candidate) -> str:
    """`hold_sentence`, and how to see every decision where there are drops to see."""
    look = f"; see `strata read {candidate.table} -p {candidate.partition} --decisions --held`"
    return hold_sentence(candidate) + (
        look if candidate.summary.get("dropped") and candidate.table in set(Tier) else ""
    )


def difference(old: Version | Candidate, new: Mapping[str, str], contract: Contract, policy: Policy) -> str:
    """What changed since a version or candidate was made, for people: versions and values of the policy are shown, of
    other digests only the name. Those made before the values were kept only name the policy.
    """
    changed = []
    for name in sorted({*old.parts, *new}):
        before, after = old.parts.get(name, "none"), new.get(name, "none")
        if before == after:
            continue
        readable = all(len(value) < 20 for value in (before, after))
        values = _changed_values(old.summary.get("policy"), contract, policy) if name == "policy" else ""
        changed.append(values or (f"{name} {before} -> {after}" if readable else f"{name} changed"))
    return ", ".join(changed)


def _changed_values(old: Mapping[str, Any] | None, contract: Contract, policy: Policy) -> str:
    """Which values of the policy differ from those of old that were not the defaults; empty where that is not known."""
    if old is None:
        return ""
    now = contract.policy_values(policy)
    pairs = {key: (old.get(key, default), value) for key, (value, default) in now.items()}
    pairs |= {key: (value, None) for key, value in old.items() if key not in now}
    shown = [_change(key, *pair) for key, pair in pairs.items() if pair[0] != pair[1]]
    rest = len(shown) - _SHOWN_VALUES
    return ", ".join([*shown[:_SHOWN_VALUES], *([f"{rest} more values of the policy"] if rest > 0 else [])])


def _change(key: str, before: Any, after: Any) -> str:
    words = ["none" if value is None else json.dumps(value, ensure_ascii=False) for value in (before, after)]
    return f"{key} changed" if max(map(len, words)) > _LONGEST_VALUE else f"{key} {words[0]} -> {words[1]}"
