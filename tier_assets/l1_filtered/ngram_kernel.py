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
_LAST = 2**31 - 2**24


@compiled
def _mask(entries: int) -> np.int64:
    size = np.int64(16)
    while size < 3 * entries:
        size *= 2
    return size - 1


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
def _top(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    n: int,
    table: NDArray[np.int32],
    keys: NDArray[np.uint64],
    base: int,
    scratch: NDArray[np.int32],
) -> tuple[int, int]:
    """Characters of the commonest n-gram in all its places, 0 if every one is unique; and how many distinct ones.

    An n-gram can only repeat where both the (n-1)-grams inside it do: `scratch[3]` says where those of the length before did,
    and afterwards where these do.
    """
    ids, counts, firsts, repeats, places = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    grams = hashes.shape[0] - n + 1
    mask = _mask(grams)
    best, best_first, distinct, chosen = 1, 0, 0, 0
    for first in range(grams):
        places[chosen] = first
        chosen += n == 2 or repeats[first] & repeats[first + 1]
        ids[first] = 0
    # Entry 0 stands for n-grams that cannot repeat. No branches from here on but the one of `_find`.
    counts[0] = 0
    for place in range(chosen):
        first = places[place]
        key = _key(hashes, first, n)
        at = _find(table, keys, base, mask, key)
        entry = table[at] - base
        new = entry < 0
        entry = distinct if new else entry
        table[at] = base + entry
        keys[entry] = key
        counts[entry + 1] = (0 if new else counts[entry + 1]) + 1
        firsts[entry] = first if new else firsts[entry]
        distinct += new
        ids[first] = entry + 1
    for entry in range(distinct):
        if counts[entry + 1] > best:
            best, best_first = counts[entry + 1], firsts[entry]
    if best == 1:
        return 0, distinct
    for first in range(grams):
        repeats[first] = counts[ids[first]] > 1
    repeats[grams] = 0
    chars = n - 1
    for step in range(n):
        chars += lengths[best_first + step]
    return chars * best, distinct


@compiled
def _duplicated(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    n: int,
    table: NDArray[np.int32],
    keys: NDArray[np.uint64],
    base: int,
    repeats: NDArray[np.int32],
) -> tuple[int, int]:
    """Characters of n-grams seen before, each stepped over as a whole; and how many distinct ones were looked at.

    `repeats` says where a 4-gram that occurs again starts: only n-grams made of such can.
    """
    words = hashes.shape[0]
    mask = _mask(words)
    chars, distinct, first, repeating = 0, 0, 0, 0
    while first + n <= words:
        # `repeating`: how many 4-grams from `first` on are known to occur again.
        while repeating <= n - 4 and repeats[first + repeating]:
            repeating += 1
        if repeating <= n - 4:
            first += repeating + 1
            repeating = 0
            continue
        key = _key(hashes, first, n)
        at = _find(table, keys, base, mask, key)
        if table[at] < base:
            table[at] = base + distinct
            keys[distinct] = key
            distinct += 1
            first += 1
            repeating -= 1
            continue
        for step in range(n):
            chars += lengths[first + step]
        first += n
        repeating = 0
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
    most = 0
    for text in range(texts):
        most = max(most, starts[text + 1] - starts[text])
    table = np.zeros(_mask(most) + 1, np.int32)
    keys = np.zeros(most + 1, np.uint64)
    scratch = np.zeros((5, most + 2), np.int32)
    base = 1
    for text in range(texts):
        some = hashes[starts[text] : starts[text + 1]]
        sizes = lengths[starts[text] : starts[text + 1]]
        if base > _LAST - 9 * some.shape[0]:
            table[:] = 0
            base = 1
        repeated = True
        for n in range(2, 5):
            if repeated and some.shape[0] >= n:
                out[text, n - 2], distinct = _top(some, sizes, n, table, keys, base, scratch)
                base += distinct
                repeated = out[text, n - 2] > 0
            else:
                repeated = False
        for n in range(5, 11):
            if repeated and some.shape[0] >= n:
                out[text, n - 2], distinct = _duplicated(some, sizes, n, table, keys, base, scratch[3])
                base += distinct
                repeated = out[text, n - 2] > 0
    return out
