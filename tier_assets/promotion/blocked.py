"""What Dagster is told of the tiers above one that is held: without it they only show as missing."""

from collections.abc import Iterator

import dagster as dg

from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.tiers import Tier


def blocked_tiers(lake: Lake, table: str, key: PartitionKey, why: str) -> Iterator[dg.AssetObservation]:
    """An observation for every tier that has nothing to show because the first version of one below it is held.

    Where a version is promoted the tiers above go on with that, and nothing is blocked.
    """
    if table not in set(Tier) or lake.head(table, key):
        return
    for tier in Tier:
        if tier.level > Tier(table).level and lake.head(tier, key) is None:
            yield dg.AssetObservation(
                asset_key=tier.asset_name,
                partition=str(key),
                description=f"blocked: {why}",
                metadata={"strata/blocked_by": dg.MetadataValue.asset(dg.AssetKey(Tier(table).asset_name))},
            )
