"""The dedup index as it grows: what the k-th partition costs, for 50 partitions of documents with random keys.

A tenth of each partition's documents share three of their 22 keys with one seen before, as in a crawl that repeats itself.
"""

import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.meter import Meter, cpu_seconds, read_lines

_SEED = 7
_SHARED_KEYS = 3
_SHINGLES = 400


def main(_: str, source: Path, output: Path) -> None:
    """`source`: a line {partitions, documents}, then real texts.

    Result: CPU seconds of each partition's deduplication and indexing, and how many of the texts are signed in a second.
    """
    import numpy as np
    import polars as pl

    from tests.benchmarks.ours import deduplicated, index
    from tier_assets.l1_filtered.dedup import INDEX, RELATED, deduplicate
    from tier_assets.l1_filtered.runs import Run
    from tier_assets.policies.filtered import Deduplication
    from tier_assets.text.signatures import CROSS_BANDS

    meter = Meter()
    job, *real = read_lines(source)
    count, policy = job["documents"], Deduplication()
    draw = np.random.default_rng(_SEED)
    width = policy.bands + CROSS_BANDS
    seen = np.empty((0, width), np.uint64)

    class Earlier:
        """One partition's run; its texts have nothing in common, so that all candidates are compared in vain."""

        def __init__(self, run: Run) -> None:
            self._run = run

        def related(self, keys: Any) -> pl.DataFrame:
            return self._run.related(keys).select(RELATED.names())

        def texts(self, doc_ids: Any) -> dict[str, str]:
            return texts(doc_ids)

    def texts(doc_ids: Any) -> dict[str, str]:
        return {doc_id: " ".join(doc_id[at : at + 3] for at in range(28)) for doc_id in doc_ids}

    def indexed(number: int) -> pl.DataFrame:
        nonlocal seen
        bands = draw.integers(0, 2**64, (count, width), np.uint64)
        if len(seen):
            repeats = draw.choice(count, count // 10, replace=False)
            columns = draw.choice(width, _SHARED_KEYS, replace=False)
            bands[np.ix_(repeats, columns)] = seen[draw.integers(0, len(seen), len(repeats))][:, columns]
        seen = np.vstack([seen, bands[draw.choice(count, max(1, count // 25), replace=False)]])
        numbers = draw.integers(0, 2**64, (3, count), np.uint64)
        values = {
            "doc_id": [f"{number:08x}{at:024x}" for at in range(count)],
            "text_high": numbers[0],
            "text_low": numbers[1],
            "shingles": np.full(count, _SHINGLES, np.uint32),
            "shingle_sum": numbers[2],
            "bands": pl.Series(bands).arr.to_list(),
        }
        return pl.DataFrame(values, schema=INDEX)

    deduplicated({"a": "one two three four five six", "b": "one two three four five six seven"})
    before = Earlier(Run.build(indexed(0)))
    deduplicate(indexed(1), texts=texts, earlier=[before], policy=policy)
    seen = seen[:0]
    meter.ready()
    seconds, sizes = [], []
    earlier: list[Earlier] = []
    for number in range(job["partitions"]):
        new = indexed(number)
        path = output.with_suffix(f".{number}.run")
        started = cpu_seconds()
        deduplicate(new, texts=texts, earlier=earlier, policy=policy)
        Run.build(new).write(path)
        opened = Run.open(path)
        seconds.append(cpu_seconds() - started)
        assert opened is not None
        earlier.append(Earlier(opened))
        sizes.append(path.stat().st_size)
    started = cpu_seconds()
    index({str(number): row["text"] for number, row in enumerate(real)})
    signed = len(real) / (cpu_seconds() - started)
    documents = count * len(seconds)
    result = {"seconds": seconds, "bytes_a_document": sum(sizes) / documents, "signed": signed}
    meter.write(output, documents=documents, bytes_read=0, **result)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
