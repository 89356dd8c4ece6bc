r"""Machine code that counts, over UTF-8, what the lines and paragraphs of texts are like. Words are `word_kernel.py`'s.

Lines end at `\n`, the only line break of a normalised text. Removing lines is `clean_kernel.py`'s. Import inside
functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import SPACE, TERMINAL
from tier_assets.text.characters import before, character, stripped
from tier_assets.text.compiled import compiled
from tier_assets.text.eights import (
    ALL,
    EACH,
    HIGH,
    ONE,
    SEED,
    between,
    count_low,
    eight_until,
    first_ones,
    like,
    mixed,
    ones_before,
    size_of,
    stirred,
)

LINE_COUNTERS = {
    "line_chars": "characters, newlines apart",
    "line_breaks": "newlines",
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
}
"""Columns of `count_lines`, in order, and their meaning."""

_CHARS, _BREAKS, _LINES, _BULLET, _ELLIPSIS_LINES, _CONTENT, _PUNCTUATED, _SHORT, _DUP, _DUP_CHARS = range(10)
_PARAGRAPHS, _DUP_PARAGRAPHS, _DUP_PARAGRAPH_CHARS, _COLUMNS = range(10, 14)
_NEWLINE, _DOT, _ELLIPSIS, _DASH, _BULLET_SIGN = 0x0A, 0x2E, 0x2026, 0x2D, 0x2022
_FACTOR, _7, _8, _29, _56 = (np.uint64(number) for number in (0x9E3779B97F4A7C15, 7, 8, 29, 56))


@compiled
def _line(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, int, np.uint64]:
    """Where the line that starts at `start` ends, how many of its bytes begin no character, and its hash."""
    digest, behind, at = SEED, 0, start
    while True:
        value = eight_until(data, at, data.shape[0])
        line = ones_before(like(value, _NEWLINE))
        if end - at < 8:
            line &= first_ones(end - at)
        value &= line
        if value & HIGH:
            behind += count_low((value & ~(value << ONE) & HIGH) >> _7)
        if line != ALL:
            break
        digest = stirred(digest, value)
        at += 8
    at += size_of(line)
    return at, behind, mixed(digest, value, at - start)


@compiled
def _count_line(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    chars: int,
    flags: NDArray[np.uint8],
    short_chars: int,
    row: NDArray[np.int64],
) -> bool:
    """Whether a line of so many characters has content; its counters into `row`."""
    begun, stop = stripped(data, start, end, flags)
    row[_LINES] += 1
    row[_CHARS] += chars
    if begun == stop:
        return False
    first, _ = character(data, begun)
    last, _ = character(data, before(data, stop))
    row[_BULLET] += first in (_BULLET_SIGN, _DASH)
    dots = stop - begun >= 3 and data[stop - 1] == _DOT and data[stop - 2] == _DOT and data[stop - 3] == _DOT
    row[_ELLIPSIS_LINES] += dots or last == _ELLIPSIS
    row[_CONTENT] += 1
    row[_PUNCTUATED] += (flags[last] & TERMINAL) != 0
    row[_SHORT] += chars <= short_chars
    return True


@compiled
def _seen_before(
    hashes: NDArray[np.uint64], lengths: NDArray[np.int32], entries: int, table: NDArray[np.int64], base: int
) -> tuple[int, int]:
    """How many entries were seen before, and their characters. Cells of `table` below `base` are free."""
    size = 16
    while size < 2 * entries:
        size *= 2
    found, chars = 0, 0
    for entry in range(entries):
        at = np.int64(hashes[entry]) & (size - 1)
        while table[at] >= base and hashes[table[at] - base] != hashes[entry]:
            at = (at + 1) & (size - 1)
        if table[at] >= base:
            found += 1
            chars += lengths[entry]
        else:
            table[at] = base + entry
    return found, chars


@compiled
def count_lines(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8], short_chars: int
) -> NDArray[np.int64]:
    """`LINE_COUNTERS` of every text, int64[texts, counters]."""
    texts = offsets.shape[0] - 1
    out = np.zeros((texts, _COLUMNS), np.int64)
    most = 1
    for text in range(texts):
        lines = 1
        for at in range(offsets[text], offsets[text + 1]):
            lines += data[np.uint64(at)] == _NEWLINE
        most = max(most, lines)
    hashes, lengths = np.empty(most, np.uint64), np.empty(most, np.int32)
    paragraph_hashes, paragraph_lengths = np.empty(most, np.uint64), np.empty(most, np.int32)
    size = 16
    while size < 2 * most:
        size *= 2
    table = np.zeros(size, np.int64)
    base = 1
    for text in range(texts):
        row = out[text]
        start, end = offsets[text], offsets[text + 1]
        lines, paragraphs, inside = 0, 0, False
        while start <= end:
            at, behind, digest = _line(data, start, end)
            chars = at - start - behind
            if not _count_line(data, start, at, chars, flags, short_chars, row):
                inside = False
            else:
                hashes[lines], lengths[lines] = digest, chars
                lines += 1
                if inside:
                    joined = paragraph_hashes[paragraphs - 1] * _FACTOR + digest
                    paragraph_hashes[paragraphs - 1] = joined ^ (joined >> _29)
                    paragraph_lengths[paragraphs - 1] += chars + 1
                else:
                    paragraph_hashes[paragraphs], paragraph_lengths[paragraphs] = digest, chars
                    paragraphs += 1
                    inside = True
            start = at + 1
        row[_BREAKS] = row[_LINES] - 1
        row[_DUP], row[_DUP_CHARS] = _seen_before(hashes, lengths, lines, table, base)
        base += lines
        row[_PARAGRAPHS] = paragraphs
        row[_DUP_PARAGRAPHS], row[_DUP_PARAGRAPH_CHARS] = _seen_before(
            paragraph_hashes, paragraph_lengths, paragraphs, table, base
        )
        base += paragraphs
    return out


@compiled
def count_runs(data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Runs of non-space of every text, int64[texts]: its words, without finding them."""
    texts = offsets.shape[0] - 1
    out = np.zeros(texts, np.int64)
    for text in range(texts):
        at, end = offsets[text], offsets[text + 1]
        runs, spaced = 0, ONE
        while at < end:
            value = eight_until(data, at, data.shape[0])
            if value & HIGH or at + 8 > end:
                stop = min(at + 8, end)
                while at < stop:
                    point, width = character(data, at)
                    space = np.uint64(flags[point] & SPACE != 0)
                    runs += int(spaced > space)
                    spaced = space
                    at += width
                continue
            spaces = (between(value, 0x09, 0x0D) | between(value, 0x1C, 0x20)) >> _7
            runs += count_low(~spaces & (spaces << _8 | spaced) & EACH)
            spaced = spaces >> _56
            at += 8
        out[text] = runs
    return out
