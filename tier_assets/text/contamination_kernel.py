"""Machine code behind `contamination.py`, which says what it computes; the tests hold it to that.

Import inside functions only (see `compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE, SPACE, WORD
from tier_assets.text.characters import code_point, width_of
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.eights import finalized

# numba turns an unsigned and a signed integer into a float, so every constant has its type.
# A word's hash is FNV-1a, an n-gram's its words' as digits of a number in base _FACTOR modulo 2^64; MurmurHash3's
# finaliser ends both. They are kept in no file, and need not be those of shingles.
_BASIS, _PRIME, _FACTOR = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
_ONE, _BYTE, _LOW = np.uint64(1), np.uint64(3), np.uint64(7)
_CASE, _FIRST_CAPITAL, _CAPITALS = np.uint8(0x20), np.uint8(0x41), np.uint8(26)
_COLUMNS = 4


@compiled
def word_hashes(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], out: NDArray[np.uint64]
) -> int:
    """Hashes of the words of one text into `out`; returns how many. Capitals of ASCII count as small letters."""
    count = 0
    digest = _BASIS
    at = start
    while at < end:
        byte = data[at]
        if byte < 0x80:
            kind = flags[byte]
            if kind & WORD:
                if np.uint8(byte - _FIRST_CAPITAL) < _CAPITALS:
                    byte |= _CASE
                digest = (digest ^ np.uint64(byte)) * _PRIME
            elif (kind & SPACE) and digest != _BASIS:
                out[count] = finalized(digest)
                count += 1
                digest = _BASIS
            at += 1
            continue
        width = width_of(byte)
        kind = flags[code_point(data, at, width)]
        if digest != _BASIS and (kind & (ALONE | SPACE)):
            out[count] = finalized(digest)
            count += 1
            digest = _BASIS
        if kind & WORD:
            for step in range(width):
                digest = (digest ^ np.uint64(data[at + step])) * _PRIME
            if kind & ALONE:
                out[count] = finalized(digest)
                count += 1
                digest = _BASIS
        at += width
    if digest != _BASIS:
        out[count] = finalized(digest)
        count += 1
    return count


@compiled
def all_words(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Word hashes of all texts in order, uint64, and where each text's begin, int64, one longer than texts."""
    texts = offsets.shape[0] - 1
    out = np.empty(offsets[texts] + 1, np.uint64)
    starts = np.zeros(texts + 1, np.int64)
    for text in range(texts):
        first = starts[text]
        starts[text + 1] = first + word_hashes(data, offsets[text], offsets[text + 1], flags, out[first:])
    return out[: starts[texts]].copy(), starts


@compiled
def grams(words: NDArray[np.uint64], count: int, ngram: int, out: NDArray[np.uint64]) -> int:
    """Hashes of every `ngram` consecutive words into `out`, rolling; returns how many."""
    if count < ngram:
        return 0
    gone = _ONE
    for _ in range(ngram):
        gone *= _FACTOR
    value = np.uint64(0)
    for at in range(ngram):
        value = value * _FACTOR + words[at]
    out[0] = finalized(value)
    for at in range(ngram, count):
        value = value * _FACTOR + words[at] - words[at - ngram] * gone
        out[at - ngram + 1] = finalized(value)
    return count - ngram + 1


@compiled
def all_grams(
    words: NDArray[np.uint64], starts: NDArray[np.int64], ngram: int
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]:
    """Of every n-gram of every item: its hash, the item, the word at which it begins, counted over all items."""
    total = 0
    for item in range(starts.shape[0] - 1):
        total += max(0, starts[item + 1] - starts[item] - ngram + 1)
    hashes, items, places = np.empty(total, np.uint64), np.empty(total, np.int32), np.empty(total, np.int32)
    at = 0
    for item in range(starts.shape[0] - 1):
        first, end = starts[item], starts[item + 1]
        found = grams(words[first:end], end - first, ngram, hashes[at:])
        for step in range(found):
            items[at + step] = item
            places[at + step] = first + step
        at += found
    return hashes, items, places


@compiled
def bitmap(keys: NDArray[np.uint64], bits: int) -> NDArray[np.uint8]:
    """2^`bits` bits, of which those are set that the highest bits of a key name: a Bloom filter of one hash."""
    out = np.zeros(1 << (bits - 3), np.uint8)
    shift = np.uint64(64 - bits)
    for key in keys:
        bit = key >> shift
        out[bit >> _BYTE] |= np.uint8(_ONE << (bit & _LOW))
    return out


@inlined
def _position(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Where a key is in a sorted array, or -1."""
    low, high = 0, keys.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < keys.shape[0] and keys[low] == key else -1


@compiled
def overlaps(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    flags: NDArray[np.uint8],
    longest: int,
    ngram: int,
    filter_bits: int,
    bits: NDArray[np.uint8],
    keys: NDArray[np.uint64],
    first_posting: NDArray[np.int64],
    posting_items: NDArray[np.int32],
    posting_places: NDArray[np.int32],
    item_words: NDArray[np.uint64],
    item_starts: NDArray[np.int64],
    max_gap: int,
) -> NDArray[np.int64]:
    """One row per text and item that share an n-gram: text, item, words of the text, words of the item in shared runs.

    A run is `ngram` or more consecutive words of both. Runs count together where at most `max_gap` words of the text lie
    between one and the next, and the words are those of the place with most: of the item or of the text, whichever are
    fewer, as the item may say twice what the text says once. `longest`: bytes of the longest text.
    """
    texts = offsets.shape[0] - 1
    words, hashes = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    # By item: the place that its runs are at, counted over all texts and items from 1; where that ends; its words of the
    # item and of the text; the most words of a place of this text. By word of an item: the last place that had it.
    items_count = item_starts.shape[0] - 1
    current, ends = np.zeros(items_count, np.int64), np.zeros(items_count, np.int64)
    covered, repeated = np.zeros(items_count, np.int64), np.zeros(items_count, np.int64)
    most = np.zeros(items_count, np.int64)
    seen = np.zeros(item_words.shape[0], np.int64)
    touched = np.empty(items_count, np.int32)
    places = 0
    shift = np.uint64(64 - filter_bits)
    out = np.empty((64, _COLUMNS), np.int64)
    rows = 0
    for text in range(texts):
        count = word_hashes(data, offsets[text], offsets[text + 1], flags, words)
        items = 0
        for place in range(grams(words, count, ngram, hashes)):
            bit = hashes[place] >> shift
            if not (bits[bit >> _BYTE] >> np.uint8(bit & _LOW)) & 1:
                continue
            key = _position(keys, hashes[place])
            if key < 0:
                continue
            for posting in range(first_posting[key], first_posting[key + 1]):
                item, at = posting_items[posting], np.int64(posting_places[posting])
                # A run is followed once, from where it begins.
                if place and at > item_starts[item] and words[place - 1] == item_words[at - 1]:
                    continue
                if most[item] == 0:
                    touched[items] = item
                    items += 1
                if most[item] == 0 or place > ends[item] + max_gap:
                    places += 1
                    current[item], covered[item], repeated[item], ends[item] = places, 0, 0, place
                here = place
                while at < item_starts[item + 1] and here < count and words[here] == item_words[at]:
                    if seen[at] != current[item]:
                        seen[at] = current[item]
                        covered[item] += 1
                    at += 1
                    here += 1
                repeated[item] += max(0, here - max(place, ends[item]))
                ends[item] = max(here, ends[item])
                most[item] = max(most[item], min(covered[item], repeated[item]))
        if rows + items > out.shape[0]:
            larger = np.empty((2 * (rows + items), _COLUMNS), np.int64)
            larger[:rows] = out[:rows]
            out = larger
        for index in range(items):
            item = touched[index]
            out[rows, 0], out[rows, 1], out[rows, 2], out[rows, 3] = text, item, count, most[item]
            most[item] = 0
            rows += 1
    return out[:rows].copy()
