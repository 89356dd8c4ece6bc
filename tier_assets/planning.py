"""What is new or stale, and why: one pure reading of lake, landing zone and policy behind every refresh.

`materialize`, `--plan`, `status`, the nightly refresh and the UI's "why" all ask here. Doing the work is the assets';
Dagster's own staleness is not used: it does not see a policy, a model or the partitions that deduplication compared with.
"""

import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from tier_assets.audit import AuditReport, Contract
from tier_assets.candidates import Candidate
from tier_assets.commits import Version
from tier_assets.digests import text_digest
from tier_assets.errors import PolicyError
from tier_assets.inference import ModelUnavailableError
from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.contract import CONTRACT as L0
from tier_assets.l1_filtered.contract import CONTRACT as L1
from tier_assets.l2_selected.contract import CONTRACT as L2
from tier_assets.l3_refined.contract import CONTRACT as L3
from tier_assets.l4_organized.contract import CONTRACT as L4
from tier_assets.lake import Lake, fingerprint_of
from tier_assets.landing import Arrival
from tier_assets.policies.filtered import Scope
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.schemas import SCORERS
from tier_assets.tiers import Tier

State = Literal["absent", "landed", "running", "current", "stale", "held", "blocked", "failed"]

CONTRACTS: Mapping[Tier, Contract] = {
    Tier.RAW: L0,
    Tier.FILTERED: L1,
    Tier.SELECTED: L2,
    Tier.REFINED: L3,
    Tier.ORGANIZED: L4,
}
SCORER_KEY = PartitionKey("quality", "scorer")
_SHOWN_RULES, _SHOWN_VALUES, _LONGEST_VALUE = 3, 5, 60

Models = Mapping[str, Callable[[], str]]
"""Name in a contract's `models` to what gives the model's digest; asked only when a fingerprint needs it."""


@dataclass(frozen=True)
class Need:
    """One partition of one tier: its state, whether a run has work to do there, and why.

    `served`: some version is promoted and can be read, whatever the state.
    """

    tier: Tier
    key: PartitionKey
    state: State
    runs: bool
    why: str
    served: bool = False


def fingerprint_parts(
    contract: Contract, key: PartitionKey, lake: Lake, book: PolicyBook, models: Models, arrival: Arrival | None = None
) -> dict[str, str] | None:
    """Everything the partition depends on, by name; None while a parent has no promoted version.

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
    parents = _parents(Tier(contract.table))
    if not parents:
        if arrival is None:
            return None
        parts["landed files"] = arrival.digest
    for parent in parents:
        head = lake.head(parent, key)
        if head is None:
            return None
        parts[f"rows of {parent}"] = head.content_digest
    if contract.table == Tier.FILTERED:
        scope = book.for_source(key.source).filtered.deduplication.scope
        parts["earlier partitions"] = text_digest(*(version.content_digest for version in earlier(lake, key, scope)))
    if contract.table == Tier.SELECTED:
        parts["scorer"] = _scorer(lake, book)
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


def _scorer(lake: Lake, book: PolicyBook) -> str:
    """The promoted scorer; before there is one, what it would be trained from, so that new labels make L2 run."""
    head = lake.head(SCORERS, SCORER_KEY)
    if head:
        return head.content_digest
    selected = book.default.selected
    return f"none of {selected.digest}" if selected.scorer.anchors or selected.scorer.labels else "none"


def _parents(tier: Tier) -> tuple[Tier, ...]:
    """The tiers whose promoted rows a tier reads."""
    if tier is Tier.ORGANIZED:
        return (Tier.SELECTED, Tier.REFINED)
    return (tier.parent,) if tier.parent else ()


def earlier(lake: Lake, key: PartitionKey, scope: Scope) -> list[Version]:
    """Promoted L1 versions that deduplication compares with: the partitions in scope before this one, in the total order."""
    sources = lake.sources(Tier.FILTERED) if scope == "global" else [key.source]
    heads = {
        PartitionKey.parse(name): head for each in sources for name, head in lake.heads(Tier.FILTERED, each).items()
    }
    same = _family(key, scope)
    return [heads[other] for other in sorted(heads) if other < key and _family(other, scope) == same]


def _family(key: PartitionKey, scope: Scope) -> tuple[str, ...]:
    """What partitions that are deduplicated together have in common."""
    families: Mapping[Scope, tuple[str, ...]] = {
        "snapshot": (key.source, key.snapshot),
        "source": (key.source,),
        "global": (),
    }
    return families[scope]


def plan(
    lake: Lake,
    arrivals: Mapping[PartitionKey, Arrival],
    book: PolicyBook,
    models: Models,
    *,
    tiers: Sequence[Tier] = tuple(Tier),
    partitions: Sequence[PartitionKey] | None = None,
) -> list[Need]:
    """The state of every wanted partition in every wanted tier, in the order in which runs must go.

    Tier by tier within a partition, partitions in the total order. A tier above one that will run is reported as running
    too (`runs`), since its parent may change: its own fingerprint decides when its turn comes.
    """
    if partitions is None:
        partitions = [*arrivals, *(key for tier in Tier for key in lake.partitions(tier))]
    wanted = sorted(set(partitions))
    needs: list[Need] = []
    upset: set[tuple[str, ...]] = set()
    for key in wanted:
        above: Need | None = None
        scope = book.for_source(key.source).filtered.deduplication.scope
        for tier in list(Tier)[: max(each.level for each in tiers) + 1]:
            need = _need(tier, key, lake, arrivals.get(key), book, models)
            if above is not None and above.runs and not need.runs and need.state != "running":
                need = replace(need, runs=True, why=f"{above.tier} is computed first")
            if tier is Tier.FILTERED and _family(key, scope) in upset and need.state == "current":
                need = replace(
                    need, runs=True, why="an earlier partition that it is deduplicated with is computed first"
                )
            if tier is Tier.FILTERED and need.runs:
                upset.update(_family(key, each) for each in get_args(Scope))
            needs.append(need)
            above = need
    return [need for need in needs if need.tier in tiers]


def _need(tier: Tier, key: PartitionKey, lake: Lake, arrival: Arrival | None, book: PolicyBook, models: Models) -> Need:
    head, held, policy = lake.head(tier, key), lake.held(tier, key), book.for_source(key.source)

    def need(state: State, runs: bool, why: str) -> Need:
        return Need(tier, key, state, runs, why, head is not None)

    attempt = lake.attempts(tier, key).read()
    if attempt and attempt.state == "running":
        return need("running", False, f"run {attempt.run_id[:8]} since {attempt.started_at}")
    complete = arrival if arrival and arrival.complete else None
    try:
        parts = fingerprint_parts(CONTRACTS[tier], key, lake, book, models, complete)
    except ModelUnavailableError as error:
        # Whether another model answers now, nobody can say: what is promoted stands, what is not is tried.
        return need("current", False, str(error)) if head else need("absent", True, "new")
    if parts is None:
        return need(*_without_input(tier, key, lake, arrival))
    fingerprint = fingerprint_of(tier, key, parts)
    if head and head.fingerprint == fingerprint:
        lacking = lake.damage(tier, key) or budget_ended(head, policy.refined.max_tokens)
        return need("stale", True, lacking) if lacking else need("current", False, "")
    if held and is_settled(held, fingerprint, policy):
        return need("held", False, hold_line(held))
    if attempt:
        return need("failed", True, attempt.message)
    if head:
        return need("stale", True, difference(head, parts, CONTRACTS[tier], policy))
    if held:
        return need("held", True, difference(held, parts, CONTRACTS[tier], policy) or "the gate's limits changed")
    return need("landed" if tier is Tier.RAW else "absent", True, "new")


def _without_input(
    tier: Tier, key: PartitionKey, lake: Lake, arrival: Arrival | None
) -> tuple[State, Literal[False], str]:
    """State and reason where no fingerprint can be computed: nothing complete has landed, or a parent is not promoted."""
    served, held = lake.head(tier, key), lake.held(tier, key)
    if tier.parent is None:
        arriving = "; ".join(arrival.problems) or "still arriving: no _SUCCESS" if arrival else ""
        if served:
            damage = lake.damage(tier, key)
            lost = f"{damage}, and its landed files are gone: land them again" if damage else ""
            return ("failed", False, lost) if lost else ("current", False, arriving or "its landed files are gone")
        if held:
            return "held", False, hold_line(held)
        return "absent", False, arriving or "nothing landed"
    for below in list(Tier)[: tier.level]:
        if lake.head(below, key) is None and lake.held(below, key):
            return "blocked", False, f"{below} is held"
    return ("current" if served else "absent"), False, f"{tier.parent} is not promoted"


def budget_ended(head: Version, budget: int) -> str:
    """Why a version whose fingerprint is current should be computed again all the same: the token budget that it had cut
    it short, and now there is more. Empty if not.
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
