"""Steps of kernels that go through UTF-8 by its characters. Those that look at eight bytes at once are `eights.py`'s.

`data` is UTF-8 without errors, and places in it are those where characters begin. Import inside functions only (see
`compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import SPACE
from tier_assets.text.compiled import borrowing, inlined

PLAIN = 0x80
"""Bytes below are characters of ASCII; of any other character the first byte is 0xC0 or more."""


@inlined
def width_of(lead: np.uint8) -> int:
    """Bytes of the character whose first is `lead`."""
    return 1 if lead < PLAIN else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@inlined
def code_point(data: NDArray[np.uint8], at: int, width: int) -> np.int64:
    """The character of so many bytes at `at`."""
    # Not int(), which costs a fifth of the time of Gopher's signals.
    lead = np.int64(data[at])
    if width == 1:
        return lead
    point = lead & (0x7F >> width)
    for step in range(1, width):
        point = (point << 6) | (np.int64(data[at + step]) & 0x3F)
    return point


@inlined
def character(data: NDArray[np.uint8], at: int) -> tuple[np.int64, int]:
    """The character at `at`, and its bytes."""
    width = width_of(data[at])
    return code_point(data, at, width), width


@inlined
def before(data: NDArray[np.uint8], end: int) -> int:
    """Where the character begins that ends at `end`."""
    at = end - 1
    while (data[at] & 0xC0) == PLAIN:
        at -= 1
    return at


@inlined
def lower(byte: np.uint8) -> int:
    """The byte, or of a capital letter of ASCII the small one."""
    return int(byte) + (32 if 0x41 <= byte <= 0x5A else 0)


@borrowing
def stripped(data: NDArray[np.uint8], start: int, end: int, flags: NDArray[np.uint8]) -> tuple[int, int]:
    """[start, end) without white space at its ends: equal places if there is nothing else."""
    while start < end:
        point, width = character(data, start)
        if not flags[point] & SPACE:
            break
        start += width
    while end > start:
        at = before(data, end)
        point, width = character(data, at)
        if not flags[point] & SPACE:
            break
        end = at
    return start, end
