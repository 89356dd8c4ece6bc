"""The one partitions definition: every tier has the same partitions, added as they land; and which keys are none."""

from collections.abc import Collection, Mapping

import dagster as dg

from tier_assets.errors import PartitionKeyError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.tiers import Tier

PARTITIONS = dg.DynamicPartitionsDefinition(name="snapshots")
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def stray_keys(
    instance: dg.DagsterInstance, lake: Lake, landing: LandingZone, names: Collection[str]
) -> Mapping[str, str]:
    """Those of the names that are no partitions, with a sentence each: no key, or nothing landed, staged or promoted.

    Dagster lets anybody add any name, which every tier then counts as missing. A name that a run works on is left alone.
    """
    strays = {name: why for name in sorted(names) if (why := _nothing_of(name, lake, landing))}
    if strays:
        for run in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
            strays.pop(run.tags.get("dagster/partition", ""), None)
    return strays


def _nothing_of(name: str, lake: Lake, landing: LandingZone) -> str:
    """Why a name is no partition; empty for one that is."""
    try:
        key = PartitionKey.parse(name)
    except PartitionKeyError as error:
        return f"removed from Dagster's partitions: {error}"
    if landing.folder(key).is_dir():
        return ""
    if any(lake.head(tier, key) or lake.candidates(tier, key) for tier in Tier):
        return ""
    return f"removed from Dagster's partitions: {key}: nothing of it has landed: `strata land {key} FILE...` adds it"
