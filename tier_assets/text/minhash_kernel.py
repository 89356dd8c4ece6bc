"""Machine code behind `shingles.py` and `signatures.py`, which say what it computes; the tests hold it to them.

Import inside functions only (see `compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE, SPACE, WORD
from tier_assets.text.characters import code_point, width_of
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.eights import finalized
from tier_assets.text.shingles import SHINGLE_FACTOR, WORD_BASIS

# numba turns an unsigned and a signed integer into a float, so every constant has its type.
_BASIS = np.uint64(WORD_BASIS)
_FACTOR = np.uint64(SHINGLE_FACTOR)
_BYTE, _CHUNK, _NONE, _HALF = np.uint64(8), np.uint64(64), np.uint64(0), np.uint64(32)
_MIX32_1, _MIX32_2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_SHIFT32_1, _SHIFT32_2 = np.uint32(16), np.uint32(13)
_HIGH_HALF = np.uint64(32)
_EMPTY = np.uint32(0xFFFFFFFF)


@inlined
def _absorb(digest: np.uint64, chunk: np.uint64) -> np.uint64:
    digest = (digest ^ chunk) * _FACTOR
    return digest ^ (digest >> _HALF)


@compiled
def _word_hashes(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], out: NDArray[np.uint64]
) -> int:
    """Hashes of the words of one text into `out`; returns how many."""
    count = 0
    digest, chunk, filled = _BASIS, _NONE, _NONE
    at = start
    while at < end:
        lead = data[at]
        # Most text is ASCII, which needs no decoding and has no words of one character.
        if lead < 0x80:
            at += 1
            if flags[lead] & WORD:
                if filled == _CHUNK:
                    digest, chunk, filled = _absorb(digest, chunk), _NONE, _NONE
                chunk |= np.uint64(lead) << filled
                filled += _BYTE
            elif filled:
                out[count] = finalized(_absorb(digest, chunk))
                count += 1
                digest, chunk, filled = _BASIS, _NONE, _NONE
            continue
        width = width_of(lead)
        kind = flags[code_point(data, at, width)]
        if filled and (kind & ALONE or not kind & WORD):
            out[count] = finalized(_absorb(digest, chunk))
            count += 1
            digest, chunk, filled = _BASIS, _NONE, _NONE
        if kind & WORD:
            for step in range(width):
                if filled == _CHUNK:
                    digest, chunk, filled = _absorb(digest, chunk), _NONE, _NONE
                chunk |= np.uint64(data[at + step]) << filled
                filled += _BYTE
            if kind & ALONE:
                out[count] = finalized(_absorb(digest, chunk))
                count += 1
                digest, chunk, filled = _BASIS, _NONE, _NONE
        at += width
    if filled:
        out[count] = finalized(_absorb(digest, chunk))
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
    # What the first word of a window weighs once the window has moved on.
    gone = np.uint64(1)
    for _ in range(ngram):
        gone *= _FACTOR
    total = 0
    for text in range(texts):
        count = _word_hashes(data, offsets[text], offsets[text + 1], flags, word_hashes)
        value = np.uint64(0)
        for word in range(count):
            value = value * _FACTOR + word_hashes[word]
            if word >= ngram:
                value -= gone * word_hashes[word - ngram]
            if word >= ngram - 1:
                hashes[total] = finalized(value)
                total += 1
        starts[text + 1] = total
    return hashes[:total].copy(), starts


@compiled
def collapse_space(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts with one space for each run of white space and none at their ends, and where each begins."""
    texts = offsets.shape[0] - 1
    out = np.empty(data.shape[0] + 1, np.uint8)
    starts = np.zeros(texts + 1, np.int64)
    size = 0
    for text in range(texts):
        begin = size
        at = offsets[text]
        after_space = True
        while at < offsets[text + 1]:
            lead = data[at]
            space = lead < 0x80 and flags[lead] & SPACE != 0
            width = 1
            # No white space beyond ASCII begins with another byte; what follows a lead byte is copied like any byte.
            if lead == 0xC2 or (lead >= 0xE1 and lead <= 0xE3):
                width = width_of(lead)
                space = flags[code_point(data, at, width)] & SPACE != 0
                width = width if space else 1
            out[size] = 0x20 if space else lead
            size += not (space and after_space)
            after_space = space
            at += width
        size -= size > begin and after_space
        starts[text + 1] = size
    return out[:size].copy(), starts


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
