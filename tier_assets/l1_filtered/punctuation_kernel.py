"""Machine code that parts punctuation from the words of texts in UTF-8, as spaCy does: where runs of non-space are cut.

Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import LETTER, SPACE, SYMBOL
from tier_assets.text.characters import PLAIN, before, code_point, width_of
from tier_assets.text.compiled import compiled, inlined
from tier_assets.text.eights import ALL, HIGH, eight_until, letters_in, ones_before, size_of

_DOT, _COMMA, _DASH, _PLUS, _SLASH, _COLON = 0x2E, 0x2C, 0x2D, 0x2B, 0x2F, 0x3A
_LESS, _EQUALS, _GREATER, _TILDE, _ELLIPSIS, _EN_DASH, _EM_DASH = 0x3C, 0x3D, 0x3E, 0x7E, 0x2026, 0x2013, 0x2014
_QUOTE, _RIGHT_QUOTE, _S, _T, _N = 0x27, 0x2019, ord("s"), ord("t"), ord("n")
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
def _is_digit(point: np.int64) -> bool:
    return bool(0x30 <= point <= 0x39)


@inlined
def _is_lower(point: np.int64) -> bool:
    return bool(0x61 <= point <= 0x7A)


@inlined
def _is_upper(point: np.int64) -> bool:
    return bool(0x41 <= point <= 0x5A)


@compiled
def _sticks_behind(data: NDArray[np.uint8], start: int, at: int, point: np.int64) -> bool:
    """Whether the mark `point` at `at` stays with the word before it, which started at `start`.

    A full stop does after a single letter, in the word (a.) or since another dot (e.g.), and after one capital (U.S.);
    signs of currency, % and + do unless a digit precedes.
    """
    if at == start:
        return bool(point != _DOT)
    previous = np.int64(data[at - 1])
    if point == _DOT:
        if _is_upper(previous):
            return at - start < 2 or not _is_upper(data[at - 2])
        return _is_lower(previous) and (at - start == 1 or data[at - 2] == _DOT)
    if point in (0x24, 0x25, _PLUS):
        return not _is_digit(previous)
    return point in _STICK_BEHIND


@compiled
def _is_infix(
    data: NDArray[np.uint8], start: int, end: int, at: int, point: np.int64, width: int, flags: NDArray[np.uint8]
) -> bool:
    """Whether the mark at `at` inside [start, end) parts two words: a hyphen between letters, a sign between digits."""
    if point in (_ELLIPSIS, _DEGREE) or _ICONS <= point < _FULL_WIDTH or point >= _EMOJI:
        return True
    if at == start or at + width >= end:
        return False
    previous = before(data, at)
    left = code_point(data, previous, at - previous)
    right = code_point(data, at + width, width_of(data[at + width]))
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
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], ends: NDArray[np.int64], count: int
) -> int:
    """Parts a run of non-space: where each part ends goes to ends[count] and on. Returns `count` and the parts."""
    while start < end:
        width = width_of(data[start])
        point = code_point(data, start, width)
        if not flags[point] & SYMBOL:
            break
        if point == _DOT and start + 1 < end and data[start + 1] == _DOT:
            while start + width < end and data[start + width] == _DOT:
                width += 1
        elif point in _STICK_IN_FRONT:
            break
        start += width
        ends[count] = start
        count += 1
    tail = end
    while tail > start:
        at = before(data, tail)
        point = code_point(data, at, tail - at)
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
        width = width_of(data[at])
        point = code_point(data, at, width)
        if flags[point] & SYMBOL and _is_infix(data, begun, core, at, point, width, flags):
            while point in (_DOT, _DASH) and at + width < core and data[at + width] == point:
                width += 1
            if at > begun:
                ends[count] = at
                count += 1
            ends[count] = at + width
            count += 1
            begun = at + width
        at += width
    if core > begun:
        ends[count] = core
        count += 1
    return _split_tail(data, core, end, flags, ends, count)


@compiled
def _split_tail(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], ends: NDArray[np.int64], count: int
) -> int:
    """The part of a run behind its core: a contraction, which is one part, and marks, each a part but runs of dots."""
    at = start
    while at < end:
        width = width_of(data[at])
        point = code_point(data, at, width)
        if not flags[point] & SYMBOL or (at == start and point in (_QUOTE, _RIGHT_QUOTE) and at + width < end):
            stop = at + width
            while stop < end and flags[code_point(data, stop, width_of(data[stop]))] & LETTER:
                stop += width_of(data[stop])
            # n't: the apostrophe is inside.
            if stop < end and data[at] | 0x20 == _N and data[stop] in (_QUOTE, 0xE2):
                stop += width_of(data[stop]) + 1
            width = stop - at
        elif point == _DOT:
            while at + width < end and data[at + width] == _DOT:
                width += 1
        at += width
        ends[count] = at
        count += 1
    return count


@inlined
def _is_space(data: NDArray[np.uint8], at: int, flags: NDArray[np.uint8]) -> bool:
    """Whether the byte at `at` is white space of ASCII."""
    return bool(data[at] < PLAIN and flags[data[at]] & SPACE != 0)


@compiled
def _cut(
    data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8], cuts: NDArray[np.int64], count: int
) -> tuple[int, int]:
    """Cuts of one text into cuts[count] and on. Returns `count` and the cuts, and how many runs of non-space there are."""
    runs, at = 0, start
    while at < end:
        if _is_space(data, at, flags):
            at += 1
            continue
        begun = at
        word = ones_before(~letters_in(eight_until(data, at, end)) & HIGH)
        while word == ALL:
            at += 8
            word = ones_before(~letters_in(eight_until(data, at, end)) & HIGH)
        at += size_of(word)
        # Nearly all runs are letters of ASCII, or those and one mark.
        if at > begun and (at == end or _is_space(data, at, flags)):
            runs += 1
            continue
        if at > begun and data[at] < PLAIN and (at + 1 == end or _is_space(data, at + 1, flags)):
            mark = np.int64(data[at])
            if flags[mark] & SYMBOL:
                cuts[count] = at
                count += not _sticks_behind(data, begun, at, mark)
                runs += 1
                at += 1
                continue
        every, width = np.uint8(0xFF), 1
        while at < end:
            width = width_of(data[at])
            kind = flags[code_point(data, at, width)]
            if kind & SPACE:
                break
            every &= kind
            at += width
        if at == begun:
            at += width
            continue
        runs += 1
        if not every & LETTER:
            # The last part ends where the run does, which is no cut.
            count = _split_run(data, begun, at, flags, cuts, count) - 1
    return count, runs


@compiled
def find_cuts(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], flags: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the words of all texts are cut, as `find_words` takes it, and int64[texts] how many words each text has."""
    texts = offsets.shape[0] - 1
    cuts, words = np.empty(data.shape[0] + 1, np.int64), np.empty(texts, np.int64)
    count = 0
    for text in range(texts):
        before = count
        count, runs = _cut(data, offsets[text], offsets[text + 1], flags, cuts, count)
        words[text] = runs + count - before
    cuts[count] = data.shape[0] + 1
    return cuts[: count + 1], words
