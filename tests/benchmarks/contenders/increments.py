"""What the k-th partition costs in a lake: real texts, looked up and read again in the files of up to 49 earlier partitions.

Words of each partition's texts are shuffled, so that partitions differ; a tenth of them repeats texts of earlier ones but
for two words, in the first partition texts of its own.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.meter import Meter, cpu_seconds, read_lines

_SEED = 11
_SOURCE = "crawl"


def main(_: str, source: Path, output: Path) -> None:
    """`source`: a line {partitions, documents, warcs}, then real texts.

    Result: CPU seconds of each partition's deduplication, which includes indexing the partition before it, and how many
    documents it dropped; CPU seconds that reading, extracting and measuring take for as many real pages, `alone`.
    """
    import numpy as np
    import polars as pl

    from tests.benchmarks.ours import warm_pipeline
    from tier_assets.keys import PartitionKey
    from tier_assets.l1_filtered.dedup import deduplicate, index
    from tier_assets.l1_filtered.earlier import PromotedDocuments
    from tier_assets.lake.lake import Lake
    from tier_assets.neighbours import Neighbours
    from tier_assets.outcome import Outcome
    from tier_assets.policies.filtered import Deduplication
    from tier_assets.schemas import DECISIONS, ROWS
    from tier_assets.tiers import Tier

    meter = Meter()
    job, *real = read_lines(source)
    words = [row["text"].split(" ") for row in real]
    count, policy = job["documents"], Deduplication()
    draw = np.random.default_rng(_SEED)
    root = output.with_suffix(".lake")
    shutil.rmtree(root, ignore_errors=True)
    lakes = Lake(root / "warm-up"), Lake(root / "lake")
    seen: list[Any] = []

    def partition(number: int) -> pl.DataFrame:
        """Texts of which a tenth, in their last places, repeats others."""
        nonlocal seen
        fresh = [draw.permutation(words[at % len(words)]) for at in range(count - count // 10)]
        repeated = []
        for at in draw.choice(len(seen or fresh), count // 10, replace=False).tolist():
            repeated.append(["repeated", *(seen or fresh)[at][1:-1], "once"])
        seen += [fresh[at] for at in draw.choice(len(fresh), count // 10, replace=False).tolist()]
        texts = [" ".join(each) for each in (*fresh, *repeated)]
        places = range(count)
        columns: dict[str, Any] = {
            "doc_id": [f"{number:08x}{at:024x}" for at in places],
            "text": texts,
            "file": ["pages.warc"] * count,
            "offset": list(places),
        }
        return pl.DataFrame(columns)

    def compared(lake: Lake, key: PartitionKey, documents: pl.DataFrame) -> pl.DataFrame:
        known = dict(documents.select("doc_id", "text").iter_rows())
        return deduplicate(
            index(documents, policy=policy),
            texts=lambda doc_ids: {doc_id: known[doc_id] for doc_id in doc_ids},
            earlier=PromotedDocuments(lake, Neighbours(lake).before(Tier.FILTERED, key, policy.scope), policy),
            policy=policy,
        )

    def promote(lake: Lake, key: PartitionKey, documents: pl.DataFrame, dropped: pl.DataFrame) -> None:
        kept = documents.filter(~pl.col("doc_id").is_in(dropped["doc_id"].to_list()))
        kept = kept.with_columns(source=pl.lit(_SOURCE))
        rows, decisions = (
            form[Tier.FILTERED].conform(kept.with_columns(kept=pl.lit(value=True))) for form in (ROWS, DECISIONS)
        )
        outcome = Outcome(rows, decisions)
        basis = lake.basis(Tier.FILTERED, key)
        lake.promote(lake.stage(Tier.FILTERED, key, outcome, basis=basis, parts={"number": str(key)}))

    alone = warm_pipeline(archived=False)
    seconds, drops = [], []
    for lake, partitions in zip(lakes, (2, job["partitions"]), strict=True):
        meter.ready()
        seconds, drops, seen = [], [], []
        for number in range(partitions):
            key, documents = PartitionKey(_SOURCE, f"{number + 1:03d}"), partition(number)
            before = cpu_seconds()
            dropped = compared(lake, key, documents)
            seconds.append(cpu_seconds() - before)
            drops.append(dropped.height)
            promote(lake, key, documents, dropped)
    stages = Meter()
    pages = alone([Path(file) for file in job["warcs"]], root / "alone", stages)["documents"]
    a_page = (stages.seconds["read"] + stages.seconds["extract and measure"]) / pages
    shutil.rmtree(root)
    result = {"seconds": seconds, "drops": drops, "alone": a_page * count}
    meter.write(output, documents=count * len(seconds), bytes_read=0, **result)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
