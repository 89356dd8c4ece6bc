"""Compiles L1's kernels into their cache, which else the first materialization waits for: `make setup` runs this.

Run it as `python -m tier_assets.l1_filtered.warming`.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tier_assets.inference import Label
from tier_assets.l1_filtered.dedup import deduplicate, index, keys_of
from tier_assets.l1_filtered.measuring import Tools, measure
from tier_assets.l1_filtered.runs import Run
from tier_assets.policies.filtered import Contamination, FilteredPolicy
from tier_assets.schemas import ROWS
from tier_assets.text import contamination
from tier_assets.tiers import Tier

_PARAGRAPH = (
    "<p>The keeper of the lighthouse wrote to anna@lighthouse.se, 192.0.2.1, +46 8 123 456 78, before the storm.</p>"
)
_PAGE = f"<html><head><title>A letter</title></head><body><h1>A letter</h1>{_PARAGRAPH * 12}</body></html>"


class _English:
    """Says English of everything: no model is needed to compile."""

    digest = "none"

    def predict(self, texts: Sequence[str], k: int = 1, min_score: float = 0.0) -> list[list[Label]]:
        return [[Label("__label__en", 1.0)] for _ in texts]


def warm() -> None:
    """Run every kernel once on a page of a few hundred bytes."""
    policy = FilteredPolicy()
    rows = {"doc_id": ["a" * 32, "b" * 32], "uri": ["https://a.example/"] * 2, "payload": [_PAGE.encode()] * 2}
    pages = ROWS[Tier.RAW].conform(pl.DataFrame(rows).with_columns(media_type=pl.lit("text/html")))
    measured = measure(pages, policy=policy, tools=Tools(_English()))
    texts = measured.select("doc_id", "text")
    indexed = index(texts, policy=policy.deduplication)
    deduplicate(indexed, texts=lambda doc_ids: dict(texts.iter_rows()), earlier=(), policy=policy.deduplication)
    Run.build(indexed).related(np.unique(keys_of(indexed)[0]))
    contamination.find(texts["text"].to_list(), contamination.build([_item()], Contamination()))


def _item() -> contamination.Item:
    return contamination.Item("none", "0", "What did the keeper of the lighthouse write before the storm came in?")


if __name__ == "__main__":
    warm()
