"""The compressions of landed files and of HTTP bodies, each undone in steps of bounded size.

Where the members of a file lie is found in `streams.py`, what a body's codings are in `codings.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import zstandard
from zlib_ng import zlib_ng

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Decompressor(Protocol):
    """Undoes the compression of one member."""

    def decompress(self, data: bytes, /) -> bytes:
        """What can be had of the data so far."""
        ...

    @property
    def eof(self) -> bool:
        """Whether the member is complete, its checksum verified."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the member's end."""
        ...


@dataclass(frozen=True)
class Codec:
    """A compression. `step` bytes are fed at once: at the format's best ratio they become about 16 MB, not more."""

    name: str
    start: Callable[[], Decompressor]
    error: type[Exception]
    step: int


def start_gzip() -> "zlib_ng._Decompress":
    """A decompressor of one gzip member; it verifies the checksum at the end.

    zlib-ng gives what zlib gives, of damaged members too, in about half the time.
    """
    return zlib_ng.decompressobj(zlib_ng.MAX_WBITS | 16)


def start_zstd() -> Decompressor:
    """A decompressor of one zstd frame with a window of at most 128 MiB, zstd's own default."""
    return zstandard.ZstdDecompressor().decompressobj()


GZIP = Codec("gzip", start_gzip, zlib_ng.error, 16_384)  # type: ignore[arg-type]  # its stub says instance for class
ZSTD = Codec("zstd", start_zstd, zstandard.ZstdError, 512)
