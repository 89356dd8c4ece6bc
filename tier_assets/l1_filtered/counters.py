"""Machine code that counts, in one pass over UTF-8, what the signals of a document are made of; `signals.py` divides.

What each counter means is said in `COUNTERS`. Import inside functions only (see `text/compiled.py`); the small steps
repeated here from `text/minhash_kernel.py` are repeated because numba does not recompile across modules.
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import LETTER, SPACE, SYMBOL, TERMINAL
from tier_assets.text.compiled import compiled, inlined

COUNTERS = {
    "chars": "characters",
    "line_breaks": "newlines",
    "hashes": "characters '#'",
    "ellipses": "'...', not overlapping, and the ellipsis character",
    "words": "runs of non-space",
    "nonsymbol_words": "words with a character that is neither punctuation nor symbol",
    "nonsymbol_chars": "characters of those words",
    "alpha_words": "words with a letter",
    "stop_words": "distinct stop words",
    "lines": "what newlines separate, empty ones too",
    "bullet_lines": "lines whose first non-space character is a bullet or '-'",
    "ellipsis_lines": "lines that end in an ellipsis, but for white space",
    "content_lines": "lines with a non-space character",
    "punctuated_lines": "content lines whose last non-space character is terminal punctuation",
    "short_lines": "content lines of at most `short_chars` characters",
    "duplicate_lines": "content lines seen before in the text",
    "duplicate_line_chars": "characters of those lines",
    "paragraphs": "runs of content lines",
    "duplicate_paragraphs": "paragraphs seen before in the text",
    "duplicate_paragraph_chars": "characters of those paragraphs",
    **{f"top_{n}gram_chars": f"length of the commonest {n}-gram x how often it occurs, 0 if once" for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_chars": f"characters of {n}-grams seen before" for n in range(5, 11)},
}
"""Columns of `count`'s result, in order, and their meaning."""

_NAMES = list(COUNTERS)
_CHARS, _BREAKS, _HASHES, _ELLIPSES, _WORDS, _NONSYMBOL, _NONSYMBOL_CHARS, _ALPHA, _STOP, _LINES = range(10)
_BULLET, _ELLIPSIS_LINES, _CONTENT, _PUNCTUATED, _SHORT, _DUP_LINES, _DUP_LINE_CHARS = range(10, 17)
_PARAGRAPHS, _DUP_PARAGRAPHS, _DUP_PARAGRAPH_CHARS, _TOP = range(17, 21)
_DUP_GRAM = _NAMES.index("duplicate_5gram_chars")
_COLUMNS = len(_NAMES)
_NEWLINE, _HASH, _DOT, _ELLIPSIS, _DASH, _BULLET_SIGN = 0x0A, 0x23, 0x2E, 0x2026, 0x2D, 0x2022
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2, _SHIFT = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)


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


@inlined
def _slot(keys: NDArray[np.uint64], epochs: NDArray[np.int32], epoch: int, mask: np.uint64, key: np.uint64) -> np.int64:
    """Where `key` is in the table, or ~ where it belongs. Cells of an older epoch are free: nothing is ever cleared."""
    at = np.int64(key & mask)
    while epochs[at] == epoch:
        if keys[at] == key:
            return at
        at = (at + 1) & np.int64(mask)
    return ~at


@compiled
def _mask(entries: int) -> np.uint64:
    size = 16
    while size < 2 * entries:
        size *= 2
    return np.uint64(size - 1)


@compiled
def _scan_words(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    flags: NDArray[np.uint8],
    stop_hashes: NDArray[np.uint64],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    row: NDArray[np.int64],
) -> int:
    """Words of one text: hash and length of each into `hashes` and `lengths`, their counters into `row`."""
    count, length, dots, seen_stops = 0, 0, 0, 0
    digest, alpha, nonsymbol = _BASIS, False, False
    at = start
    while at <= end:
        point = np.int64(_NEWLINE)
        width = 1
        if at < end:
            width = _width(data[at])
            point = _code_point(data, at, width)
            row[_CHARS] += 1
            dots = dots + 1 if point == _DOT else 0
            if dots == 3 or point == _ELLIPSIS:
                row[_ELLIPSES] += 1
                dots = 0
            if point == _HASH:
                row[_HASHES] += 1
            if point == _NEWLINE:
                row[_BREAKS] += 1
        kind = flags[point]
        if (kind & SPACE) == 0:
            for step in range(width):
                digest = (digest ^ np.uint64(data[at + step])) * _PRIME
            length += 1
            alpha = alpha or (kind & LETTER) != 0
            nonsymbol = nonsymbol or (kind & SYMBOL) == 0
        elif length:
            digest = _finalize(digest)
            hashes[count] = digest
            lengths[count] = length
            count += 1
            row[_ALPHA] += alpha
            if nonsymbol:
                row[_NONSYMBOL] += 1
                row[_NONSYMBOL_CHARS] += length
            for index in range(stop_hashes.shape[0]):
                if digest == stop_hashes[index]:
                    seen_stops |= 1 << index
            digest, length, alpha, nonsymbol = _BASIS, 0, False, False
        at += width
    row[_WORDS] = count
    while seen_stops:
        row[_STOP] += seen_stops & 1
        seen_stops >>= 1
    return count


@compiled
def _scan_lines(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    flags: NDArray[np.uint8],
    short_chars: int,
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    blank: NDArray[np.uint8],
    row: NDArray[np.int64],
) -> int:
    """Lines of one text: hash, length and blankness of each, their counters into `row`."""
    count, length, first, last, tail_dots = 0, 0, np.int64(0), np.int64(0), 0
    digest, content, spaced = _BASIS, False, False
    at = start
    while at <= end:
        width = 1
        point = np.int64(_NEWLINE)
        if at < end:
            width = _width(data[at])
            point = _code_point(data, at, width)
        if point != _NEWLINE:
            for step in range(width):
                digest = (digest ^ np.uint64(data[at + step])) * _PRIME
            length += 1
            if flags[point] & SPACE:
                spaced = True
            else:
                if not content:
                    first = point
                content = True
                tail_dots = 0 if point != _DOT else 1 if spaced else tail_dots + 1
                spaced = False
                last = point
        else:
            hashes[count] = _finalize(digest)
            lengths[count] = length
            blank[count] = not content
            count += 1
            if first in (_BULLET_SIGN, _DASH):
                row[_BULLET] += 1
            if last == _ELLIPSIS or tail_dots >= 3:
                row[_ELLIPSIS_LINES] += 1
            if content:
                row[_CONTENT] += 1
                row[_SHORT] += length <= short_chars
                row[_PUNCTUATED] += (flags[last] & TERMINAL) != 0
            length, first, last, tail_dots = 0, np.int64(0), np.int64(0), 0
            digest, content, spaced = _BASIS, False, False
        at += width
    row[_LINES] = count
    return count


@compiled
def _join_paragraphs(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    blank: NDArray[np.uint8],
    lines: int,
    out_hashes: NDArray[np.uint64],
    out_lengths: NDArray[np.int32],
) -> int:
    """Paragraphs out of lines: hash and length of each run of content lines, the newlines within it counted."""
    count = 0
    inside = False
    for line in range(lines):
        if blank[line]:
            inside = False
        elif inside:
            out_hashes[count - 1] = _finalize(out_hashes[count - 1] * _FACTOR + hashes[line])
            out_lengths[count - 1] += lengths[line] + 1
        else:
            out_hashes[count] = hashes[line]
            out_lengths[count] = lengths[line]
            count += 1
            inside = True
    return count


@compiled
def _duplicates(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    blank: NDArray[np.uint8],
    entries: int,
    keys: NDArray[np.uint64],
    epochs: NDArray[np.int32],
    epoch: int,
) -> tuple[int, int]:
    """How many entries that are not blank were seen before, and their characters."""
    mask = _mask(entries)
    found, chars = 0, 0
    for entry in range(entries):
        if blank[entry]:
            continue
        at = _slot(keys, epochs, epoch, mask, hashes[entry])
        if at >= 0:
            found += 1
            chars += lengths[entry]
        else:
            keys[~at] = hashes[entry]
            epochs[~at] = epoch
    return found, chars


@inlined
def _gram(hashes: NDArray[np.uint64], first: int, n: int) -> np.uint64:
    key = np.uint64(0)
    for step in range(n):
        key = key * _FACTOR + hashes[first + step]
    return _finalize(key)


@compiled
def _count_ngrams(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    words: int,
    keys: NDArray[np.uint64],
    epochs: NDArray[np.int32],
    epoch: int,
    values: NDArray[np.int32],
    scratch: NDArray[np.int32],
    row: NDArray[np.int64],
) -> int:
    """Characters of the commonest 2..4-grams and of repeated 5..10-grams into `row`; returns the last epoch used.

    An n-gram can only repeat where the (n-1)-grams inside it do: `repeats` narrows each length by the one before.
    """
    mask = _mask(words)
    ids, counts, firsts, repeats = scratch[0], scratch[1], scratch[2], scratch[3]
    narrowed = False
    for n in range(2, 5):
        grams = words - n + 1
        if grams <= 0:
            return epoch
        best, best_first, distinct = 1, 0, 0
        epoch += 1
        for first in range(grams):
            ids[first] = -1
            if narrowed and not (repeats[first] and repeats[first + 1]):
                continue
            key = _gram(hashes, first, n)
            at = _slot(keys, epochs, epoch, mask, key)
            if at < 0:
                at = ~at
                keys[at], epochs[at], values[at] = key, epoch, distinct
                counts[distinct], firsts[distinct] = 0, first
                distinct += 1
            ids[first] = values[at]
            counts[values[at]] += 1
        for entry in range(distinct):
            if counts[entry] > best:
                best, best_first = counts[entry], firsts[entry]
        for first in range(grams):
            repeats[first] = ids[first] >= 0 and counts[ids[first]] > 1
        if best == 1:
            return epoch
        repeats[grams] = 0
        narrowed = True
        chars = n - 1
        for step in range(n):
            chars += lengths[best_first + step]
        row[_TOP + n - 2] = chars * best
    for n in range(5, 11):
        epoch += 1
        first = 0
        while first + n <= words:
            inside = 0
            while inside <= n - 4 and repeats[first + inside]:
                inside += 1
            if inside <= n - 4:
                first += inside + 1
                continue
            key = _gram(hashes, first, n)
            at = _slot(keys, epochs, epoch, mask, key)
            if at < 0:
                keys[~at], epochs[~at] = key, epoch
                first += 1
                continue
            for step in range(n):
                row[_DUP_GRAM + n - 5] += lengths[first + step]
            first += n
        if row[_DUP_GRAM + n - 5] == 0:
            break
    return epoch


@compiled
def count(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    flags: NDArray[np.uint8],
    stop_hashes: NDArray[np.uint64],
    short_chars: int,
    longest: int,
) -> NDArray[np.int64]:
    """`COUNTERS` of every text, int64[texts, counters]. `longest`: bytes of the longest text."""
    texts = offsets.shape[0] - 1
    out = np.zeros((texts, _COLUMNS), np.int64)
    room = longest + 2
    word_hashes, word_lengths = np.empty(room, np.uint64), np.empty(room, np.int32)
    line_hashes, line_lengths = np.empty(room, np.uint64), np.empty(room, np.int32)
    blank, never_blank = np.empty(room, np.uint8), np.zeros(room, np.uint8)
    size = np.int64(_mask(room)) + 1
    keys, epochs, values = np.empty(size, np.uint64), np.zeros(size, np.int32), np.empty(size, np.int32)
    scratch = np.empty((4, room), np.int32)
    epoch = 0
    for text in range(texts):
        row = out[text]
        start, end = offsets[text], offsets[text + 1]
        words = _scan_words(data, start, end, flags, stop_hashes, word_hashes, word_lengths, row)
        epoch = _count_ngrams(word_hashes, word_lengths, words, keys, epochs, epoch, values, scratch, row)
        lines = _scan_lines(data, start, end, flags, short_chars, line_hashes, line_lengths, blank, row)
        epoch += 1
        row[_DUP_LINES], row[_DUP_LINE_CHARS] = _duplicates(
            line_hashes, line_lengths, blank, lines, keys, epochs, epoch
        )
        paragraphs = _join_paragraphs(line_hashes, line_lengths, blank, lines, word_hashes, word_lengths)
        row[_PARAGRAPHS] = paragraphs
        epoch += 1
        row[_DUP_PARAGRAPHS], row[_DUP_PARAGRAPH_CHARS] = _duplicates(
            word_hashes, word_lengths, never_blank, paragraphs, keys, epochs, epoch
        )
    return out
