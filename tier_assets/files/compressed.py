"""Files that may be compressed, as a user's lists and benchmarks are: read whole or not at all.

The dumps that L0 reads are too large for that: `l0_raw/streams.py`.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

COMPRESSED = (".gz", ".zst")
"""What the names of compressed files end in."""

_READ = 1 << 16

DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What `plain` raises for a file that is gone, cut or something else."""


def plain(path: Path) -> bytes:
    """What a file holds, decompressed where its name ends in .gz or .zst; of several frames all. Raises `DAMAGE`."""
    with path.open("rb") as file:
        if path.name.endswith(COMPRESSED) and not path.stat().st_size:
            raise EOFError("it is empty")
        if path.name.endswith(".gz"):
            with gzip.open(file) as stream:
                return stream.read()
        return b"".join(_frames(file)) if path.name.endswith(".zst") else file.read()


def _frames(file: BinaryIO) -> Iterator[bytes]:
    """Frame by frame: the library's stream reader ends without a word where a file was cut."""
    data = file.read(_READ)
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if not data:
                raise EOFError("it ends within a zstd frame")
            yield frame.decompress(data)
            data = frame.unused_data if frame.eof else file.read(_READ)
        data = data or file.read(_READ)
