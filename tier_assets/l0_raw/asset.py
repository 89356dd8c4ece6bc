"""The asset of L0: landed files in, archived captures out."""

import dagster as dg

from tier_assets.l0_raw.contract import CONTRACT
from tier_assets.l0_raw.reading import read_landed
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.assets import tier_asset
from tier_assets.promotion.step import Events, TierStep
from tier_assets.tiers import Tier


@tier_asset(Tier.RAW, CONTRACT, pool="cpu", kinds={"deltalake", "parquet"}, deps=["landing"])
def l0_raw(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    landing: dg.ResourceParam[LandingZone],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
) -> Events:
    """What landed, archived as it came: one row per capture. Never trained on; the reserve for re-processing."""
    arrival = landing.complete(context.partition_key, policies.default.landing.settle_seconds)
    step = TierStep.open(context, lake, policies, narrator, CONTRACT, arrival=arrival)
    yield from step.promote(
        lambda report: read_landed(
            landing.sources(arrival) if arrival else (),
            partition=str(step.key),
            policy=step.policy.raw,
            problems=arrival.problems if arrival else (),
            report=report,
        )
    )
