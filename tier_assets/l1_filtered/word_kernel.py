"""Machine code that finds the words of texts in UTF-8, hashes them and counts what they are made of.

Two tokenizers: runs of non-space, and those runs with punctuation split off. What repeats among the words is
`ngram_kernel.py`'s to count, lines are `line_kernel.py`'s. Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import LETTER, SPACE, SYMBOL
from tier_assets.text.compiled import compiled, inlined

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
_HASH, _DOT, _COMMA, _DASH, _PLUS, _SLASH, _COLON = 0x23, 0x2E, 0x2C, 0x2D, 0x2B, 0x2F, 0x3A
_LESS, _EQUALS, _GREATER, _TILDE, _ELLIPSIS, _EN_DASH, _EM_DASH = 0x3C, 0x3D, 0x3E, 0x7E, 0x2026, 0x2013, 0x2014
_QUOTE, _RIGHT_QUOTE, _S, _T, _N = 0x27, 0x2019, ord("s"), ord("t"), ord("n")
_SEED, _FACTOR, _MIX = np.uint64(0x243F6A8885A308D3), np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC4CEB9FE1A85EC53)
_29, _32, _63, _ONE = np.uint64(29), np.uint64(32), np.uint64(63), np.uint64(1)
_PLAIN = 0x80
# Marks that stay with the word they precede, or follow: hyphen, slash, @, backslash, ^, |, ~; and the dot in .net.
_STICK_IN_FRONT = (_DASH, _SLASH, 0x40, 0x5C, 0x5E, 0x7C, _TILDE, _PLUS, _DOT)
_STICK_BEHIND = (_DASH, _SLASH, 0x40, 0x5C, 0x5E, 0x7C, _TILDE, _EQUALS)
_DEGREE, _ICONS, _FULL_WIDTH, _EMOJI = 0xB0, 0x2190, 0x3000, 0x1F000
# Units that spaCy parts from the digits before them, as numbers made of their bytes.
_UNITS = tuple(
    int.from_bytes(unit.encode(), "big")
    for unit in "m g t K M G T km dm cm mm nm ha ft mi kg mg lb oz kb mb gb tb KB MB GB TB Pa hPa mph".split()
)


@inlined
def _width(lead: np.uint8) -> int:
    return 1 if lead < _PLAIN else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@inlined
def _code_point(data: NDArray[np.uint8], at: int, width: int) -> int:
    lead = int(data[at])
    if width == 1:
        return lead
    point = lead & (0x7F >> width)
    for step in range(1, width):
        point = (point << 6) | (int(data[at + step]) & 0x3F)
    return point


@inlined
def _mixed(digest: np.uint64) -> np.uint64:
    digest = (digest ^ (digest >> _29)) * _MIX
    return digest ^ (digest >> _32)


@compiled
def _before(data: NDArray[np.uint8], at: int) -> int:
    """Where the character that ends at `at` starts."""
    at -= 1
    while (data[at] & 0xC0) == _PLAIN:
        at -= 1
    return at


@inlined
def _is_digit(point: int) -> bool:
    return 0x30 <= point <= 0x39


@inlined
def _is_lower(point: int) -> bool:
    return 0x61 <= point <= 0x7A


@inlined
def _is_upper(point: int) -> bool:
    return 0x41 <= point <= 0x5A


@compiled
def _sticks_behind(data: NDArray[np.uint8], start: int, at: int, point: int) -> bool:
    """Whether the mark `point` at `at` stays with the word before it, which started at `start`.

    A full stop does after a single letter, in the word (a.) or since another dot (e.g.), and after one capital (U.S.);
    signs of currency, % and + do unless a digit precedes.
    """
    if at == start:
        return point != _DOT
    previous = int(data[at - 1])
    if point == _DOT:
        if _is_upper(previous):
            return at - start < 2 or not _is_upper(data[at - 2])
        return _is_lower(previous) and (at - start == 1 or data[at - 2] == _DOT)
    if point in (0x24, 0x25, _PLUS):
        return not _is_digit(previous)
    return point in _STICK_BEHIND


@compiled
def _is_infix(
    data: NDArray[np.uint8], start: int, end: int, at: int, point: int, width: int, flags: NDArray[np.uint8]
) -> bool:
    """Whether the mark at `at` inside [start, end) parts two words: a hyphen between letters, a sign between digits."""
    if point in (_ELLIPSIS, _DEGREE) or _ICONS <= point < _FULL_WIDTH or point >= _EMOJI:
        return True
    if at == start or at + width >= end:
        return False
    before = _before(data, at)
    left = _code_point(data, before, at - before)
    right = _code_point(data, at + width, _width(data[at + width]))
    if point == _DOT:
        return _DOT in (left, right) or (_is_lower(left) and _is_upper(right))
    if point == _DASH and _DASH in (left, right):
        return True
    left_letter, right_letter = flags[left] & LETTER, flags[right] & LETTER
    if point in (_DASH, _EN_DASH, _EM_DASH, _TILDE, _COMMA):
        if point != _COMMA and _is_digit(left) and right_letter:
            return True
        return bool(left_letter and right_letter) or (point == _DASH and _is_digit(left) and _is_digit(right))
    if point in (_COLON, _LESS, _EQUALS, _GREATER, _SLASH):
        return bool((left_letter or _is_digit(left)) and right_letter)
    return point in (_PLUS, 0x2A, 0x5E) and _is_digit(left) and _is_digit(right)


@compiled
def _contraction(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Where n't, 's, 're, 've, 'll, 'd or 'm begins at the end of [start, end), typewriter or curly; else `end`."""
    for back in range(1, 3):
        at = end - back
        quote = 1
        if at - 1 >= start and data[at - 1] == _QUOTE:
            at -= 1
        elif at - 3 >= start and data[at - 3] == 0xE2 and data[at - 2] == 0x80 and data[at - 1] == 0x99:
            at -= 3
            quote = 3
        else:
            continue
        if at <= start:
            return end
        first = data[at + quote] | 0x20
        if back == 1:
            if first == _T and (data[at - 1] | 0x20) == _N and at - 1 > start:
                return at - 1
            return at if first in (_S, 0x64, 0x6D) else end
        second = data[at + quote + 1] | 0x20
        if (first in (0x72, 0x76) and second == 0x65) or (first == 0x6C and second == 0x6C):
            return at
    return end


@compiled
def _unit(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Where a unit of measure begins at the end of [start, end), behind a digit; else `end`."""
    at, letters = end, 0
    while at > start and end - at < 4 and not _is_digit(data[at - 1]):
        at -= 1
        letters |= int(data[at]) << (8 * (end - 1 - at))
    if at > start and _is_digit(data[at - 1]):
        for unit in _UNITS:
            if letters == unit:
                return at
    return end


@compiled
def _is_address(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a run is an address of the web or of mail, which punctuation does not part."""
    for at in range(start, end - 2):
        if data[at] == 0x40 and at > start:
            return True
        if data[at] == _COLON and data[at + 1] == _SLASH and data[at + 2] == _SLASH:
            return True
    return end - start > 4 and data[start] == data[start + 1] == data[start + 2] == 0x77 and data[start + 3] == _DOT


@compiled
def _split_run(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], bounds: NDArray[np.int64]
) -> int:
    """Parts a run of non-space: part i is bounds[i]:bounds[i + 1]. Returns how many parts there are."""
    count = 0
    bounds[0] = start
    while start < end:
        width = _width(data[start])
        point = _code_point(data, start, width)
        if not flags[point] & SYMBOL:
            break
        if point == _DOT and start + 1 < end and data[start + 1] == _DOT:
            while start + width < end and data[start + width] == _DOT:
                width += 1
        elif point in _STICK_IN_FRONT:
            break
        start += width
        count += 1
        bounds[count] = start
    tail = end
    while tail > start:
        at = _before(data, tail)
        point = _code_point(data, at, tail - at)
        if not flags[point] & SYMBOL:
            tail = min(_contraction(data, start, tail), _unit(data, start, tail))
            break
        if point == _DOT and at > start and data[at - 1] == _DOT:
            while at > start and data[at - 1] == _DOT:
                at -= 1
        elif _sticks_behind(data, start, at, point):
            break
        tail = at
    core = tail
    address = _is_address(data, start, core)
    at, begun = start, start
    while at < core and not address:
        width = _width(data[at])
        point = _code_point(data, at, width)
        if flags[point] & SYMBOL and _is_infix(data, begun, core, at, point, width, flags):
            while point in (_DOT, _DASH) and at + width < core and data[at + width] == point:
                width += 1
            if at > begun:
                count += 1
                bounds[count] = at
            count += 1
            bounds[count] = at + width
            begun = at + width
        at += width
    if core > begun:
        count += 1
        bounds[count] = core
    return _split_tail(data, core, end, flags, bounds, count)


@compiled
def _split_tail(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], bounds: NDArray[np.int64], count: int
) -> int:
    """The part of a run behind its core: a contraction, which is one part, and marks, each a part but runs of dots."""
    at = start
    while at < end:
        width = _width(data[at])
        point = _code_point(data, at, width)
        if not flags[point] & SYMBOL or (at == start and point in (_QUOTE, _RIGHT_QUOTE) and at + width < end):
            stop = at + width
            while stop < end and flags[_code_point(data, stop, _width(data[stop]))] & LETTER:
                stop += _width(data[stop])
            # n't: the apostrophe is inside.
            if stop < end and data[at] | 0x20 == _N and data[stop] in (_QUOTE, 0xE2):
                stop += _width(data[stop]) + 1
            width = stop - at
        elif point == _DOT:
            while at + width < end and data[at + width] == _DOT:
                width += 1
        at += width
        count += 1
        bounds[count] = at
    return count


@compiled
def _measure(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8]
) -> tuple[np.uint64, int, np.uint8, np.uint8]:
    """Hash and characters of a word, all its flags together, and the flags that all its characters have."""
    digest, chars, some, every = _SEED, 0, np.uint8(0), np.uint8(0xFF)
    at = start
    while at < end:
        width = _width(data[at])
        point = _code_point(data, at, width)
        kind = flags[point]
        digest = digest * _FACTOR + np.uint64(point)
        some |= kind
        every &= kind
        chars += 1
        at += width
    return _mixed(digest), chars, some, every


@compiled
def _scan(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    flags: NDArray[np.uint8],
    marks: bool,
    stop_hashes: NDArray[np.uint64],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    bounds: NDArray[np.int64],
    row: NDArray[np.int64],
) -> int:
    """Words of one text: hash and length of each into `hashes` and `lengths`, their counters into `row`."""
    stop_bits, seen_stops = np.uint64(0), np.uint64(0)
    for index in range(stop_hashes.shape[0]):
        stop_bits |= _ONE << (stop_hashes[index] & _63)
    count, extra_bytes, dots, last_dot = 0, 0, 0, -1
    hash_signs, ellipses, nonsymbol, nonsymbol_chars, alpha = 0, 0, 0, 0, 0
    at = start
    while at < end:
        begun, length, some, every, digest = at, 0, np.uint8(0), np.uint8(0xFF), _SEED
        width = 1
        while at < end:
            width = 1
            point = int(data[at])
            if point >= _PLAIN:
                width = _width(data[at])
                point = _code_point(data, at, width)
                extra_bytes += width - 1
            kind = flags[point]
            if kind & SPACE:
                break
            if kind & SYMBOL:
                if point == _DOT:
                    dots = dots + 1 if last_dot == at - 1 else 1
                    last_dot = at
                    if dots == 3:
                        ellipses += 1
                        dots = 0
                hash_signs += point == _HASH
                ellipses += point == _ELLIPSIS
            digest = digest * _FACTOR + np.uint64(point)
            some |= kind
            every &= kind
            length += 1
            at += width
        if length:
            # All letters are one word.
            parts = _split_run(data, begun, at, flags, bounds) if marks and not every & LETTER else 1
            digest = _mixed(digest)
            for part in range(parts):
                if parts > 1:
                    digest, length, some, every = _measure(data, bounds[part], bounds[part + 1], flags)
                hashes[count] = digest
                lengths[count] = length
                count += 1
                alpha += (some & LETTER) != 0
                plain = (every & SYMBOL) == 0
                nonsymbol += plain
                nonsymbol_chars += length * plain
                if (stop_bits >> (digest & _63)) & _ONE:
                    for index in range(stop_hashes.shape[0]):
                        if digest == stop_hashes[index]:
                            seen_stops |= _ONE << np.uint64(index)
        at += width
    row[_CHARS], row[_HASHES], row[_ELLIPSES], row[_WORDS] = end - start - extra_bytes, hash_signs, ellipses, count
    row[_NONSYMBOL], row[_NONSYMBOL_CHARS], row[_ALPHA] = nonsymbol, nonsymbol_chars, alpha
    while seen_stops:
        row[_STOP] += np.int64(seen_stops & _ONE)
        seen_stops >>= _ONE
    return count


@compiled
def find_words(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    flags: NDArray[np.uint8],
    marks: bool,
    stops: tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]],
    which: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Words of every text; with `marks`, punctuation is parted from them.

    `stops`: all stop words as bytes, where each starts (one more than there are), and at which word each list of them
    starts (likewise); `which[text]` is the list of a text, of at most 64 words. Returns uint64[words] hashes,
    int32[words] lengths in characters, int64[texts + 1] where a text's words start, and int64[texts, WORD_COUNTERS].
    """
    texts = offsets.shape[0] - 1
    counters = np.zeros((texts, _COLUMNS), np.int64)
    starts = np.zeros(texts + 1, np.int64)
    room = data.shape[0] // (1 if marks else 2) + texts + 1
    hashes, lengths = np.empty(room, np.uint64), np.empty(room, np.int32)
    bounds = np.empty((data.shape[0] if marks else 0) + 2, np.int64)
    stop_data, stop_starts, lists = stops
    stop_hashes = np.empty(stop_starts.shape[0] - 1, np.uint64)
    for index in range(stop_hashes.shape[0]):
        stop_hashes[index] = _measure(stop_data, stop_starts[index], stop_starts[index + 1], flags)[0]
    for text in range(texts):
        first = starts[text]
        starts[text + 1] = first + _scan(
            data,
            offsets[text],
            offsets[text + 1],
            flags,
            marks,
            stop_hashes[lists[which[text]] : lists[which[text] + 1]],
            hashes[first:],
            lengths[first:],
            bounds,
            counters[text],
        )
    return hashes[: starts[texts]], lengths[: starts[texts]], starts, counters
