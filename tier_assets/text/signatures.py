"""MinHash signatures and band keys of texts, equal to datasketch's to the bit. What a shingle is, says `shingles.py`.

Whether two candidates are duplicates is L1's to decide, by exact similarity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import Buffer, character_flags, chunks
from tier_assets.text.shingles import SHINGLE_FACTOR, lowered, shingle_hash

SIGNATURES = "minhash-affine32-2"
"""Name and version of signatures and their keys; stored keys of another version do not compare."""

CROSS_BANDS, CROSS_ROWS = 8, 6
"""Bands across the others, and rows of each: what they are worth says decisions/0010."""

_SEED = 1
_HIGH_HALF = 32


def hash32(shingle: bytes) -> int:
    """The 32-bit hash that signatures permute: the upper half of `shingle_hash`. Pass it to datasketch as `hashfunc`."""
    return shingle_hash(shingle) >> _HIGH_HALF


@dataclass(frozen=True)
class Sketches:
    """What near-duplicate search keeps of texts, one row a text.

    `values`: uint32[texts, permutations], the signatures; `shingles`: how many shingles, repeated ones too, uint32;
    `sums`: the sum of their hashes modulo 2^64, uint64. Texts of equal counts and sums have the same shingles, up to
    collisions.
    """

    values: NDArray[np.uint32]
    shingles: NDArray[np.uint32]
    sums: NDArray[np.uint64]


def sketches(buffer: Buffer, *, ngram: int, permutations: int) -> Sketches:
    """Sketches of lower-cased texts (`shingles.lowered`). A text without shingles has only 2^32 - 1 in its signature."""
    from tier_assets.text.minhash_kernel import hash_shingles, minimum_hashes

    hashes, starts = hash_shingles(buffer.data, buffer.offsets, character_flags(), ngram)
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes)])[starts]
    return Sketches(
        values=minimum_hashes(hashes, starts, *_permutations(permutations)),
        shingles=np.diff(starts).astype(np.uint32),
        sums=totals[1:] - totals[:-1],
    )


def signatures(texts: Sequence[str], *, ngram: int, permutations: int) -> NDArray[np.uint32]:
    """MinHash signatures of texts, uint32[texts, permutations].

    Equal to `datasketch.MinHash(num_perm=permutations, scheme="affine32", hashfunc=hash32)` (2.0) updated with every
    shingle of the text in UTF-8. A text without shingles has only 2^32 - 1.
    """
    parts = [np.empty((0, permutations), np.uint32)]
    parts += [sketches(lowered(chunk), ngram=ngram, permutations=permutations).values for chunk in chunks(texts)]
    return np.concatenate(parts)


def signatures_of(hashes: NDArray[np.uint64], starts: NDArray[np.int64], *, permutations: int) -> NDArray[np.uint32]:
    """Signatures of sets of shingle hashes: set i = hashes[starts[i]:starts[i + 1]]. Repeated hashes change nothing."""
    from tier_assets.text.minhash_kernel import minimum_hashes

    return minimum_hashes(hashes, starts, *_permutations(permutations))


def _permutations(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Odd multipliers and increments of h -> a * h + b modulo 2^32, drawn as datasketch 2.0 draws them."""
    generator = np.random.RandomState(_SEED)
    multipliers = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return multipliers, generator.randint(0, 1 << 32, count, dtype=np.uint32)


def band_keys(values: NDArray[np.uint32], *, bands: int, rows: int) -> NDArray[np.uint64]:
    """Keys of the bands, then of the bands across them, uint64[texts, at most bands + CROSS_BANDS].

    `values` is [texts, bands * rows]. A band is `rows` consecutive values. Those across take the same values in another
    order, the first of every band, the second of every band and so on, CROSS_ROWS at a time, as many as there are values
    for. Texts that share a key are candidates. The band's number is part of its key, so keys of different bands can lie
    in one index. key = number, from 1; for each value: key = (key ^ value) * SHINGLE_FACTOR modulo 2^64, key ^= key >> 31.
    """
    banded = values.reshape(-1, bands, rows)
    across = min(CROSS_BANDS, bands * rows // CROSS_ROWS)
    crossed = banded.transpose(0, 2, 1).reshape(len(banded), bands * rows)[:, : across * CROSS_ROWS]
    return np.hstack([_keys(banded, 1), _keys(crossed.reshape(len(banded), across, CROSS_ROWS), bands + 1)])


def _keys(banded: NDArray[np.uint32], first: int) -> NDArray[np.uint64]:
    """Keys of values[texts, bands, rows], of which the bands are numbered from `first`."""
    wide = banded.astype(np.uint64)
    keys = np.broadcast_to(np.arange(first, first + wide.shape[1], dtype=np.uint64), wide.shape[:2])
    for row in range(wide.shape[2]):
        keys = (keys ^ wide[:, :, row]) * np.uint64(SHINGLE_FACTOR)
        keys = keys ^ (keys >> np.uint64(31))
    return keys
