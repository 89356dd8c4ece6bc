"""Notices landed partitions: adds the key, requests L0. What a complete landing is, `tier_assets/landing/zone.py` knows.

Also removes keys of which there is nothing: Dagster lets anybody add any name.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from tier_assets import planning
from tier_assets.errors import PolicyError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import Arrival, LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.promotion.partitions import PARTITIONS, stray_keys
from tier_assets.tiers import Tier

_REQUESTS_PER_TICK = 50


@dg.sensor(
    name="raw_landing",
    target=dg.AssetSelection.assets(Tier.RAW.asset_name),
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Adds a partition for every complete landing folder and requests its L0; the rest follows as gates open.",
)
def raw_landing(
    context: dg.SensorEvaluationContext,
    lake: dg.ResourceParam[Lake],
    landing: dg.ResourceParam[LandingZone],
    policies: dg.ResourceParam[PolicyBook],
) -> dg.SensorResult | dg.SkipReason:
    """One request per landed content that L0 does not hold yet, remembered in the cursor until L0 does.

    No run key: Dagster never runs one again, and bytes that were replaced may come back. A request made twice after a crash
    costs nothing, since L0 skips what is current.
    """
    try:
        arrivals = landing.arrivals_now(policies.default.landing.settle_seconds)
        complete = [arrival for arrival in arrivals if arrival.complete]
        waiting = {_content(each.key, each.digest): each for each in _not_archived(complete, lake)}
        asked = set((context.cursor or "").split()) & waiting.keys()
        fresh = {content: each for content, each in waiting.items() if content not in asked}
        needs = _needs(list(fresh.values())[:_REQUESTS_PER_TICK], lake, policies)
    except PolicyError as error:
        return dg.SkipReason(str(error))
    # What is being computed is asked for when that is over: it may have read what lay there before.
    settled = {content for content, each in fresh.items() if each.key in needs and needs[each.key].state != "running"}
    known = context.instance.get_dynamic_partitions(PARTITIONS.name or "")
    new = sorted({str(each.key) for each in complete}.difference(known))
    strays = stray_keys(context.instance, lake, landing, set(known).difference(str(each.key) for each in arrivals))
    requests = [_request(key) for key, need in needs.items() if need.runs]
    for line in strays.values():
        context.log.warning(line)
    remarks = [] if requests else [*strays.values(), *(f"ignored: {line}" for line in landing.strangers())]
    return dg.SensorResult(
        dynamic_partitions_requests=[
            *([PARTITIONS.build_add_request(new)] if new else []),
            *([PARTITIONS.build_delete_request(list(strays))] if strays else []),
        ],
        run_requests=requests,
        skip_reason=None if requests else "; ".join(["nothing new has landed", *remarks]),
        cursor=" ".join(sorted(asked | settled)),
    )


def _not_archived(complete: Sequence[Arrival], lake: Lake) -> list[Arrival]:
    """Those whose landed content is not the promoted version's: a look at the heads, whatever has landed before."""
    heads = {source: lake.heads(Tier.RAW, source) for source in {arrival.key.source for arrival in complete}}
    found = []
    for arrival in complete:
        head = heads[arrival.key.source].get(str(arrival.key))
        if head is None or head.parts.get("landed files") != arrival.digest:
            found.append(arrival)
    return found


def _needs(fresh: Sequence[Arrival], lake: Lake, policies: PolicyBook) -> Mapping[PartitionKey, planning.Need]:
    """What the plan says of L0: what is held, with these bytes, needs no run."""
    arrivals = {arrival.key: arrival for arrival in fresh}
    needs = planning.plan(lake, arrivals, policies, {}, tiers=[Tier.RAW], partitions=list(arrivals)) if fresh else []
    return {need.key: need for need in needs}


def _request(key: PartitionKey) -> dg.RunRequest:
    return dg.RunRequest(
        partition_key=str(key),
        # What the sensor targets anyway; but the UI's list of runs shows only what is named here.
        asset_selection=[dg.AssetKey(Tier.RAW.asset_name)],
        tags={"strata/trigger": "raw_landing"},
    )


def _content(key: PartitionKey, digest: str) -> str:
    return f"{key}@{digest[:16]}"
