import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.buffers import PADDING, padded
from tier_assets.text.compiled import compiled
from tier_assets.text.vectors import below, copy, count, eight, equal, first


@compiled
def compared(data: np.ndarray, at: int, byte: int) -> tuple[int, int]:
    return equal(data, at, byte), below(data, at, byte)


@compiled
def counted(bits: np.uint64) -> tuple[int, int]:
    return first(bits), count(bits)


@compiled
def number(data: np.ndarray, at: int) -> int:
    return eight(data, at)


@compiled
def copied(data: np.ndarray, at: int, out: np.ndarray, to: int) -> None:
    copy(data, at, out, to)


@settings(deadline=None)  # the first call compiles
@given(st.binary(min_size=1), st.data(), st.integers(0, 255))
def test_a_bit_says_of_each_of_64_bytes_how_it_compares(data, drawn, byte):
    at = drawn.draw(st.integers(0, len(data) - 1))
    seen = padded(data)[at : at + PADDING].tolist()
    same, less = compared(padded(data), at, byte)
    assert same == sum(1 << place for place, value in enumerate(seen) if value == byte)
    assert less == sum(1 << place for place, value in enumerate(seen) if value < byte)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, (1 << 64) - 1))
def test_bits_are_found_and_counted(bits):
    assert counted(np.uint64(bits)) == ((bits & -bits).bit_length() - 1 if bits else 64, bits.bit_count())


def test_bytes_are_read_and_copied_from_any_place():
    data, out = np.arange(200, dtype=np.uint8), np.zeros(100, np.uint8)
    assert number(data, 3) == int.from_bytes(bytes(range(3, 11)), "little")
    copied(data, 5, out, 7)
    assert out.tolist() == [0] * 7 + list(range(5, 5 + PADDING)) + [0] * (93 - PADDING)
