"""Machine code that says which lines may hold which kinds of private data: one pass over bytes, before any expression.

What each kind is made of is in `private_data_patterns.py`; a hint may be wrong only in that nothing is found. Import inside
functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import compiled, inlined

AT, DOTTED, COLONS, NUMBER, CARD, ACCOUNT, TOKEN, BLOCK = 1, 2, 4, 8, 16, 32, 64, 128
"""Hints: an `@` or a bracket before "at"; four numbers with dots; two colons in a row or three between hexadecimal digits;
7 digits that only separators part; 12 of them; two letters and two digits at the start of a word; 16 characters of a
token with a digit, or the start of a key of AWS or of Hugging Face, which may have none; the word PRIVATE."""

_DIGIT, _LETTER, _SEPARATOR, _HEX, _JOINER, _SIGN, _BREAK = 1, 2, 4, 8, 16, 32, 64
_NUMBER_DIGITS, _CARD_DIGITS, _TOKEN_CHARS = 7, 12, 16
# Three separators of three bytes each.
_MAX_GAP = 9
_MAX_HEX = 4
_DOT, _COLON, _AT = 0x2E, 0x3A, 0x40
_SPACE, _SMALL_A, _SMALL_T, _CASE = 0x20, 0x61, 0x74, 0x20
_UNDERSCORE, _SMALL_F, _SMALL_H = 0x5F, 0x66, 0x68
_A, _I, _K, _P, _R, _S, _V = 0x41, 0x49, 0x4B, 0x50, 0x52, 0x53, 0x56


def byte_kinds() -> NDArray[np.uint8]:
    """What each byte may be part of, uint8[256], a sum of the flags above. Bytes outside ASCII may be separators."""
    kinds = np.zeros(256, np.uint8)
    for characters, flag in (
        ("0123456789", _DIGIT),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", _LETTER),
        (" ().-/", _SEPARATOR),
        ("0123456789abcdefABCDEF", _HEX),
        ("-+/=~", _JOINER),
        ("@:([{I_", _SIGN),
        ("\n", _BREAK),
    ):
        kinds[[ord(character) for character in characters]] |= flag
    kinds[0x80:] |= _SEPARATOR
    return kinds


@inlined
def _kind(data: NDArray[np.uint8], at: int, start: int, end: int, kinds: NDArray[np.uint8]) -> np.uint8:
    return kinds[data[at]] if start <= at < end else np.uint8(0)


@compiled
def _of_sign(data: NDArray[np.uint8], at: int, start: int, end: int) -> int:
    """The hints that the sign at `at` gives by itself."""
    byte = data[at]
    if byte == _AT:
        return AT
    if at + 4 >= end:
        return 0
    if at < start + 2 and byte in (_I, _COLON, _UNDERSCORE):
        return 0
    if byte == _UNDERSCORE:
        return TOKEN if data[at - 2] == _SMALL_H and data[at - 1] == _SMALL_F else 0
    if byte == _I:
        if data[at - 2] == _P and data[at - 1] == _R and data[at + 1] == _V:
            return BLOCK
        return TOKEN if data[at - 2] == _A and data[at - 1] in (_K, _S) and data[at + 1] == _A else 0
    if byte == _COLON:
        return COLONS if data[at - 1] == _COLON else 0
    after = at + 2 if data[at + 1] == _SPACE else at + 1
    return AT if (data[after] | _CASE) == _SMALL_A and (data[after + 1] | _CASE) == _SMALL_T else 0


@compiled
def _of_digit(data: NDArray[np.uint8], at: int, start: int, end: int, kinds: NDArray[np.uint8]) -> int:
    """ACCOUNT and TOKEN of the word around the first digit of a group."""
    found = 0
    if (
        _kind(data, at - 1, start, end, kinds) & _LETTER
        and _kind(data, at - 2, start, end, kinds) & _LETTER
        and _kind(data, at + 1, start, end, kinds) & _DIGIT
        and not _kind(data, at - 3, start, end, kinds) & (_LETTER | _DIGIT)
    ):
        found |= ACCOUNT
    wanted = _DIGIT | _LETTER | _JOINER
    first, last = at, at
    while at - first < _TOKEN_CHARS and _kind(data, first - 1, start, end, kinds) & wanted:
        first -= 1
    while last - first < _TOKEN_CHARS and _kind(data, last + 1, start, end, kinds) & wanted:
        last += 1
    return found | TOKEN if last - first + 1 >= _TOKEN_CHARS else found


@inlined
def _all_of(data: NDArray[np.uint8], first: int, end: int, kinds: NDArray[np.uint8], kind: int, most: int) -> bool:
    """Whether there are at most so many bytes from `first` to `end`, all of one kind."""
    near = end - first <= most
    for at in range(first, end if near else first):
        near = near and (kinds[data[at]] & kind) != 0
    return near


@compiled
def hinted_lines(data: NDArray[np.uint8], offsets: NDArray[np.int64], kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """One row per line with a hint, in order: its text, where it begins and ends in `data`, the sum of its hints.

    Most bytes are neither a digit nor a sign, and cost a look-up.
    """
    out = np.empty((64, 4), np.int64)
    rows = 0
    for text in range(offsets.shape[0] - 1):
        start, end = offsets[text], offsets[text + 1]
        found, digits, dots, colons, line = 0, 0, 0, 0, start
        last_digit, last_colon = start - _MAX_GAP - 2, start - _MAX_HEX - 2
        for at in range(start, end + 1):
            kind = kinds[data[at]] if at < end else np.uint8(_BREAK)
            if not kind & (_DIGIT | _SIGN | _BREAK):
                continue
            if kind & _BREAK:
                if found:
                    if rows == out.shape[0]:
                        larger = np.empty((2 * rows, 4), np.int64)
                        larger[:rows] = out
                        out = larger
                    out[rows, 0], out[rows, 1], out[rows, 2], out[rows, 3] = text, line, at, found
                    rows += 1
                found, line = 0, at + 1
                continue
            if kind & _SIGN:
                found |= _of_sign(data, at, line, end)
                if data[at] == _COLON:
                    near = _all_of(data, last_colon + 1, at, kinds, _HEX, _MAX_HEX)
                    colons = colons + 1 if near else 1
                    if colons == 3:
                        found |= COLONS
                    last_colon = at
                continue
            gap = at - last_digit - 1
            if gap:
                if not _all_of(data, last_digit + 1, at, kinds, _SEPARATOR, _MAX_GAP):
                    digits = 0
                dots = dots + 1 if gap == 1 and data[at - 1] == _DOT else 0
                if dots == 3:
                    found |= DOTTED
                found |= _of_digit(data, at, line, end, kinds)
            digits += 1
            if digits >= _NUMBER_DIGITS:
                found |= NUMBER
                if digits >= _CARD_DIGITS:
                    found |= CARD
            last_digit = at
    return out[:rows].copy()
