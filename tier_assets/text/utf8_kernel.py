"""Machine code that looks through bytes for what decides whether they are UTF-8.

ASCII is passed 64 bytes at a time. Import inside functions only (see `compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import PADDING
from tier_assets.text.compiled import borrowing, compiled
from tier_assets.text.vectors import below, equal, first

_ESCAPE, _ASCII = 0x1B, 0x80


@borrowing
def _sequence(data: NDArray[np.uint8], at: int) -> int:
    """Bytes of the character that begins at `at` and is not ASCII; 0 if there is none: Unicode's table 3-7."""
    byte, second = data[at], data[at + 1]
    if byte < 0xC2 or byte > 0xF4 or second & 0xC0 != 0x80:
        return 0
    if byte < 0xE0:
        return 2
    if data[at + 2] & 0xC0 != 0x80:
        return 0
    if byte < 0xF0:
        overlong, surrogate = byte == 0xE0 and second < 0xA0, byte == 0xED and second >= 0xA0
        return 0 if overlong or surrogate else 3
    outside = (byte == 0xF0 and second < 0x90) or (byte == 0xF4 and second >= 0x90)
    return 0 if outside or data[at + 3] & 0xC0 != 0x80 else 4


@compiled
def look(data: NDArray[np.uint8]) -> tuple[bool, bool, bool]:
    """Whether bytes with `PADDING` zero bytes behind them are UTF-8; have an escape; have U+FFFD. All told if it is UTF-8."""
    size, at, escaped, replaced = data.shape[0] - PADDING, 0, False, False
    while at < size:
        escaped |= equal(data, at, _ESCAPE) != 0
        plain = first(~below(data, at, _ASCII))
        at += plain
        if plain == PADDING:
            continue
        while data[at] >= _ASCII:
            length = _sequence(data, at)
            if not length:
                return False, escaped, replaced
            replaced |= data[at] == 0xEF and data[at + 1] == 0xBF and data[at + 2] == 0xBD
            at += length
    return True, escaped, replaced
