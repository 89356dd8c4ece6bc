"""What is new or stale, and why: one pure reading of lake, landing zone and policy behind every refresh.

`materialize`, `--plan`, `status`, the nightly refresh and the UI's "why" all ask here. Doing the work is the assets'; what a
partition depends on, and what differs, `staleness.py`'s. This is above the tiers: none of them imports it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from tier_assets.gate.contract import Contract
from tier_assets.inference import ModelUnavailableError
from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.contract import CONTRACT as L0
from tier_assets.l1_filtered.contract import CONTRACT as L1
from tier_assets.l2_selected.contract import CONTRACT as L2
from tier_assets.l3_refined.contract import CONTRACT as L3
from tier_assets.l4_organized.contract import CONTRACT as L4
from tier_assets.lake.lake import Lake
from tier_assets.lake.log_index import Pin
from tier_assets.lake.snapshot import LakeSnapshot
from tier_assets.landing.zone import Arrival
from tier_assets.neighbours import Neighbours, family
from tier_assets.policies.filtered import Scope
from tier_assets.policy_book import PolicyBook
from tier_assets.staleness import (
    Contents,
    Fingerprints,
    Models,
    budget_ended,
    difference,
    hold_line,
    is_settled,
)
from tier_assets.tiers import Tier

State = Literal["absent", "landed", "running", "current", "stale", "held", "blocked", "failed"]

CONTRACTS: Mapping[Tier, Contract] = {
    Tier.RAW: L0,
    Tier.FILTERED: L1,
    Tier.SELECTED: L2,
    Tier.REFINED: L3,
    Tier.ORGANIZED: L4,
}


@dataclass(frozen=True)
class Need:
    """One partition of one tier: its state, whether a run has work to do there, and why.

    `served`: some version is promoted and can be read, whatever the state. `pin` is that version in a few words.
    """

    tier: Tier
    key: PartitionKey
    state: State
    runs: bool
    why: str
    served: bool = False
    pin: Pin | None = field(default=None, compare=False, repr=False)


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
    return list(needs(lake.snapshot(), arrivals, book, models, tiers=tiers, partitions=partitions))


def needs(
    snapshot: LakeSnapshot,
    arrivals: Mapping[PartitionKey, Arrival],
    book: PolicyBook,
    models: Models,
    *,
    tiers: Sequence[Tier] = tuple(Tier),
    partitions: Sequence[PartitionKey] | None = None,
) -> Iterator[Need]:
    """The plan of a snapshot, need by need: see `plan`."""
    if partitions is None:
        for tier in Tier:
            for source in snapshot.sources(tier):
                snapshot.foresee(tier, source)
        partitions = [*arrivals, *(key for tier in Tier for key in snapshot.partitions(tier))]
    look = _Look(snapshot, book, models)
    upset: set[tuple[str, ...]] = set()
    below = list(Tier)[: max(each.level for each in tiers) + 1]
    for key in sorted(set(partitions), key=lambda each: each.order):
        above: Need | None = None
        policy = book.for_source(key.source)
        for tier in below:
            need = look.at(tier, key, arrivals.get(key))
            if above is not None and above.runs and not need.runs and need.state != "running":
                need = replace(need, runs=True, why=f"{above.tier} is computed first")
            neighbours = CONTRACTS[tier].neighbours
            if neighbours and family(key, neighbours(policy)) in upset and need.state == "current":
                need = replace(
                    need, runs=True, why="an earlier partition that it is deduplicated with is computed first"
                )
            if neighbours and need.runs:
                upset.update(family(key, each) for each in get_args(Scope))
            above = need
            if tier in tiers:
                yield need


def dependents(
    changed: Collection[PartitionKey], known: Iterable[PartitionKey], book: PolicyBook
) -> list[PartitionKey]:
    """Of the known partitions those whose state can be another since these were computed: these, and the later ones that are
    deduplicated with them.
    """
    firsts: dict[tuple[str, ...], PartitionKey] = {}
    for key in sorted(changed):
        for scope in get_args(Scope):
            firsts.setdefault(family(key, scope), key)

    def follows(key: PartitionKey) -> bool:
        asked = (contract.neighbours for contract in CONTRACTS.values() if contract.neighbours)
        first = (firsts.get(family(key, neighbours(book.for_source(key.source)))) for neighbours in asked)
        return any(each is not None and each < key for each in first)

    return [key for key in known if key in changed or follows(key)]


class _Look:
    """One look at a snapshot of the lake, by a policy."""

    def __init__(self, snapshot: LakeSnapshot, book: PolicyBook, models: Models) -> None:
        self._snapshot = snapshot
        self._book = book
        self._neighbours = Neighbours(snapshot)
        self._fingerprints = Fingerprints(book, models)
        self._guides: dict[str, str | None] = {}

    def at(self, tier: Tier, key: PartitionKey, arrival: Arrival | None) -> Need:
        """The state of a partition in a tier, as if nothing below it were to run."""
        snapshot, contract = self._snapshot, CONTRACTS[tier]
        pin = snapshot.pin(tier, key)

        def need(state: State, runs: bool, why: str) -> Need:
            return Need(tier, key, state, runs, why, pin is not None, pin)

        attempts = snapshot.attempts(tier, key)
        attempt = attempts.read() if attempts else None
        if attempt and attempt.state == "running":
            return need("running", False, f"run {attempt.run_id[:8]} since {attempt.started_at}")
        contents = self._contents(contract, key, arrival if arrival and arrival.complete else None)
        if contents is None:
            return need(*self._without_input(tier, key, arrival))
        try:
            fingerprint = self._fingerprints.fingerprint(contract, key, contents)
        except ModelUnavailableError as error:
            # Whether another model answers now, nobody can say: what is promoted stands, what is not is tried.
            return need("current", False, str(error)) if pin else need("absent", True, "new")
        policy = self._book.for_source(key.source)
        if pin and pin.fingerprint == fingerprint:
            damage = "" if snapshot.is_untouched(pin) else snapshot.damage(tier, key)
            cut = contract.generates and budget_ended(json.loads(pin.shown), policy.refined.max_tokens)
            lacking = damage or cut
            return need("stale", True, lacking) if lacking else need("current", False, "")
        parts, head = self._fingerprints.parts(contract, key, contents), snapshot.head(tier, key)
        held = snapshot.held(tier, key)
        if held and is_settled(held, fingerprint, policy):
            lacking = budget_ended(held.summary, policy.refined.max_tokens)
            return need("held", bool(lacking), lacking or hold_line(held))
        flaw = snapshot.flaw(tier, key)
        if attempt or flaw:
            return need("failed", True, "; ".join(filter(None, (attempt.message if attempt else "", flaw))))
        if head:
            return need("stale", True, difference(head, parts, contract, policy, snapshot))
        if held:
            return need(
                "held", True, difference(held, parts, contract, policy, snapshot) or "the gate's limits changed"
            )
        return need("absent" if contract.parents else "landed", True, "new")

    def _contents(self, contract: Contract, key: PartitionKey, arrival: Arrival | None) -> Contents | None:
        """What the partition would be made of; None while a parent is not promoted, or nothing has landed."""
        if not contract.parents and arrival is None:
            return None
        parents: dict[str, str] = {}
        for table in contract.parents:
            pin = self._snapshot.pin(table, key)
            if pin is None:
                return None
            parents[table] = pin.content_digest
        earlier = None
        if contract.neighbours:
            scope = contract.neighbours(self._book.for_source(key.source))
            earlier = self._neighbours.before(contract.table, key, scope).digest
        return Contents(parents, earlier, self._guide(contract), arrival)

    def _guide(self, contract: Contract) -> str | None:
        if contract.guide is None:
            return None
        if contract.table not in self._guides:
            head = self._snapshot.pin(contract.guide.table, contract.guide.key)
            self._guides[contract.table] = head.content_digest if head else None
        return self._guides[contract.table]

    def _without_input(
        self, tier: Tier, key: PartitionKey, arrival: Arrival | None
    ) -> tuple[State, Literal[False], str]:
        """State and reason where no fingerprint can be computed: nothing complete has landed, or a parent is not promoted."""
        snapshot = self._snapshot
        served, held = snapshot.pin(tier, key), snapshot.held(tier, key)
        if not CONTRACTS[tier].parents:
            arriving = "; ".join(arrival.problems) or "still arriving: no _SUCCESS" if arrival else ""
            if served:
                damage = snapshot.damage(tier, key)
                lost = f"{damage}, and its landed files are gone: land them again" if damage else ""
                return ("failed", False, lost) if lost else ("current", False, arriving or "its landed files are gone")
            if held:
                return "held", False, hold_line(held)
            return "absent", False, arriving or "nothing landed"
        for below in list(Tier)[: tier.level]:
            if snapshot.pin(below, key) is None and snapshot.held(below, key):
                return "blocked", False, f"{below} is held"
        return ("current" if served else "absent"), False, f"{tier.parent} is not promoted"
