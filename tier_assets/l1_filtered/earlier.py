"""The documents that deduplication compares with: what the earlier partitions in scope promoted, read from the lake.

A partition's index (`runs.py`) is derived from promoted rows and kept under their content digest: it can be thrown away
and never runs ahead of promotion. Comparing is in `comparison.py`; which partitions are in scope says `staleness.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.files.digests import text_digest
from tier_assets.l1_filtered.dedup import INDEX, index
from tier_assets.l1_filtered.runs import RUNS, Run
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import Version
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import NORMALIZATION
from tier_assets.text.shingles import SHINGLES
from tier_assets.text.signatures import SIGNATURES

_PLACE = ("file", "offset", "doc_id")


class PromotedDocuments:
    """The earlier partitions in the policy's scope, each with its kept documents, in the total order."""

    def __init__(self, lake: Lake, versions: Iterable[Version], policy: Deduplication) -> None:
        self._lake = lake
        self._policy = policy
        self._versions = versions

    def __iter__(self) -> Iterator["PromotedPartition"]:
        for version in self._versions:
            yield PromotedPartition(self._lake, version, self._policy)


class PromotedPartition:
    """Kept documents of one promoted partition."""

    def __init__(self, lake: Lake, version: Version, policy: Deduplication) -> None:
        self._lake = lake
        self._version = version
        self._policy = policy
        self._run = self._opened(version.content_digest)

    def related(self, keys: NDArray[np.uint64]) -> pl.DataFrame:
        """Its documents with one of the sorted distinct keys, in order: `dedup.RELATED`."""
        return self._run.related(keys)

    def texts(self, doc_ids: Sequence[str]) -> Mapping[str, str]:
        """Texts of its documents. Pages of the file without any of them are not decompressed."""
        rows = self._lake.rows(self._version).filter(pl.col("doc_id").is_in(list(doc_ids)))
        return dict(rows.select("doc_id", "text").collect().iter_rows())

    def _opened(self, content_digest: str) -> Run:
        policy = self._policy
        values = (policy.ngram, policy.bands, policy.rows)
        digest = text_digest(content_digest, *map(str, values), RUNS, SHINGLES, SIGNATURES, NORMALIZATION)
        path = self._lake.cache_path("dedup_runs", digest, ".run")
        run = Run.open(path)
        if run is None:
            run = self._built()
            run.write(path)
        return run

    def _built(self) -> Run:
        """One reading of the promoted rows, one row group at a time."""
        positioned = [pl.DataFrame(schema={**INDEX, "file": pl.String, "offset": pl.Int64})]
        for group in self._lake.row_groups(self._version):
            piece = group.read(["doc_id", "text", "file", "offset"])
            indexed = index(piece, policy=self._policy)
            positioned.append(pl.concat([indexed, piece.select("file", "offset")], how="horizontal"))
        return Run.build(pl.concat(positioned).sort(_PLACE))
