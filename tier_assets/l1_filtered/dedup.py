"""Deduplication: which documents repeat an earlier kept one, exactly or nearly.

Words, shingles and signatures are in `text/`; earlier partitions' documents are `earlier.py`'s; who is a candidate,
`shared_keys.py`'s; comparing, `comparison.py`'s.

Greedy in one total order: a document is dropped if and only if a kept document before it is an exact duplicate or has a
Jaccard similarity of at least `min_jaccard` and shares a key of its signature: one of the bands, or of the bands across
them (`signatures.band_keys`). A dropped document drops no other, so the verdicts do not depend on how the order was cut
into partitions. At s = .75, .8, .85 a pair shares one of 14 bands of 8 rows with probability .77, .92, .99:
1 - (1 - s^8)^14; one of these or of the 8 bands across with .94, .987, .999 (decisions/0010).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.l1_filtered.comparison import NONE, Documents, first_repeated
from tier_assets.l1_filtered.shared_keys import Places, shared_keys
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.buffers import chunks
from tier_assets.text.folding import folded_digests
from tier_assets.text.shingles import lowered, sorted_distinct
from tier_assets.text.signatures import band_keys, sketches

DIGEST = ("text_high", "text_low")
"""Columns of the first 16 bytes of the folded text's sha256: equal means an exact duplicate."""

INDEX = pl.Schema(
    [
        ("doc_id", pl.String()),
        ("text_high", pl.UInt64()),
        ("text_low", pl.UInt64()),
        ("shingles", pl.UInt32()),
        ("shingle_sum", pl.UInt64()),
        ("bands", pl.List(pl.UInt64())),
    ]
)
"""Columns of `index`: 260 bytes a document in memory, with a doc_id of 32 digits and 22 keys in `bands`."""

RELATED = pl.Schema(
    [
        ("doc_id", pl.String()),
        ("text_high", pl.UInt64()),
        ("text_low", pl.UInt64()),
        ("shingles", pl.UInt32()),
        ("keys", pl.List(pl.UInt64())),
    ]
)
"""Columns of `EarlierPartition.related`."""

DUPLICATES = pl.Schema(
    {
        "doc_id": pl.String,
        "duplicate_of": pl.String,
        "rule": pl.String,
        "value": pl.Float64,
        "threshold": pl.Float64,
    }
)
"""Columns of `deduplicate`."""

_EXACT, _NEAR = "exact_duplicate", "near_duplicate"

Texts = Callable[[Sequence[str]], Mapping[str, str]]
"""Texts of the named documents, by doc_id."""


class EarlierPartition(Protocol):
    """Kept documents of one partition, all of which come before the given ones in the total order."""

    def related(self, keys: NDArray[np.uint64]) -> pl.DataFrame:
        """The documents with one of these keys, which are sorted and distinct, in order: `RELATED`.

        Keys are those of bands, and `text_low` for the text. Those found may be too many, by chance, never too few.
        """
        ...

    def texts(self, doc_ids: Sequence[str]) -> Mapping[str, str]:
        """Texts of the named documents, by doc_id."""
        ...


EarlierDocuments = Iterable[EarlierPartition]
"""Earlier partitions in the total order."""


def index(documents: pl.DataFrame, *, policy: Deduplication) -> pl.DataFrame:
    """One row per document, in order, from `doc_id` and `text`: all that is known of it where texts are not at hand.

    `text_high`, `text_low`: see `DIGEST`. `shingles`: how many; 0 for a text of fewer words than `policy.ngram`, which is
    compared for equality only. `shingle_sum`: sum of their hashes modulo 2^64. `bands`: the signature's keys.
    """
    found = [_index_of(chunk, policy) for chunk in chunks(documents["text"].to_list())]
    columns = pl.concat([INDEX.to_frame().drop("doc_id"), *found])
    return pl.concat([documents.select("doc_id"), columns], how="horizontal")


def _index_of(texts: Sequence[str], policy: Deduplication) -> pl.DataFrame:
    buffer = lowered(texts)
    digests = folded_digests(texts, buffer)
    found = sketches(buffer, ngram=policy.ngram, permutations=policy.bands * policy.rows)
    return pl.DataFrame(
        {
            "text_high": digests[:, 0],
            "text_low": digests[:, 1],
            "shingles": found.shingles,
            "shingle_sum": found.sums,
            "bands": pl.Series(band_keys(found.values, bands=policy.bands, rows=policy.rows)).arr.to_list(),
        }
    )


def deduplicate(new: pl.DataFrame, *, texts: Texts, earlier: EarlierDocuments, policy: Deduplication) -> pl.DataFrame:
    """One row per dropped document, in order: `DUPLICATES`. `new` is an `index`; its order is the total order.

    `duplicate_of` is the first kept document in the total order of which the dropped one is a duplicate: the survivor of
    its cluster. `rule` is `exact_duplicate` (value and threshold 1) or `near_duplicate` (value: their Jaccard similarity).
    Only texts of candidates are asked for, of `texts` and of `earlier`, some at a time.
    """
    # Documents equal in text and in shingles meet one fate, so only the first of them is looked at.
    twins = pl.col("place").first().over(*DIGEST, "shingles", "shingle_sum")
    first = new.with_row_index("place").select(twins)["place"].to_numpy().astype(np.int64)
    firsts = np.flatnonzero(first == np.arange(new.height))
    looked_at = new[firsts]
    keys, valid = keys_of(looked_at)
    partitions = tuple(earlier)
    distinct = sorted_distinct(keys[valid])
    related = [each.related(distinct) for each in partitions]
    before = pl.concat([RELATED.to_frame(), *related])
    pairs = before.select("keys").with_row_index("place").explode("keys", empty_as_null=False)
    shared = shared_keys(
        keys, valid, pairs["keys"].to_numpy(), pairs["place"].to_numpy().astype(np.int64), before.height
    )
    order = pl.concat([before.drop("keys"), looked_at.select("doc_id", *DIGEST, "shingles")])
    sources = [*(each.texts for each in partitions), texts]
    read = _reader(order["doc_id"], sources, [*(frame.height for frame in related), looked_at.height])
    documents = Documents(order.select(DIGEST).to_numpy(), order["shingles"].to_numpy(), read)
    found = first_repeated(documents, shared, policy=policy)
    return _duplicates(new, first, firsts, order, found.first[before.height :], found.values[before.height :], policy)


def keys_of(indexed: pl.DataFrame) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Keys by which the documents of an index are found, uint64[documents, bands + 1], and which of them count.

    The last is `text_low`. A text without shingles has no bands: it would share them with every other such text.
    """
    bands = indexed["bands"].explode(empty_as_null=False).to_numpy()
    bands = bands.reshape(indexed.height, len(bands) // max(indexed.height, 1))
    keys = np.column_stack([bands, indexed["text_low"].to_numpy()])
    valid = np.ones(keys.shape, np.bool_)
    valid[:, :-1] = (indexed["shingles"].to_numpy() > 0)[:, np.newaxis]
    return keys, valid


def _reader(doc_ids: pl.Series, sources: Sequence[Texts], sizes: Sequence[int]) -> Callable[[Places], list[str]]:
    """What reads texts by place: each of the sources has so many of the places, in order."""
    borders = np.concatenate([[0], np.cumsum(sizes)])

    def read(places: Places) -> list[str]:
        found: list[str] = []
        for source, start, end in zip(sources, borders[:-1], borders[1:], strict=True):
            wanted = doc_ids[places[(places >= start) & (places < end)]].to_list()
            known = source(wanted) if wanted else {}
            found += [known[doc_id] for doc_id in wanted]
        return found

    return read


def _duplicates(
    new: pl.DataFrame,
    first: Places,
    firsts: Places,
    order: pl.DataFrame,
    found: Places,
    values: NDArray[np.float64],
    policy: Deduplication,
) -> pl.DataFrame:
    """The verdicts on all documents from those on the first of each kind."""
    offset = order.height - len(firsts)
    # Row among the first of each kind of every document.
    row = np.searchsorted(firsts, first)
    repeats = np.where(
        found[row] != NONE, found[row], np.where(firsts[row] < np.arange(len(first)), row + offset, NONE)
    )
    value = np.where(found[row] != NONE, values[row], 1.0)
    dropped = np.flatnonzero(repeats != NONE)
    original, copy = order[repeats[dropped]], new[dropped]
    exact = (original["text_high"] == copy["text_high"]) & (original["text_low"] == copy["text_low"])
    return pl.DataFrame(
        {
            "doc_id": copy["doc_id"],
            "duplicate_of": original["doc_id"],
            "equal": exact,
            "value": value[dropped],
        }
    ).select(
        "doc_id",
        "duplicate_of",
        rule=pl.when("equal").then(pl.lit(_EXACT)).otherwise(pl.lit(_NEAR)),
        value=pl.col("value").cast(pl.Float64),
        threshold=pl.when("equal").then(1.0).otherwise(policy.min_jaccard),
    )


def cluster_sizes(decisions: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """How many documents each cluster has, its survivor included: `doc_id` of the survivor, `cluster_size` (int64).

    Reads `duplicate_of` of `DUPLICATES` or of decisions. Over one partition it counts the duplicates there, over several
    all of theirs. Documents without duplicates there are no rows: their clusters have the size 1.
    """
    frames = [each.select(pl.col("duplicate_of").alias("doc_id")) for each in decisions]
    named = pl.concat([DUPLICATES.to_frame().select(pl.col("duplicate_of").alias("doc_id")), *frames])
    return named.drop_nulls().group_by("doc_id", maintain_order=True).agg(cluster_size=pl.len().cast(pl.Int64) + 1)
