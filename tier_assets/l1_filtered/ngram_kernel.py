"""Machine code that counts what repeats among the words of a text. Finding the words is `word_kernel.py`'s.

Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import compiled, inlined

NGRAM_COUNTERS = {
    **{f"top_{n}gram_chars": f"length of the commonest {n}-gram x how often it occurs, 0 if once" for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_chars": f"characters of {n}-grams seen before" for n in range(5, 11)},
}
"""Columns of `count_ngrams`, in order, and their meaning."""

_COLUMNS = 9
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_32 = np.uint64(32)
_LAST = 2**31 - 2**24


@inlined
def _size(entries: int) -> np.int64:
    size = np.int64(16)
    while size < entries:
        size *= 2
    return size


@inlined
def _key(hashes: NDArray[np.uint64], first: int, n: int) -> np.uint64:
    """The hashes as digits of a number: they are mixed well, so that their sum needs no finaliser."""
    key = np.uint64(0)
    for step in range(n):
        key = key * _FACTOR + hashes[first + step]
    return key


@inlined
def _find(table: NDArray[np.int32], keys: NDArray[np.uint64], base: int, mask: np.int64, key: np.uint64) -> np.int64:
    """The cell of `key`, or the free one where it belongs.

    A cell holds `base` + the index of its key; what is below `base` is of an earlier table, and free: nothing is ever
    cleared, and a cell of four bytes keeps the table of a short text in the processor's nearest cache. Whether a cell
    is free cannot be predicted, so both conditions are one branch, which is rarely taken.
    """
    at = np.int64(key) & mask
    while (table[at] >= base) & (keys[max(table[at] - base, 0)] != key):
        at = (at + 1) & mask
    return at


@compiled
def _suspects(hashes: NDArray[np.uint64], seen: NDArray[np.uint8], places: NDArray[np.int32]) -> int:
    """Where 2-grams start that may repeat, into `places`: those that share a cell of `seen`. Returns how many.

    Four in five are unique, and most of those are found out here without a search or a branch.
    """
    grams = hashes.shape[0] - 1
    size = _size(8 * grams)
    mask = np.uint64(size - 1)
    seen[:size] = 0
    for first in range(grams):
        cell = (_key(hashes, first, 2) >> _32) & mask
        # 0, then 1, then 3.
        seen[cell] = (seen[cell] << 1 | 1) & 3
    chosen = 0
    for first in range(grams):
        places[chosen] = first
        chosen += seen[(_key(hashes, first, 2) >> _32) & mask] >> 1
    return chosen


@compiled
def _top(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    n: int,
    table: NDArray[np.int32],
    keys: NDArray[np.uint64],
    base: int,
    scratch: NDArray[np.int32],
    chosen: int,
) -> tuple[int, int, int]:
    """Characters of the commonest n-gram in all its places, 0 if every one is unique; how many distinct ones; and repeats.

    The first `chosen` of `scratch[3]` are the places, in order, where n-grams start that may repeat; afterwards those
    where they do, so many as is returned last.
    """
    ids, counts, firsts, places = scratch[0], scratch[1], scratch[2], scratch[3]
    mask = _size(3 * chosen) - 1
    best, best_first, distinct, repeats = 1, 0, 0, 0
    # No branches but the one of `_find`.
    for place in range(chosen):
        first = places[place]
        key = _key(hashes, first, n)
        at = _find(table, keys, base, mask, key)
        entry = table[at] - base
        new = entry < 0
        entry = distinct if new else entry
        table[at] = base + entry
        keys[entry] = key
        counts[entry] = (0 if new else counts[entry]) + 1
        firsts[entry] = first if new else firsts[entry]
        distinct += new
        ids[place] = entry
    for entry in range(distinct):
        if counts[entry] > best:
            best, best_first = counts[entry], firsts[entry]
    if best == 1:
        return 0, distinct, 0
    for place in range(chosen):
        places[repeats] = places[place]
        repeats += counts[ids[place]] > 1
    chars = n - 1
    for step in range(n):
        chars += lengths[best_first + step]
    return chars * best, distinct, repeats


@compiled
def _longer(places: NDArray[np.int32], repeats: int) -> int:
    """Leaves of the places where n-grams repeat those where the next one does too: a longer n-gram can only repeat there."""
    chosen = 0
    for place in range(repeats - 1):
        following = places[place + 1] == places[place] + 1
        places[chosen] = places[place]
        chosen += following
    return chosen


@compiled
def _duplicated(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    n: int,
    table: NDArray[np.int32],
    keys: NDArray[np.uint64],
    base: int,
    places: NDArray[np.int32],
) -> tuple[int, int]:
    """Characters of n-grams seen before, each stepped over as a whole; and how many distinct ones were looked at.

    `places` says where 4-grams that occur again start: only n-grams made of such can.
    """
    mask = _size(3 * places.shape[0]) - 1
    chars, distinct, free, place = 0, 0, 0, 0
    # An n-gram is made of n - 3 4-grams.
    while place + n - 4 < places.shape[0]:
        first = places[place]
        if first < free or places[place + n - 4] != first + n - 4:
            place += 1
            continue
        key = _key(hashes, first, n)
        at = _find(table, keys, base, mask, key)
        place += 1
        if table[at] < base:
            table[at] = base + distinct
            keys[distinct] = key
            distinct += 1
            continue
        for step in range(n):
            chars += lengths[first + step]
        free = first + n
    return chars, distinct


@compiled
def count_ngrams(
    hashes: NDArray[np.uint64], lengths: NDArray[np.int32], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """`NGRAM_COUNTERS` of every text, int64[texts, counters], from the words that `find_words` returns.

    A longer n-gram is only looked for where a shorter one repeats, which changes nothing but the time.
    """
    texts = starts.shape[0] - 1
    out = np.zeros((texts, _COLUMNS), np.int64)
    most = 1
    for text in range(texts):
        most = max(most, starts[text + 1] - starts[text])
    table = np.zeros(_size(3 * most), np.int32)
    keys = np.zeros(most + 1, np.uint64)
    scratch = np.empty((4, most + 1), np.int32)
    seen = np.empty(_size(8 * most), np.uint8)
    places = scratch[3]
    base = 1
    for text in range(texts):
        some = hashes[starts[text] : starts[text + 1]]
        sizes = lengths[starts[text] : starts[text + 1]]
        if base > _LAST - 9 * some.shape[0]:
            table[:] = 0
            base = 1
        chosen = _suspects(some, seen, places) if some.shape[0] > 1 else 0
        for n in range(2, 5):
            out[text, n - 2], distinct, repeats = _top(some, sizes, n, table, keys, base, scratch, chosen)
            base += distinct
            chosen = _longer(places, repeats) if n < 4 else repeats
        for n in range(5, 11):
            if chosen:
                out[text, n - 2], distinct = _duplicated(some, sizes, n, table, keys, base, places[:chosen])
                base += distinct
                chosen = chosen if out[text, n - 2] else 0
    return out
