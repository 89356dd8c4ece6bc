"""Machine code that hashes the words of texts in UTF-8 and counts what they are made of.

Words are runs of non-space, cut where `punctuation_kernel.py` says. What repeats among them is `ngram_kernel.py`'s to
count, lines are `line_kernel.py`'s. Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import LETTER, SPACE, SYMBOL
from tier_assets.text.characters import PLAIN, code_point, width_of
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.eights import (
    ALL,
    EACH,
    HIGH,
    LOW,
    ONE,
    SEED,
    between,
    count_low,
    eight_until,
    first_ones,
    letters_in,
    like,
    mixed,
    ones_before,
    size_of,
    stirred,
)

WORD_COUNTERS = {
    "chars": "characters",
    "hashes": "characters '#'",
    "ellipses": "'...', not overlapping, and the ellipsis character",
    "words": "words",
    "nonsymbol_words": "words with a character that is neither punctuation nor symbol",
    "nonsymbol_chars": "characters of those words",
    "alpha_words": "words with a letter",
    "stop_words": "distinct stop words",
}
"""Columns of the counters of `find_words`, in order, and their meaning."""

_CHARS, _HASHES, _ELLIPSES, _WORDS, _NONSYMBOL, _NONSYMBOL_CHARS, _ALPHA, _STOP, _COLUMNS = range(9)
_HASH, _DOT, _FIRST_OF_ELLIPSIS = 0x23, 0x2E, 0xE2
_7, _8, _63, _PRINTED = np.uint64(7), np.uint64(8), np.uint64(63), np.uint64(0x60) * EACH


@inlined
def _spaces(value: np.uint64) -> np.uint64:
    """The high bit of each of eight bytes that is white space of ASCII."""
    low = value & LOW
    return (between(low, 0x09, 0x0D) | between(low, 0x1C, 0x20)) & ~value


@compiled
def _hash(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """Hash of a word, eight bytes at a time."""
    digest, at = SEED, start
    while at + 8 <= end:
        digest = stirred(digest, eight_until(data, at, data.shape[0]))
        at += 8
    return mixed(digest, eight_until(data, at, data.shape[0]) & first_ones(end - at), end - start)


@compiled
def _signs(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, int, int]:
    """Characters, '#' and ellipses of a text."""
    behind, hash_signs, ellipses, dots, at = 0, 0, 0, 0, start
    while at < end:
        value = eight_until(data, at, data.shape[0])
        # Eight without a '#' or a first byte of the ellipsis character, and without two dots together: nearly all.
        odd, some_dots = like(value, _FIRST_OF_ELLIPSIS) | like(value, _HASH), like(value, _DOT)
        if at + 8 <= end and not (odd or some_dots & (some_dots << _8) or (dots and some_dots & PLAIN)):
            behind += count_low((value & ~(value << ONE) & HIGH) >> _7)
            dots = int(np.int64(some_dots >> _63))
            at += 8
            continue
        for _ in range(min(8, end - at)):
            byte = data[at]
            dots = dots + 1 if byte == _DOT else 0
            behind += byte & 0xC0 == PLAIN
            hash_signs += byte == _HASH
            ellipses += dots == 3 or (byte == _FIRST_OF_ELLIPSIS and data[at + 1] == 0x80 and data[at + 2] == 0xA6)
            dots = 0 if dots == 3 else dots
            at += 1
    return end - start - behind, hash_signs, ellipses


@compiled
def _odd_word(data: NDArray[np.uint8], at: int, stop: int, flags: NDArray[np.uint8]) -> tuple[int, int, bool, bool]:
    """Where a word ends that is not all ASCII, its characters, and whether there is a letter in it, and more than symbols."""
    length, some, every = 0, np.uint8(0), np.uint8(0xFF)
    while at < stop:
        width = width_of(data[at])
        kind = flags[code_point(data, at, width)]
        if kind & SPACE:
            break
        some |= kind
        every &= kind
        length += 1
        at += width
    return at, length, some & LETTER != 0, length > 0 and every & SYMBOL == 0


@compiled
def _scan(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    flags: NDArray[np.uint8],
    cuts: NDArray[np.int64],
    cut: int,
    stop_hashes: NDArray[np.uint64],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    count: int,
    row: NDArray[np.int64],
) -> tuple[int, int]:
    """Words of one text: hash and length of each from `hashes[count]` on, their counters into `row`.

    `cut` is the first of `cuts` behind `start`. Returns how many words and cuts there are up to here.
    """
    stop_bits, seen_stops = np.uint64(0), np.uint64(0)
    for index in range(stop_hashes.shape[0]):
        stop_bits |= ONE << (stop_hashes[index] & _63)
    before, nonsymbol, nonsymbol_chars, alpha = count, 0, 0, 0
    at, stop = start, min(cuts[cut], end)
    while at < end:
        begun, digest, letters, plains = at, SEED, np.uint64(0), np.uint64(0)
        # Words of ASCII, eight bytes at a time.
        while True:
            value = eight_until(data, at, data.shape[0])
            word = ones_before(_spaces(value))
            if stop - at < 8:
                word &= first_ones(stop - at)
            value &= word
            found = letters_in(value)
            letters |= found
            plains |= found | (between(value & LOW, 0x30, 0x39) | ~(value + _PRINTED) & word & HIGH)
            if word != ALL or value & HIGH:
                break
            digest = stirred(digest, value)
            at += 8
        if value & HIGH:
            at, length, has_letter, plain = _odd_word(data, begun, stop, flags)
            digest = _hash(data, begun, at)
        else:
            at += size_of(word)
            length, has_letter, plain = at - begun, letters != 0, plains != 0
            digest = mixed(digest, value, length)
        if length == 0:
            at += width_of(data[at])
            continue
        if at == stop and at < end:
            cut += 1
            stop = min(cuts[cut], end)
        elif at < end and data[at] < PLAIN:
            at += 1
        hashes[count] = digest
        lengths[count] = length
        count += 1
        alpha += has_letter
        nonsymbol += plain
        nonsymbol_chars += length * plain
        if (stop_bits >> (digest & _63)) & ONE:
            # The bits of those that were seen are taken away, so that few words come here.
            stop_bits = np.uint64(0)
            for index in range(stop_hashes.shape[0]):
                if digest == stop_hashes[index]:
                    seen_stops |= ONE << np.uint64(index)
                if not (seen_stops >> np.uint64(index)) & ONE:
                    stop_bits |= ONE << (stop_hashes[index] & _63)
    row[_CHARS], row[_HASHES], row[_ELLIPSES] = _signs(data, start, end)
    row[_WORDS], row[_NONSYMBOL], row[_NONSYMBOL_CHARS], row[_ALPHA] = count - before, nonsymbol, nonsymbol_chars, alpha
    while seen_stops:
        row[_STOP] += np.int64(seen_stops & ONE)
        seen_stops >>= ONE
    return count, cut


@compiled
def find_words(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    flags: NDArray[np.uint8],
    cuts: NDArray[np.int64],
    stops: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]],
    which: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Words of every text.

    `cuts`: where a word ends though no white space follows, in order, and a last number beyond `data`. `stops`: all
    stop words as bytes, where each starts (one more than there are), and at which word each list of them starts
    (likewise); `which[text]` is the list of a text, of at most 64 words. Returns uint64[words] hashes, int32[words]
    lengths in characters, int64[texts + 1] where a text's words start, and int64[texts, WORD_COUNTERS].
    """
    texts = offsets.shape[0] - 1
    counters = np.zeros((texts, _COLUMNS), np.int64)
    starts = np.zeros(texts + 1, np.int64)
    room = data.shape[0] // 2 + cuts.shape[0] + texts + 1
    hashes, lengths = np.empty(room, np.uint64), np.empty(room, np.int32)
    stop_data, stop_starts, lists = stops
    stop_hashes = np.empty(stop_starts.shape[0] - 1, np.uint64)
    for index in range(stop_hashes.shape[0]):
        stop_hashes[index] = _hash(stop_data, stop_starts[index], stop_starts[index + 1])
    cut = 0
    for text in range(texts):
        starts[text + 1], cut = _scan(
            data,
            offsets[text],
            offsets[text + 1],
            flags,
            cuts,
            cut,
            stop_hashes[lists[which[text]] : lists[which[text] + 1]],
            hashes,
            lengths,
            starts[text],
            counters[text],
        )
    return hashes[: starts[texts]], lengths[: starts[texts]], starts, counters
