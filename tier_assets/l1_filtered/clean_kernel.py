r"""Machine code that removes lines and citations from texts in UTF-8, by C4's rules. `lines.py` says what for.

Import inside functions only (see `text/compiled.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE, LETTER, SPACE, TERMINAL, WORD
from tier_assets.text.characters import PLAIN, character, lower, stripped
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.eights import ALL, HIGH, eight_until, first_ones, like, ones_before, size_of

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

_LONG, _UNPUNCTUATED, _FEW, _JAVASCRIPT, _NOTICE, _LOREM, _CURLY, _SENTENCES, _TICKED, _COLUMNS = range(10)
_NEWLINE, _SPACE, _DOT, _OPEN, _CLOSE, _BACKSLASH = 0x0A, 0x20, 0x2E, 0x5B, 0x5D, 0x5C
_ZERO, _NINE, _TICK, _BRACE, _BAR = 0x30, 0x39, 0x60, 0x7B, 0x7C
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


@compiled
def _line(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, bool, bool]:
    """Where the line that starts at `at` ends, and whether an opening bracket or a brace is in it."""
    brackets, braces = np.uint64(0), np.uint64(0)
    while at < end:
        value = eight_until(data, at, data.shape[0])
        line = ones_before(like(value, _NEWLINE))
        if end - at < 8:
            line &= first_ones(end - at)
        value &= line
        brackets |= like(value, _OPEN)
        braces |= like(value, _BRACE)
        if line != ALL:
            at += size_of(line)
            break
        at += 8
    return at, brackets != 0, braces != 0


@compiled
def _is_long(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], chars: int) -> bool:
    """Whether a line has a word of more than `chars` characters."""
    at = start
    while end - at > chars:
        # Without a space among so many bytes, all characters count; else it goes on behind the last one.
        space = at + chars
        while space > at and data[space] != _SPACE:
            space -= 1
        if space == at:
            break
        at = space + 1
    if end - at <= chars:
        return False
    at, length = start, 0
    while at < end:
        point, width = character(data, at)
        length = 0 if flags[point] & (SPACE | ALONE) else length + 1
        if length > chars:
            return True
        at += width
    return False


@compiled
def _has_words(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], words: int) -> bool:
    """Whether a line has so many words. A character of a script written without spaces is a word by itself."""
    count, length, at = 0, 0, start
    while at < end and count < words:
        point, width = character(data, at)
        kind = flags[point]
        at += width
        alone, part = kind & ALONE != 0, kind & (SPACE | ALONE) != 0
        count += alone + (part and length > 0)
        length = 0 if part else length + 1
    return count + (length > 0) >= words


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
def _is_row(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a line is a row of a table, `| a | b |`, with two or more cells that hold something."""
    if end <= start or data[start] != _BAR or data[end - 1] != _BAR:
        return False
    cells, filled = 0, False
    for at in range(start + 1, end):
        if data[at] == _BAR and data[at - 1] != _BACKSLASH:
            cells, filled = cells + filled, False
        else:
            filled |= data[at] != _SPACE
    return cells >= 2


@compiled
def _same_lower(data: NDArray[np.uint8], at: int, end: int, wanted: NDArray[np.uint8]) -> bool:
    step = 0
    while step < wanted.shape[0] and at + step < end and lower(data[at + step]) == wanted[step]:
        step += 1
    return bool(step == wanted.shape[0])


@inlined
def _pair(first: np.uint8, second: np.uint8) -> int:
    """A number below 1024 for two bytes, in which case does not show."""
    return int(((first | 0x20) * 33 ^ (second | 0x20)) & _PAIRS)


@compiled
def _steps(phrases: NDArray[np.uint8], starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """How far a window over a line may move on when a pair of bytes ends it; and the window: the shortest phrase.

    As far as no phrase that starts in between is missed: Wu and Manber's search for several phrases at once.
    """
    window = starts[1]
    for phrase in range(starts.shape[0] - 1):
        window = min(window, starts[phrase + 1] - starts[phrase])
    steps = np.full(_PAIRS + 1, window - 1)
    for phrase in range(starts.shape[0] - 1):
        for last in range(1, window):
            first = starts[phrase] + last
            pair = _pair(phrases[first - 1], phrases[first])
            steps[pair] = min(steps[pair], window - 1 - last)
    return steps, window


@compiled
def _phrases_in(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    phrases: NDArray[np.uint8],
    starts: NDArray[np.int64],
    steps: NDArray[np.int64],
    window: int,
) -> int:
    """Which phrases a line holds, upper or lower case, bit i for phrase i, 2 for all beyond."""
    found = 0
    at = start + window - 1
    while at < end:
        step = steps[_pair(data[at - 1], data[at])]
        if step == 0:
            first = at - window + 1
            for phrase in range(starts.shape[0] - 1):
                if _same_lower(data, first, end, phrases[starts[phrase] : starts[phrase + 1]]):
                    found |= 1 << min(phrase, 2)
            step = 1
        at += step
    return found


@compiled
def _is_stop(data: NDArray[np.uint8], start: int, end: int, at: int, flags: NDArray[np.uint8]) -> bool:
    """Whether the dot at `at` ends a sentence: not beside another dot, nor after a single letter (J. or e.g.)."""
    if (at + 1 < end and data[at + 1] == _DOT) or at == start or data[at - 1] == _DOT:
        return False
    if data[at - 1] >= PLAIN or not flags[data[at - 1]] & LETTER:
        return True
    return at - 1 > start and bool(data[at - 2] >= PLAIN or flags[data[at - 2]] & WORD)


@compiled
def _sentences(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8]) -> int:
    """Sentences of a line: one, and one for every stop that more words follow, after a space or closing marks.

    Full-width stops need no space behind them.
    """
    count, at = 1, start
    while at < end:
        value = eight_until(data, at, data.shape[0])
        # Of ASCII, only . ! and ? end a sentence.
        odd = value & HIGH | like(value, _DOT) | like(value, 0x21) | like(value, 0x3F)
        if odd == 0:
            at += 8
            continue
        at += size_of(ones_before(odd))
        if at >= end:
            break
        point, width = character(data, at)
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
            point, width = character(data, at)
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
    """The texts without the lines that break a rule, as bytes and int64[texts + 1] offsets; int64[texts, CLEAN_COUNTERS + 1].

    The last column is how many lines start with a backtick.
    `phrases` are lower case, of two bytes or more: first lorem ipsum's, then javascript's, then those of notices.
    """
    texts = offsets.shape[0] - 1
    counters = np.zeros((texts, _COLUMNS), np.int64)
    out, out_offsets = np.empty(data.shape[0] + texts + 1, np.uint8), np.zeros(texts + 1, np.int64)
    steps, window = _steps(phrases, phrase_starts)
    to = 0
    for text in range(texts):
        row = counters[text]
        begun, start, end = to, offsets[text], offsets[text + 1]
        while start < end:
            row[_TICKED] += data[start] == _TICK
            at, cited, brace = _line(data, start, end)
            first, last = stripped(data, start, at, flags)
            start = at + 1
            if first == last:
                continue
            if _is_long(data, first, last, flags, limits.word_chars):
                row[_LONG] += 1
                continue
            stop = _copy(data, first, last, out, to, cited)
            if limits.punctuated and _unpunctuated(out, to, stop) and not _is_row(out, to, stop):
                row[_UNPUNCTUATED] += 1
            elif not _has_words(data, first, last, flags, limits.words) and not _is_row(out, to, stop):
                row[_FEW] += 1
            else:
                found = _phrases_in(out, to, stop, phrases, phrase_starts, steps, window)
                row[_LOREM] += found & 1
                if found & 1:
                    out[stop] = _NEWLINE
                    to = stop + 1
                elif found & 2:
                    row[_JAVASCRIPT] += 1
                elif found & 4 and not brace:
                    row[_NOTICE] += 1
                else:
                    row[_CURLY] += brace
                    row[_SENTENCES] += _sentences(out, to, stop, flags)
                    out[stop] = _NEWLINE
                    to = stop + 1
        first, last = stripped(out, begun, to, flags)
        for step in range(last - first):
            out[begun + step] = out[first + step]
        to = begun + last - first
        out_offsets[text + 1] = to
    return out[:to], out_offsets, counters
