"""Notices landed partitions: adds the key, requests L0. What a complete landing is, `tier_assets/landing/zone.py` knows."""

import dagster as dg

from tier_assets import planning
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.promotion.partitions import PARTITIONS
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
    """One request per landed content, remembered in the cursor.

    No run key: Dagster never runs one again, and bytes that were replaced may come back. A request made twice after a crash
    costs nothing, since L0 skips what is current.
    """
    settle = policies.default.landing.settle_seconds
    seen = set((context.cursor or "").split())
    complete = [arrival for arrival in landing.arrivals_now(settle) if arrival.complete]
    fresh = [each for each in complete if _content(each.key, each.digest) not in seen][:_REQUESTS_PER_TICK]
    if not fresh:
        strangers = landing.strangers()
        return dg.SkipReason("nothing new has landed" + (f"; ignored: {'; '.join(strangers)}" if strangers else ""))
    known = set(context.instance.get_dynamic_partitions(PARTITIONS.name or ""))
    new = [str(each.key) for each in fresh if str(each.key) not in known]
    arrivals = {each.key: each for each in fresh}
    needs = planning.plan(lake, arrivals, policies, {}, tiers=[Tier.RAW], partitions=list(arrivals))
    # What a command has promoted or seen held already needs no run.
    wanted = {need.key for need in needs if need.runs}
    kept = {_content(each.key, each.digest) for each in complete} & seen
    return dg.SensorResult(
        dynamic_partitions_requests=[PARTITIONS.build_add_request(new)] if new else [],
        run_requests=[
            dg.RunRequest(
                partition_key=str(each.key),
                # What the sensor targets anyway; but the UI's list of runs shows only what is named here.
                asset_selection=[dg.AssetKey(Tier.RAW.asset_name)],
                tags={"strata/trigger": "raw_landing"},
            )
            for each in fresh
            if each.key in wanted
        ],
        cursor=" ".join(sorted(kept | {_content(each.key, each.digest) for each in fresh})),
    )


def _content(key: PartitionKey, digest: str) -> str:
    return f"{key}@{digest[:16]}"
