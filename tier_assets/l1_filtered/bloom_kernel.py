"""A blocked Bloom filter in machine code: a key's six bits lie in one block of 512, which is one line of memory.

Blocks follow one another as keys do, so that sorted keys walk through the filter: four times as fast as jumping about.
Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import compiled, inlined

_HALF, _MIX, _STEP, _IN_BLOCK, _IN_WORD, _WORD = (np.uint64(value) for value in (32, 29, 9, 511, 63, 6))
_ONE, _WORDS = np.uint64(1), np.uint64(8)
_BITS = 6


@inlined
def _block(key: np.uint64, words: int) -> np.uint64:
    return (((key >> _HALF) * (np.uint64(words) // _WORDS)) >> _HALF) * _WORDS


@compiled
def add(bloom: NDArray[np.uint64], keys: NDArray[np.uint64]) -> None:
    """Add keys to a filter of uint64[8 * blocks]."""
    for key in keys:
        block = _block(key, bloom.shape[0])
        bits = key ^ (key >> _MIX)
        for _ in range(_BITS):
            place = bits & _IN_BLOCK
            bloom[block + (place >> _WORD)] |= _ONE << (place & _IN_WORD)
            bits >>= _STEP


@compiled
def find(bloom: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which keys are likely there: all that were added, and about one in 500 others at 16 bits a key."""
    out = np.empty(keys.shape[0], np.bool_)
    for at in range(keys.shape[0]):
        key = keys[at]
        block = _block(key, bloom.shape[0])
        bits = key ^ (key >> _MIX)
        there = True
        for _ in range(_BITS):
            place = bits & _IN_BLOCK
            if (bloom[block + (place >> _WORD)] >> (place & _IN_WORD)) & _ONE == 0:
                there = False
                break
            bits >>= _STEP
        out[at] = there
    return out
