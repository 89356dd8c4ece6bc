"""Files that may be compressed, as a user's lists and benchmarks are: read whole or not at all.

The dumps that L0 reads are too large for that: `l0_raw/streams.py`.
"""

import gzip
import zlib
from pathlib import Path

import zstandard

DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What `plain` raises for a file that is gone, cut or something else."""


def plain(path: Path) -> bytes:
    """What a file holds, decompressed where its name ends in .gz or .zst; of several frames all. Raises `DAMAGE`."""
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        return gzip.decompress(data)
    return _undo_zstd(data) if path.name.endswith(".zst") else data


def _undo_zstd(data: bytes) -> bytes:
    parts = []
    while data:
        # Frame by frame: the library's stream reader ends without a word where a file was cut.
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts.append(frame.decompress(data))
        if not frame.eof:
            raise EOFError("it ends within a zstd frame")
        data = frame.unused_data
    return b"".join(parts)
