"""End to end: a folder of WARC files to deduplicated Parquet, by FineWeb's recipe, in one process on one core."""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.language import serve_model
from tests.benchmarks.contenders.meter import Meter

WARCS = "warcs"
"""The folder of the input, in the folder of the model."""


def _ours(folder: Path, target: Path, *, archived: bool) -> Callable[[Meter], dict[str, Any]]:
    from tests.benchmarks.ours import warm_pipeline

    run = warm_pipeline(archived=archived)
    files = sorted((folder / WARCS).iterdir())
    return lambda meter: run(files, target, meter)


def _datatrove(folder: Path, target: Path) -> Callable[[Meter], dict[str, Any]]:
    """examples/fineweb.py with one task, every language, and without the lists of blocked URLs, which it may not have.

    Texts of the first step go to JSONL as there, those of the last to Parquet.
    """
    import cchardet  # noqa: F401 - warm-up, as all that follows
    import magic  # noqa: F401
    import pyarrow.parquet as pq
    import trafilatura  # noqa: F401
    import warcio  # noqa: F401
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
        LanguageFilter,
    )
    from datatrove.pipeline.readers import JsonlReader, WarcReader
    from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
    from datatrove.utils.text import split_into_words

    serve_model(folder)
    split_into_words("Loads the tokenizer.")
    with ParquetWriter(str(target / "warm-up")) as writer:
        writer.write(Document(text="Loads what the writer needs.", id=""))
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    filtered, signatures, buckets, removed, kept = (
        str(target / name) for name in ("filtered", "signatures", "buckets", "removed", "kept")
    )
    stages: dict[str, tuple[int, list[Any]]] = {
        "read, extract and filter": (
            1,
            [
                WarcReader(str(folder / WARCS)),
                Trafilatura(favour_precision=True),
                LanguageFilter(),
                GopherRepetitionFilter(),
                GopherQualityFilter(),
                C4QualityFilter(filter_no_terminal_punct=False),
                FineWebQualityFilter(),
                JsonlWriter(filtered),
            ],
        ),
        "signatures": (1, [JsonlReader(filtered), MinhashDedupSignature(signatures, config)]),
        # One task a bucket: it takes no other number.
        "buckets": (config.num_buckets, [MinhashDedupBuckets(signatures, buckets, config=config)]),
        "clusters": (1, [MinhashDedupCluster(buckets, removed, config=config)]),
        "write": (1, [JsonlReader(filtered), MinhashDedupFilter(removed), ParquetWriter(kept)]),
    }

    def run(meter: Meter) -> dict[str, Any]:
        read = 0
        for name, (tasks, steps) in stages.items():
            logs = str(target / "logs" / name.split(",")[0])
            with meter.stage(name):
                stats = LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=logs).run()
            if not read:
                read = stats.stats[0].stats["documents"].total
        rows = sum(pq.read_metadata(path).num_rows for path in Path(kept).iterdir())
        return {"documents": read, "bytes_read": 0, "kept": rows}

    return run


CONTENDERS: dict[str, Callable[[Path, Path], Callable[[Meter], dict[str, Any]]]] = {
    "strata": partial(_ours, archived=False),
    "strata-archived": partial(_ours, archived=True),
    "datatrove": _datatrove,
}


def main(who: str, source: Path, output: Path) -> None:
    """From the folder `source` to files beside `output`; how many documents were kept is the result."""
    meter = Meter()
    target = output.with_suffix(".files")
    shutil.rmtree(target, ignore_errors=True)
    run = CONTENDERS[who](source, target)
    meter.ready()
    found = run(meter)
    meter.write(output, **found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
