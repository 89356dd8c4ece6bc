"""Asks again for what failed while the policy could not be read, or said what could not be done, once it says otherwise.

The automation conditions have had their say by then: the request that they made is spent on the run that failed.
"""

import json
from collections.abc import Iterator

import dagster as dg

from tier_assets.errors import PolicyError
from tier_assets.files.digests import text_digest
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.attempts import Attempts
from tier_assets.lake.lake import Lake
from tier_assets.policy_book import PolicyBook
from tier_assets.tiers import Tier

_REQUESTS_PER_TICK = 50


@dg.sensor(
    name="mended_policy",
    target=dg.AssetSelection.assets(*(tier.asset_name for tier in Tier)),
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests partitions that failed for the policy's sake as soon as strata.toml is mended.",
)
def mended_policy(
    context: dg.SensorEvaluationContext,
    home: dg.ResourceParam[Home],
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
) -> dg.SensorResult:
    """One request per failed partition and text of the policy: the cursor holds, for what is failed now, the text that it
    was asked for with. What failed for another reason than an unreadable policy waits for another text.
    """
    try:
        now = _text(policies, home)
    except PolicyError as error:
        return dg.SensorResult(skip_reason=str(error), cursor="{}")
    known = json.loads(context.cursor or "{}")
    asked: dict[str, str] = {}
    requests: list[dg.RunRequest] = []
    for key, tier, message in _failed(lake):
        name = str(key)
        asked[name] = known.get(name, "" if message.startswith(str(home.policy)) else now)
        if asked[name] != now and len(requests) < _REQUESTS_PER_TICK:
            asked[name] = now
            requests.append(_request(key, tier))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else "nothing that failed waits for another policy",
        cursor=json.dumps(asked, sort_keys=True),
    )


def _text(policies: PolicyBook, home: Home) -> str:
    """The digest of the policy's text. Raises PolicyError for one that says nothing usable."""
    values = policies.default.digest
    return text_digest(values, home.policy.read_text("utf-8") if home.policy.exists() else "")[:16]


def _failed(lake: Lake) -> Iterator[tuple[PartitionKey, Tier, str]]:
    """Every partition whose last try failed, with the lowest such tier and its sentence: one small file each."""
    seen: set[PartitionKey] = set()
    for tier in Tier:
        for source in lake.sources(tier):
            for name in Attempts.partitions(lake.folder(tier, source)):
                key = PartitionKey.parse(name)
                attempt = lake.attempts(tier, key).read()
                if attempt and attempt.state == "failed" and key not in seen:
                    seen.add(key)
                    yield key, tier, attempt.message


def _request(key: PartitionKey, lowest: Tier) -> dg.RunRequest:
    return dg.RunRequest(
        partition_key=str(key),
        asset_selection=[dg.AssetKey(tier.asset_name) for tier in Tier if tier.level >= lowest.level],
        tags={"strata/trigger": "mended_policy"},
    )
