"""Machine code behind `shingles.py` and `signatures.py`, which say what it computes; the tests hold it to them.

Import inside functions only (see `compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE, WORD
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.shingles import FNV_BASIS, FNV_PRIME, SHINGLE_FACTOR

# numba turns an unsigned and a signed integer into a float, so every constant has its type.
_BASIS = np.uint64(FNV_BASIS)
_PRIME = np.uint64(FNV_PRIME)
_FACTOR = np.uint64(SHINGLE_FACTOR)
_MIX_1, _MIX_2, _SHIFT = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
_MIX32_1, _MIX32_2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_SHIFT32_1, _SHIFT32_2 = np.uint32(16), np.uint32(13)
_HIGH_HALF = np.uint64(32)
_EMPTY = np.uint32(0xFFFFFFFF)


@inlined
def _finalize(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _SHIFT)) * _MIX_1
    value = (value ^ (value >> _SHIFT)) * _MIX_2
    return value ^ (value >> _SHIFT)


@inlined
def _width(lead: np.uint8) -> int:
    return 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@inlined
def _code_point(data: NDArray[np.uint8], at: int, width: int) -> np.int64:
    lead = np.int64(data[at])
    if width == 1:
        return lead
    point = lead & (0x7F >> width)
    for step in range(1, width):
        point = (point << 6) | (np.int64(data[at + step]) & 0x3F)
    return point


@compiled
def _word_hashes(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], out: NDArray[np.uint64]
) -> int:
    """Hashes of the words of one text into `out`; returns how many."""
    count = 0
    digest = _BASIS
    open_word = False
    at = start
    while at < end:
        width = _width(data[at])
        kind = flags[_code_point(data, at, width)]
        alone = (kind & ALONE) != 0
        if open_word and (alone or (kind & WORD) == 0):
            out[count] = _finalize(digest)
            count += 1
            digest = _BASIS
            open_word = False
        if kind & WORD:
            for step in range(width):
                digest = (digest ^ np.uint64(data[at + step])) * _PRIME
            open_word = True
            if alone:
                out[count] = _finalize(digest)
                count += 1
                digest = _BASIS
                open_word = False
        at += width
    if open_word:
        out[count] = _finalize(digest)
        count += 1
    return count


@compiled
def hash_shingles(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8], ngram: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of all shingles of lower-cased texts, in order and repeated, and where each text's begin."""
    texts = offsets.shape[0] - 1
    longest = 0
    for text in range(texts):
        longest = max(longest, offsets[text + 1] - offsets[text])
    word_hashes = np.empty(longest, np.uint64)
    starts = np.zeros(texts + 1, np.int64)
    # A word takes a byte and a separator, but a character that is a word alone takes two bytes or more: at most one
    # word for two bytes, and one more at the end of each text.
    hashes = np.empty(offsets[texts] // 2 + texts, np.uint64)
    total = 0
    for text in range(texts):
        count = _word_hashes(data, offsets[text], offsets[text + 1], flags, word_hashes)
        for first in range(count - ngram + 1):
            value = np.uint64(0)
            for step in range(ngram):
                value = value * _FACTOR + word_hashes[first + step]
            hashes[total] = _finalize(value)
            total += 1
        starts[text + 1] = total
    return hashes[:total].copy(), starts


@compiled
def minimum_hashes(
    hashes: NDArray[np.uint64],
    starts: NDArray[np.int64],
    multipliers: NDArray[np.uint32],
    increments: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """MinHash values by datasketch's scheme affine32, one row a text; a text without shingles is all ones."""
    texts = starts.shape[0] - 1
    permutations = multipliers.shape[0]
    out = np.empty((texts, permutations), np.uint32)
    lowest = np.empty(permutations, np.uint32)
    for text in range(texts):
        for row in range(permutations):
            lowest[row] = _EMPTY
        for at in range(starts[text], starts[text + 1]):
            value = np.uint32(hashes[at] >> _HIGH_HALF)
            value = np.uint32((value ^ (value >> _SHIFT32_1)) * _MIX32_1)
            value = np.uint32((value ^ (value >> _SHIFT32_2)) * _MIX32_2)
            value = value ^ (value >> _SHIFT32_1)
            for row in range(permutations):
                lowest[row] = min(lowest[row], np.uint32(multipliers[row] * value + increments[row]))
        out[text] = lowest
    return out
