import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.compiled import compiled
from tier_assets.text.eights import (
    HIGH,
    SEED,
    between,
    count_low,
    eight_until,
    finalized,
    first_ones,
    letters_in,
    like,
    mixed,
    ones_before,
    size_of,
    stirred,
)

EIGHT = st.binary(min_size=8, max_size=8)


@compiled
def number(data: np.ndarray, at: int, end: int) -> int:
    return eight_until(data, at, end)


@compiled
def alike(value: np.uint64, byte: int) -> int:
    return like(value, byte)


@compiled
def kinds(value: np.uint64, first: int, last: int) -> tuple[int, int]:
    return between(value & ~HIGH, first, last), letters_in(value)


@compiled
def sizes(marks: np.uint64, size: int) -> tuple[int, int, int, int]:
    ones = ones_before(marks)
    return ones, size_of(ones), first_ones(size), count_low(marks >> np.uint64(7))


@compiled
def hashed(first: np.uint64, rest: np.uint64, size: int) -> int:
    return mixed(stirred(SEED, first), rest, size)


@compiled
def ended(value: np.uint64) -> int:
    return finalized(value)


def as_number(data: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(data, "little"))


def marked(data: bytes, wanted) -> int:
    """The high bits of the bytes that are wanted."""
    return sum(0x80 << 8 * place for place, byte in enumerate(data) if wanted(byte))


@settings(deadline=None)  # the first call compiles
@given(st.binary(min_size=1, max_size=20), st.data())
def test_eight_bytes_are_read_and_none_behind_the_end(data, drawn):
    end = drawn.draw(st.integers(1, len(data)))
    at = drawn.draw(st.integers(0, end - 1))
    assert number(np.frombuffer(data, np.uint8), at, end) == as_number(data[at : min(end, at + 8)])


@settings(deadline=None)  # the first call compiles
@given(EIGHT, st.integers(0, 255))
def test_the_first_byte_that_is_alike_is_marked(data, byte):
    found = alike(as_number(data), byte)
    assert found & -found == marked(data, byte.__eq__) & -marked(data, byte.__eq__)


@settings(deadline=None)  # the first call compiles
@given(EIGHT, st.integers(0, 127), st.integers(0, 127))
def test_bytes_in_a_range_and_letters_are_marked(data, first, last):
    within, letters = kinds(as_number(data), first, max(first, last))
    assert within == marked(data, lambda byte: first <= byte & 0x7F <= max(first, last))
    assert letters == marked(data, lambda byte: bytes([byte]).isalpha())


@settings(deadline=None)  # the first call compiles
@given(EIGHT, st.integers(0, 7))
def test_the_bytes_before_a_mark_are_ones_and_are_counted(data, size):
    marks = marked(data, lambda byte: byte >= 0x80)
    before = next((place for place, byte in enumerate(data) if byte >= 0x80), 8)
    ones, found, first, count = sizes(np.uint64(marks), size)
    assert (ones, found) == ((1 << 8 * before) - 1, before)
    assert (first, count) == ((1 << 8 * size) - 1, marks.bit_count())


def test_a_hash_tells_sizes_and_orders_apart():
    one, two = np.uint64(1), np.uint64(2)
    assert len({hashed(one, two, 9), hashed(two, one, 9), hashed(one, two, 10)}) == 3


def test_the_finaliser_is_murmurhash3s():
    assert [ended(np.uint64(value)) for value in (0, 1, 2)] == [0, 0xB456BCFC34C2CB2C, 0x3ABF2A20650683E7]
