"""Near-duplicates in labelled sets: which documents each system keeps, at a Jaccard similarity of .75."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.contenders.meter import Meter, read_lines
from tests.benchmarks.contenders.signatures import BANDS, NGRAM, PERMUTATIONS, ROWS, shingles

THRESHOLD = 0.75
Keep = Callable[[dict[str, str]], list[str]]
"""Names of the texts that are kept, of texts by name in the total order."""


def _ours() -> Keep:
    from tests.benchmarks.ours import deduplicated

    return deduplicated


def _rensa() -> Keep:
    """Its deduplicator as its documentation shows it, on the shingles that the labels are made of."""
    from rensa import RMinHashDeduplicator

    def keep(texts: dict[str, str]) -> list[str]:
        deduplicator = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=PERMUTATIONS, use_lsh=True)
        unique = deduplicator.add_pairs((name, shingles(text)) for name, text in texts.items())
        return [name for name, kept in zip(texts, unique, strict=True) if kept]

    return keep


def _text_dedup(folder: Path) -> Keep:
    """Its command, on a data set on disk, with as many bands and rows as the others."""
    from datasets import Dataset, load_from_disk

    options = {"ngram": NGRAM, "num_perm": PERMUTATIONS, "b": BANDS, "r": ROWS, "threshold": THRESHOLD}

    def keep(texts: dict[str, str]) -> list[str]:
        before, after = folder / "text-dedup-in", folder / "text-dedup-out"
        Dataset.from_dict({"name": list(texts), "text": list(texts.values())}).save_to_disk(str(before))
        command = [sys.executable, "-m", "text_dedup.minhash", "--path", str(before), "--local", "--split", "train"]
        command += ["--column", "text", "--output", str(after), "--num_proc", "1"]
        command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return list(load_from_disk(str(after))["name"])

    return keep


def main(who: str, source: Path, output: Path) -> None:
    """Deduplicate the texts of each `set` of `source` (JSONL with `set`, `id`, `text`); what is kept is the result."""
    meter = Meter()
    rows = read_lines(source)
    keep = {"strata": _ours, "rensa": _rensa, "text-dedup": lambda: _text_dedup(output.parent)}[who]()
    meter.ready()
    kept = {}
    for name in dict.fromkeys(row["set"] for row in rows):
        with meter.stage(name):
            kept[name] = keep({row["id"]: row["text"] for row in rows if row["set"] == name})
    meter.write(output, documents=len(rows), bytes_read=sum(len(row["text"].encode()) for row in rows), kept=kept)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
