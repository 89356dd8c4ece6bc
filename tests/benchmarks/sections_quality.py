"""Sections on what is found, against labels: near-duplicates, private data, contamination."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.benchmarks import inputs
from tests.benchmarks.contenders.contamination import ITEMS
from tests.benchmarks.contenders.near import THRESHOLD
from tests.benchmarks.figures import Found, found, number, removal, share
from tests.benchmarks.page import Section, Table, raw, speeds
from tests.benchmarks.processes import PEERS, Bench, Contender

_KINDS = {
    "email": ("EMAIL_ADDRESS",),
    "ip": ("IP_ADDRESS",),
    "phone": ("PHONE_NUMBER",),
    "iban": ("IBAN_CODE",),
    "card": ("CREDIT_CARD",),
}


def near_duplicates(bench: Bench) -> Section:
    """Which documents are removed, against exact Jaccard similarities."""
    documents, pairs = inputs.near_duplicate_sets(bench.data)
    source = inputs.written(bench.work / "near.jsonl", documents)
    contenders = {
        "strata": Contender("near", "strata"),
        "rensa": Contender("near", "rensa", PEERS),
        "text-dedup": Contender("near", "text-dedup", PEERS),
    }
    runs = bench.in_turn(contenders, source)
    rows = []
    for name, listed in pairs.items():
        ids = [row["id"] for row in documents if row["set"] == name]
        known = set(ids)
        alike = {pair: similarity >= THRESHOLD for pair, similarity in listed.items() if known.issuperset(pair)}
        scores = [removal(ids, some[0].result["kept"][name], alike) for some in runs.values()]
        rows.append([name, f"{len(ids):,}", f"{sum(alike.values()):,}", *map(_both, scores)])
    return Section(
        "Near-duplicates",
        f"Which documents are removed at a Jaccard similarity of {THRESHOLD}, judged by the exact similarities of "
        "all pairs of "
        "each set (word 5-grams): precision is the share of removed documents that have a pair of at least so "
        "much, recall the "
        "share of such pairs of which not both are kept. All with 112 permutations in 14 bands of 8 but rensa, whose "
        "deduplicator chooses its own bands for 112; Strata adds eight bands of 6 across the 14. MinHash may miss a pair "
        "near the threshold; Strata compares candidates "
        "exactly, rensa by their sketches, text-dedup takes them as they are.",
        [Table(("set", "documents", "pairs", *(f"{name}: precision / recall" for name in runs)), rows)],
        raw(runs),
    )


def _both(score: Found) -> str:
    return f"{share(score.precision)} / {share(score.recall)}"


def private_data(bench: Bench) -> Section:
    """Masking, by kind, against labelled spans."""
    rows = inputs.sampled(inputs.rows(bench.data / "pii" / "presidio_synth_v2.jsonl.zst"), bench.sample)
    source = inputs.written(bench.work / "private.jsonl", rows)
    contenders = {
        "strata": Contender("private_data", "strata"),
        "datatrove": Contender("private_data", "datatrove", PEERS),
    }
    runs = bench.in_turn(contenders, source)
    table = []
    for kind, labels in _KINDS.items():
        wanted = [[span["entity_value"] for span in row["spans"] if span["entity_type"] in labels] for row in rows]
        scores = [_masking(some[0].result, kind, wanted) for some in runs.values()]
        table.append([kind, str(sum(map(len, wanted))), *scores])
    return Section(
        "Private data",
        f"{len(rows):,} synthetic sentences with labelled spans (presidio-research). Precision: of the places "
        "masked as a kind, "
        "those that the sentence's labels account for; recall: of the labelled values, those that are gone. datatrove "
        "knows two kinds, and leaves IP addresses of private ranges as Strata does.",
        [Table(("kind", "labelled", *(f"{name}: precision / recall" for name in runs)), table), speeds(runs, "strata")],
        raw(runs),
    )


def _masking(result: Any, kind: str, wanted: Sequence[Sequence[str]]) -> str:
    if kind not in result["counts"]:
        return "-"
    places = result["counts"][kind]
    right = sum(min(count, len(values)) for count, values in zip(places, wanted, strict=True))
    gone = sum(value not in text for text, values in zip(result["texts"], wanted, strict=True) for value in values)
    total = sum(map(len, wanted))
    return _both(Found(right / sum(places) if sum(places) else 1.0, gone / total if total else 1.0))


def contamination(bench: Bench) -> Section:
    """Pages with a benchmark's question in them."""
    items = list(inputs.rows(bench.data / "benchmarks" / "questions.jsonl.zst"))
    documents = inputs.sampled(inputs.rows(bench.data / "benchmarks" / "contaminated_docs.jsonl.zst"), bench.sample)
    inputs.written(bench.work / ITEMS, items)
    source = inputs.written(bench.work / "documents.jsonl", documents)
    runs = bench.in_turn({"strata": Contender("contamination", "strata")}, source)
    truth = {row["id"] for row in documents if row["contaminated"]}
    hits = {row["id"] for row, hit in zip(documents, runs["strata"][0].result["found"], strict=True) if hit}
    grams = {row["id"] for row in documents if row["items_with_13gram_overlap"]}
    modes = Counter(row["mode"] for row in documents if row["contaminated"])
    by_mode = [
        [mode, str(count), *(share(len(chosen & _of_mode(documents, mode)) / count) for chosen in (hits, grams))]
        for mode, count in sorted(modes.items())
    ]
    speed = sorted(run.speed for run in runs["strata"])[len(runs["strata"]) // 2]
    return Section(
        "Contamination",
        f"{len(documents):,} pages of C4, {len(truth):,} of them with a question of {len(items):,} benchmark "
        "items inserted, as it "
        f"stands or changed, at {number(speed)} documents/CPU-s. A shared 13-gram is the usual way to tell.",
        [
            Table(
                ("", "precision / recall"),
                [["strata", _both(found(hits, truth))], ["a shared 13-gram", _both(found(grams, truth))]],
            ),
            Table(("recall by kind of insertion", "pages", "strata", "a shared 13-gram"), by_mode),
        ],
        raw(runs),
    )


def _of_mode(documents: Sequence[dict[str, Any]], mode: str) -> set[str]:
    return {row["id"] for row in documents if row.get("mode") == mode}
