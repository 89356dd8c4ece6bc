"""The greedy pass over candidates: for each new document the first kept one in the total order that it repeats.

Who is a candidate is `shared_keys.py`'s to say. Texts are read in pieces, so that memory holds a bounded part of them
however many there are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.shared_keys import Places, SharedKeys
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.shingles import Hashes, shingle_hashes
from tier_assets.text.signatures import band_keys, signatures_of

PIECE_SHINGLES = 1_000_000
"""Shingles of the texts compared at once, twice: some 50 MB with the texts they are made of."""

NONE = np.iinfo(np.int64).max
"""In `Found.first`: the document repeats none."""


@dataclass(frozen=True)
class Documents:
    """All documents by place: `digests` uint64[places, 2], of equal texts equal; `shingles` uint32[places], how many.

    `texts` gives the texts at some places, in their order.
    """

    digests: NDArray[np.uint64]
    shingles: NDArray[np.uint32]
    texts: Callable[[Places], Sequence[str]]


@dataclass(frozen=True)
class Found:
    """By place: the first kept document that it repeats, `NONE` for none, and how similar they are."""

    first: Places
    values: NDArray[np.float64]


@dataclass(frozen=True)
class _AtHand:
    """Texts that were read, as sets of hashes one after the other, with the keys of their bands."""

    places: Places
    hashes: Hashes
    starts: Places
    bands: NDArray[np.uint64]


def first_repeated(
    documents: Documents, shared: SharedKeys, *, policy: Deduplication, piece_shingles: int = PIECE_SHINGLES
) -> Found:
    """Greedy in the order of places: a document repeats a kept one before it of equal text, or one that shares a key
    and has a Jaccard similarity of at least `policy.min_jaccard`. One that repeats another is not kept, and repeats it only.
    """
    from tier_assets.l1_filtered.dedup_kernel import settle, wanted

    count = len(documents.digests)
    kept, first, tested = np.ones(count, np.bool_), np.full(count, NONE), np.full(count, -1)
    values, want = np.zeros(count), np.empty(count, np.bool_)
    for block in _pieces(shared.involved, documents.shingles, piece_shingles):
        begin, end = int(block[0]), int(block[-1]) + 1
        want[:] = False
        wanted(
            begin, end, shared.offset, shared.group_starts, shared.members, shared.document_starts, shared.groups,
            documents.digests, kept, want,
        )  # fmt: skip
        needed = np.flatnonzero(want)
        own = _read(documents, needed[needed >= begin], policy)
        for before in (*_pieces(needed[needed < begin], documents.shingles, piece_shingles), None):
            # Kept documents before the block come first in the order, so what they decide is decided.
            others = _read(documents, before if before is not None else needed[:0], policy)
            span = (int(before[0]), int(before[-1]) + 1) if before is not None else (0, end)
            rows, hashes, starts, bands = _together(others, own, count)
            settle(
                begin, end, *span, shared.offset, shared.group_starts, shared.members, shared.keys,
                shared.document_starts, shared.groups, documents.digests,
                rows, hashes, starts, bands, policy.min_jaccard, kept, first, values, tested,
            )  # fmt: skip
    return Found(first, values)


def _pieces(places: Places, shingles: NDArray[np.uint32], most: int) -> Iterator[Places]:
    """The places in runs of at most `most` shingles, in order; a larger document is a run of its own."""
    sizes = np.cumsum(shingles[places], dtype=np.int64)
    start = 0
    while start < len(places):
        before = int(sizes[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(sizes, before + most, side="right")))
        yield places[start:end]
        start = end


def _read(documents: Documents, places: Places, policy: Deduplication) -> _AtHand:
    sets = shingle_hashes(documents.texts(places), policy.ngram) if len(places) else []
    hashes = np.concatenate([np.empty(0, np.uint64), *sets])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(each) for each in sets], dtype=np.int64)])
    values = signatures_of(hashes, starts, permutations=policy.bands * policy.rows)
    return _AtHand(places, hashes, starts, band_keys(values, bands=policy.bands, rows=policy.rows))


def _together(one: _AtHand, other: _AtHand, count: int) -> tuple[Places, Hashes, Places, NDArray[np.uint64]]:
    """Row of each place, hashes, their starts and bands of both."""
    rows = np.full(count, -1)
    rows[one.places] = np.arange(len(one.places))
    rows[other.places] = np.arange(len(other.places)) + len(one.places)
    return (
        rows,
        np.concatenate([one.hashes, other.hashes]),
        np.concatenate([one.starts, other.starts[1:] + one.starts[-1]]),
        np.concatenate([one.bands, other.bands]),
    )
