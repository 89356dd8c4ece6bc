"""Deduplication: which documents repeat an earlier kept one, exactly or nearly.

Words, shingles and signatures are in `text/`; where earlier partitions' documents come from is `earlier.py`'s.

Greedy in one total order: a document is dropped if and only if a kept document before it is an exact duplicate or has a
Jaccard similarity of at least `min_jaccard` and shares a band of its signature. A dropped document drops no other, so
the verdicts do not depend on how the order was cut into partitions. At s = .75, .8, .85 a pair shares one of 14 bands
of 8 rows with probability .77, .92, .99: 1 - (1 - s^8)^14.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.shingles import Hashes, jaccard, shingle_hashes
from tier_assets.text.signatures import band_keys, signatures

INDEX = pl.Schema([("doc_id", pl.String()), ("text_sha256", pl.String()), ("bands", pl.List(pl.UInt64))])
"""Columns of `index`."""

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


class EarlierDocuments(Protocol):
    """Kept documents that come before all given ones in the total order."""

    @property
    def index(self) -> pl.DataFrame | None:
        """One row per document in the total order, as `index` gives it; None without any."""
        ...

    def texts(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """Texts of the named documents, by doc_id."""
        ...


class NoEarlierDocuments:
    """The `EarlierDocuments` of a source's first partition."""

    index: pl.DataFrame | None = None

    def texts(self, doc_ids: Sequence[str]) -> dict[str, str]:
        """Nothing, as there is nothing."""
        return {}


def index(documents: pl.DataFrame, *, policy: Deduplication) -> pl.DataFrame:
    """One row per document, in order: `INDEX`, from `doc_id` and `text`.

    `text_sha256` is of the folded text; `bands` holds one key for each band, none for a text of fewer words than
    `policy.ngram`, which is compared for equality only.
    """
    texts = documents["text"].to_list()
    keys = band_keys(
        signatures(texts, ngram=policy.ngram, permutations=policy.bands * policy.rows),
        bands=policy.bands,
        rows=policy.rows,
    )
    shingled = _shingled(keys, policy)
    return pl.DataFrame(
        {
            "doc_id": documents["doc_id"],
            "text_sha256": [folded_sha256(text) for text in texts],
            "bands": [row.tolist() if known else [] for row, known in zip(keys, shingled, strict=True)],
        },
        schema=INDEX,
    )


def _shingled(keys: NDArray[np.uint64], policy: Deduplication) -> NDArray[np.bool_]:
    """Which rows of keys come from a text with shingles: without any, a signature has a known value."""
    permutations = policy.bands * policy.rows
    none = band_keys(
        signatures([""], ngram=policy.ngram, permutations=permutations), bands=policy.bands, rows=policy.rows
    )
    return np.asarray((keys != none).any(axis=1))


def deduplicate(documents: pl.DataFrame, *, earlier: EarlierDocuments, policy: Deduplication) -> pl.DataFrame:
    """One row per dropped document, in order: `DUPLICATES`. The given order is the total order, after all earlier ones.

    Reads `doc_id` and `text`. `duplicate_of` is the first kept document in the total order of which the dropped one is
    a duplicate; `rule` is `exact_duplicate` (value and threshold 1) or `near_duplicate` (value: their Jaccard
    similarity). Only texts of candidates are compared, and only candidates' texts are asked of `earlier`.
    """
    new = index(documents, policy=policy)
    before = _related(earlier.index, new)
    known = earlier.texts(before["doc_id"].to_list())
    order = pl.concat([before, new])
    texts = [*(known[doc_id] for doc_id in before["doc_id"]), *documents["text"]]
    kept = _Kept(order["doc_id"].to_list(), texts, policy)
    rows = []
    for place, (doc_id, digest, bands) in enumerate(order.iter_rows()):
        found = kept.find(place, digest, bands) if place >= before.height else None
        if found is None:
            kept.add(place, digest, bands)
        else:
            rows.append((doc_id, *found))
    return pl.DataFrame(rows, schema=DUPLICATES, orient="row")


def _related(earlier: pl.DataFrame | None, new: pl.DataFrame) -> pl.DataFrame:
    """Rows of the earlier index that share a digest or a band with a new document, in order."""
    if earlier is None:
        return new.clear()
    numbered = earlier.with_row_index("place")
    by_band = (
        numbered.select("place", "bands")
        .explode("bands", empty_as_null=False)
        .filter(pl.col("bands").is_in(new["bands"].explode(empty_as_null=False).unique().implode()))
    )
    by_text = numbered.filter(pl.col("text_sha256").is_in(new["text_sha256"].implode()))
    places = pl.concat([by_band["place"], by_text["place"]]).unique()
    return numbered.filter(pl.col("place").is_in(places.implode())).drop("place")


class _Kept:
    """The kept documents so far, found by text and by band."""

    def __init__(self, doc_ids: Sequence[str], texts: Sequence[str], policy: Deduplication) -> None:
        self._doc_ids = doc_ids
        self._texts = texts
        self._ngram = policy.ngram
        self._least = policy.min_jaccard
        self._known: dict[int, Hashes] = {}
        self._by_text: dict[str, int] = {}
        self._by_band: dict[int, list[int]] = {}

    def add(self, place: int, digest: str, bands: Sequence[int]) -> None:
        """Keep the document at `place`."""
        self._by_text.setdefault(digest, place)
        for key in bands:
            self._by_band.setdefault(key, []).append(place)

    def find(self, place: int, digest: str, bands: Sequence[int]) -> tuple[str, str, float, float] | None:
        """The first kept document that `place` repeats: its doc_id, rule, value, threshold; None if it repeats none."""
        equal = self._by_text.get(digest)
        for candidate in self._candidates(bands, equal):
            if candidate == equal:
                return self._doc_ids[candidate], _EXACT, 1.0, 1.0
            similarity = self._similarity(place, candidate)
            if similarity >= self._least:
                return self._doc_ids[candidate], _NEAR, similarity, self._least
        return None

    def _candidates(self, bands: Sequence[int], equal: int | None) -> Iterator[int]:
        places = {place for key in bands for place in self._by_band.get(key, ())}
        yield from sorted(places if equal is None else places | {equal})

    def _similarity(self, place: int, candidate: int) -> float:
        left, right = self._shingles(place), self._shingles(candidate)
        # The similarity is at most the ratio of the sizes: most chance candidates end here.
        if min(len(left), len(right)) < self._least * max(len(left), len(right)):
            return 0.0
        return jaccard(left, right)

    def _shingles(self, place: int) -> Hashes:
        if place not in self._known:
            (self._known[place],) = shingle_hashes([self._texts[place]], self._ngram)
        return self._known[place]
