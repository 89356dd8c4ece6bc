"""The documents that deduplication compares with: what the source's earlier partitions promoted, read from the lake.

The index is derived from promoted rows and kept under their content digest: it can be thrown away and never runs ahead of
promotion. Comparing is in `dedup.py`.
"""

from collections.abc import Sequence

import polars as pl

from tier_assets import planning
from tier_assets.digests import text_digest
from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.dedup import index
from tier_assets.lake import Lake
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import NORMALIZATION
from tier_assets.text.shingles import SHINGLES
from tier_assets.text.signatures import SIGNATURES
from tier_assets.tiers import Tier


class PromotedDocuments:
    """Kept documents of the partitions before `key` in the total order of its source."""

    def __init__(self, lake: Lake, key: PartitionKey, policy: Deduplication) -> None:
        self._lake = lake
        self._policy = policy
        self._versions = planning.earlier(lake, key)

    @property
    def index(self) -> pl.DataFrame | None:
        """One row per earlier document in the total order, as `dedup.index` gives it; None without any."""
        frames = [self._index_of(PartitionKey.parse(each.partition), each.content_digest) for each in self._versions]
        return pl.concat(frames) if frames else None

    def texts(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """Texts of the named earlier documents."""
        found: dict[str, str] = {}
        for version in self._versions:
            rows = self._lake.read(Tier.FILTERED, PartitionKey.parse(version.partition))
            wanted = rows.filter(pl.col("doc_id").is_in(list(doc_ids))).select("doc_id", "text").collect()
            found |= dict(wanted.iter_rows())
        return found

    def _index_of(self, key: PartitionKey, content_digest: str) -> pl.DataFrame:
        digest = text_digest(content_digest, self._policy.digest, SHINGLES, SIGNATURES, NORMALIZATION)
        found = self._lake.cached("dedup_index", digest)
        if found is None:
            documents = self._lake.read(Tier.FILTERED, key).sort("file", "offset").select("doc_id", "text").collect()
            found = index(documents, policy=self._policy)
            self._lake.cache("dedup_index", digest, found)
        return found
