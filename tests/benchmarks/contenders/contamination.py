"""Texts that repeat a benchmark's items: which are found, and how fast."""

import sys
from pathlib import Path

from tests.benchmarks.contenders.meter import Meter, read_lines

ITEMS = "items.jsonl"
"""The items' file (`benchmark`, `id`, `question`), in the folder of the input."""


def main(_: str, source: Path, output: Path) -> None:
    """Search every text of `source` (JSONL with `text`); which repeat an item is the result."""
    from tests.benchmarks.ours import benchmark_index, contaminated

    meter = Meter()
    texts = [row["text"] for row in read_lines(source)]
    index = benchmark_index(read_lines(source.parent / ITEMS))
    contaminated(texts[:8], index)
    meter.ready()
    with meter.stage("search"):
        found = contaminated(texts, index)
    meter.write(output, documents=len(texts), bytes_read=sum(len(text.encode()) for text in texts), found=found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
