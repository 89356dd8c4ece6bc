"""Steps of kernels that look at eight bytes at once, as a number whose lowest byte is the first: to compare and to hash.

The bytes that a comparison finds are marked by their high bits. Where 64 bytes may be read, `vectors.py` has more. Import
inside functions only (see `compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import inlined

# numba turns an unsigned and a signed integer into a float, so every constant has its type.
ALL, ONE, EACH = ~np.uint64(0), np.uint64(1), np.uint64(0x0101010101010101)
"""All bits; the lowest bit; the lowest bit of each byte."""
HIGH, LOW = np.uint64(0x8080808080808080), np.uint64(0x7F7F7F7F7F7F7F7F)
"""The high bit of each byte; all others."""

_CASE = np.uint64(0x2020202020202020)
_7, _29, _32, _33, _56 = (np.uint64(bits) for bits in (7, 29, 32, 33, 56))
_FACTOR, _MIX, _MIX_1 = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC4CEB9FE1A85EC53, 0xFF51AFD7ED558CCD))
SEED = np.uint64(0x243F6A8885A308D3)
"""What a hash by `stirred` and `mixed` begins with."""


@inlined
def eight_until(data: NDArray[np.uint8], at: int, end: int) -> np.uint64:
    """Eight bytes as a number, zeros from `end` on; unsigned indices, so that it becomes one instruction."""
    first = np.uint64(at)
    if at + 8 <= end:
        value = np.uint64(data[first])
        for step in (1, 2, 3, 4, 5, 6, 7):
            value |= np.uint64(data[first + np.uint64(step)]) << np.uint64(8 * step)
        return value
    value = np.uint64(0)
    for step in range(end - at):
        value |= np.uint64(data[first + np.uint64(step)]) << np.uint64(8 * step)
    return value


@inlined
def like(value: np.uint64, byte: int) -> np.uint64:
    """Marks the first of eight bytes that is `byte`, perhaps later ones, but none if none is."""
    value ^= np.uint64(byte) * EACH
    return (value - EACH) & ~value & HIGH


@inlined
def between(low: np.uint64, first: int, last: int) -> np.uint64:
    """Marks those of eight bytes below 128 that are from `first` to `last`."""
    return (low + np.uint64(0x80 - first) * EACH) & ~(low + np.uint64(0x7F - last) * EACH) & HIGH


@inlined
def letters_in(value: np.uint64) -> np.uint64:
    """Marks those of eight bytes that are letters of ASCII."""
    return between((value | _CASE) & LOW, 0x61, 0x7A) & ~value


@inlined
def first_ones(size: int) -> np.uint64:
    """The first `size` of eight bytes as ones, fewer than all."""
    return (ONE << np.uint64(8 * size)) - ONE


@inlined
def ones_before(marks: np.uint64) -> np.uint64:
    """The bytes before the first that is marked as ones; all if none is."""
    return ((marks & (~marks + ONE)) >> _7) - ONE


@inlined
def size_of(ones: np.uint64) -> int:
    """How many bytes are ones, the others being zeros."""
    return count_low(ones & EACH)


@inlined
def count_low(bits: np.uint64) -> int:
    """How many bytes have their lowest bit on, and no other."""
    return int(np.int64((bits * EACH) >> _56))


@inlined
def stirred(digest: np.uint64, value: np.uint64) -> np.uint64:
    """A hash with eight bytes more."""
    digest = (digest ^ value) * _FACTOR
    return digest ^ (digest >> _32)


@inlined
def mixed(digest: np.uint64, rest: np.uint64, size: int) -> np.uint64:
    """The hash of `size` bytes, of which `rest` are the last, fewer than eight."""
    digest ^= rest ^ (np.uint64(size) << _56)
    digest = (digest ^ (digest >> _29)) * _MIX
    return digest ^ (digest >> _32)


@inlined
def finalized(value: np.uint64) -> np.uint64:
    """The finaliser of MurmurHash3: each bit of the number changes each bit of the result by half."""
    value = (value ^ (value >> _33)) * _MIX_1
    value = (value ^ (value >> _33)) * _MIX
    return value ^ (value >> _33)
