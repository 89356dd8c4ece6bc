"""Single bits flipped all over a file's bytes, the same ones every time. Tests only."""

from collections.abc import Iterator

FLIPS = 40


def flipped(data: bytes, flips: int = FLIPS) -> Iterator[bytes]:
    """The bytes with one bit flipped, at so many places from the first byte to the last."""
    for number in range(flips):
        harmed = bytearray(data)
        harmed[number * (len(data) - 1) // (flips - 1)] ^= 1 << number % 8
        yield bytes(harmed)
