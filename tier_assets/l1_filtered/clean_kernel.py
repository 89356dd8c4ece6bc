r"""Machine code that removes lines and citations from texts in UTF-8, by C4's rules. `lines.py` says what for.

Import inside functions only (see `text/compiled.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE, LETTER, SPACE, TERMINAL, WORD
from tier_assets.text.compiled import compiled, inlined

CLEAN_COUNTERS = {
    "c4_long_word_lines": "lines removed for a word that is too long",
    "c4_unpunctuated_lines": "lines removed for want of terminal punctuation",
    "c4_few_word_lines": "lines removed for having too few words, blank lines not counted",
    "c4_javascript_lines": "lines removed for the word javascript",
    "c4_policy_lines": "lines removed for a phrase of notices",
    "c4_lorem_ipsum": "lines left with lorem ipsum",
    "c4_curly_bracket": "lines left with a curly bracket",
    "c4_sentences": "sentences of the lines left",
}
"""Columns of the counters of `clean`, in order, and their meaning."""

_LONG, _UNPUNCTUATED, _FEW, _JAVASCRIPT, _NOTICE, _LOREM, _CURLY, _SENTENCES, _COLUMNS = range(9)
_NEWLINE, _DOT, _OPEN, _CLOSE, _ZERO, _NINE, _BRACE, _PLAIN = 0x0A, 0x2E, 0x5B, 0x5D, 0x30, 0x39, 0x7B, 0x80
_ENDS = (_DOT, 0x3F, 0x21, 0x22, 0x27)
_EDIT = np.frombuffer(b"[edit]", np.uint8)
_NEEDED = np.frombuffer(b"[citation needed]", np.uint8)
# Characters that may follow a stop, and count as terminal punctuation of a line, but end no sentence themselves.
_NO_STOPS = (0x22, 0x27, 0x2026, 0x2019, 0x201D, 0xBB, 0x203A, 0x300B, 0x300D, 0x300F, 0xFF02, 0xFF09, 0xFF63)
_FULL_WIDTH = 0x3000
_PAIRS = 1023


class Limits(NamedTuple):
    """When a line goes: characters of a word, words of a line, and whether it must end in terminal punctuation."""

    word_chars: int
    words: int
    punctuated: bool


@inlined
def _code_point(data: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    lead = np.int64(data[at])
    width = 1 if lead < _PLAIN else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    point = lead if width == 1 else lead & (0x7F >> width)
    for step in range(1, width):
        point = (point << 6) | (np.int64(data[at + step]) & 0x3F)
    return point, width


@inlined
def _lower(byte: np.uint8) -> int:
    return int(byte) + (32 if 0x41 <= byte <= 0x5A else 0)


@compiled
def _content(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8]) -> tuple[int, int]:
    """[start, end) without white space at its ends."""
    while start < end:
        point, width = _code_point(data, start)
        if not flags[point] & SPACE:
            break
        start += width
    while end > start:
        at = end - 1
        while (data[at] & 0xC0) == _PLAIN:
            at -= 1
        point, width = _code_point(data, at)
        if not flags[point] & SPACE:
            break
        end = at
    return start, end


@compiled
def _words(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], limits: Limits) -> tuple[int, int]:
    """Words of a line, and characters of the longest.

    A character of a script written without spaces is a word by itself. A line too short for a word that is too long is
    read until it has words enough.
    """
    count, length, longest = 0, 0, 0
    brief = end - start <= limits.word_chars
    at = start
    while at < end and not (brief and count >= limits.words):
        point, width = _code_point(data, at)
        kind = flags[point]
        at += width
        alone, part = kind & ALONE != 0, kind & (SPACE | ALONE) != 0
        count += alone + (part and length > 0)
        length = 0 if part else length + 1
        longest = max(longest, length)
    return count + (length > 0), longest


@inlined
def _same(data: NDArray[np.uint8], at: int, end: int, wanted: NDArray[np.uint8]) -> bool:
    if at + wanted.shape[0] > end:
        return False
    same = True
    for step in range(wanted.shape[0]):
        same &= data[at + step] == wanted[step]
    return same


@compiled
def _citation(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Bytes of the citation that starts at the bracket at `at`: [], [12], [edit], [citation needed]; 0 for none."""
    stop = at + 1
    while stop < end and _ZERO <= data[stop] <= _NINE:
        stop += 1
    if stop < end and data[stop] == _CLOSE:
        return stop + 1 - at
    if _same(data, at, end, _EDIT):
        return len(_EDIT)
    if _same(data, at, end, _NEEDED):
        return len(_NEEDED)
    return 0


@compiled
def _copy(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint8], to: int, citations: bool) -> int:
    """Copies [start, end) to `to`, without citations if asked to; returns where the copy ends."""
    if not citations:
        out[to : to + end - start] = data[start:end]
        return to + end - start
    at = start
    while at < end:
        if data[at] == _OPEN:
            skipped = _citation(data, at, end)
            if skipped:
                at += skipped
                continue
        out[to] = data[at]
        to += 1
        at += 1
    return to


@compiled
def _unpunctuated(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a line does not end in . ? ! " or ', or ends in three dots: C4's own terminal punctuation."""
    if end <= start or data[end - 1] not in _ENDS:
        return True
    return end - start >= 3 and data[end - 1] == _DOT and data[end - 2] == _DOT and data[end - 3] == _DOT


@compiled
def _same_lower(data: NDArray[np.uint8], at: int, end: int, wanted: NDArray[np.uint8]) -> bool:
    step = 0
    while step < wanted.shape[0] and at + step < end and _lower(data[at + step]) == wanted[step]:
        step += 1
    return bool(step == wanted.shape[0])


@compiled
def _phrases_in(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    phrases: NDArray[np.uint8],
    starts: NDArray[np.int64],
    pairs: NDArray[np.uint8],
) -> tuple[int, bool]:
    """Which phrases a line holds, upper or lower case, bit i for phrase i, 2 for all beyond; and whether a '{'."""
    found, brace = 0, False
    before = 0
    for at in range(start, end):
        byte = data[at]
        # Makes more alike than letters of two cases: `_same_lower` tells them apart.
        lower = byte | 0x20
        brace |= byte == _BRACE
        pair = (before * 33 ^ lower) & _PAIRS
        before = lower
        if pairs[pair] and at > start:
            for phrase in range(starts.shape[0] - 1):
                if _same_lower(data, at - 1, end, phrases[starts[phrase] : starts[phrase + 1]]):
                    found |= 1 << min(phrase, 2)
    return found, brace


@compiled
def _is_stop(data: NDArray[np.uint8], start: int, end: int, at: int, flags: NDArray[np.uint8]) -> bool:
    """Whether the dot at `at` ends a sentence: not beside another dot, nor after a single letter (J. or e.g.)."""
    if (at + 1 < end and data[at + 1] == _DOT) or at == start or data[at - 1] == _DOT:
        return False
    if data[at - 1] >= _PLAIN or not flags[data[at - 1]] & LETTER:
        return True
    return at - 1 > start and bool(data[at - 2] >= _PLAIN or flags[data[at - 2]] & WORD)


@compiled
def _sentences(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8]) -> int:
    """Sentences of a line: one, and one for every stop that more words follow, after a space or closing marks.

    Full-width stops need no space behind them.
    """
    count = 1
    at = start
    while at < end:
        byte = data[at]
        if byte < _PLAIN and not flags[byte] & TERMINAL:
            at += 1
            continue
        point, width = _code_point(data, at)
        if (
            not flags[point] & TERMINAL
            or point in _NO_STOPS
            or (point == _DOT and not _is_stop(data, start, end, at, flags))
        ):
            at += width
            continue
        spaced = point >= _FULL_WIDTH
        at += width
        while at < end:
            point, width = _code_point(data, at)
            kind = flags[point]
            if kind & WORD:
                count += 1 if spaced else 0
                break
            spaced |= kind & SPACE != 0 or point >= _FULL_WIDTH
            at += width
    return count


@compiled
def clean(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    flags: NDArray[np.uint8],
    phrases: NDArray[np.uint8],
    phrase_starts: NDArray[np.int64],
    limits: Limits,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The texts without the lines that break a rule: bytes, int64[texts + 1] offsets, int64[texts, CLEAN_COUNTERS].

    `phrases` are lower case, of two bytes or more: first lorem ipsum's, then javascript's, then those of notices.
    """
    texts = offsets.shape[0] - 1
    counters = np.zeros((texts, _COLUMNS), np.int64)
    out, out_offsets = np.empty(data.shape[0] + texts + 1, np.uint8), np.zeros(texts + 1, np.int64)
    pairs = np.zeros(_PAIRS + 1, np.uint8)
    for phrase in range(phrase_starts.shape[0] - 1):
        first = phrase_starts[phrase]
        pairs[((phrases[first] | 0x20) * 33 ^ (phrases[first + 1] | 0x20)) & _PAIRS] = 1
    to = 0
    for text in range(texts):
        row = counters[text]
        begun, end = to, offsets[text + 1]
        at = start = offsets[text]
        bracket = False
        while at <= end:
            if at < end and data[at] != _NEWLINE:
                bracket |= data[at] == _OPEN
                at += 1
                continue
            first, last = _content(data, start, at, flags)
            cited, bracket = bracket, False
            at += 1
            start = at
            if first == last:
                continue
            words, longest = _words(data, first, last, flags, limits)
            if longest > limits.word_chars:
                row[_LONG] += 1
                continue
            stop = _copy(data, first, last, out, to, cited)
            if limits.punctuated and _unpunctuated(out, to, stop):
                row[_UNPUNCTUATED] += 1
            elif words < limits.words:
                row[_FEW] += 1
            else:
                found, brace = _phrases_in(out, to, stop, phrases, phrase_starts, pairs)
                row[_LOREM] += found & 1
                if found & 1:
                    to = _ended(out, stop)
                elif found & 2:
                    row[_JAVASCRIPT] += 1
                elif found & 4 and not brace:
                    row[_NOTICE] += 1
                else:
                    row[_CURLY] += brace
                    row[_SENTENCES] += _sentences(out, to, stop, flags)
                    to = _ended(out, stop)
        first, last = _content(out, begun, to, flags)
        for step in range(last - first):
            out[begun + step] = out[first + step]
        to = begun + last - first
        out_offsets[text + 1] = to
    return out[:to], out_offsets, counters


@inlined
def _ended(out: NDArray[np.uint8], at: int) -> int:
    out[at] = _NEWLINE
    return at + 1
