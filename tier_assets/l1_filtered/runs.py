"""A run: the immutable index of one promoted partition's documents, by which later partitions find their candidates.

A Bloom filter says of most keys that they are not there. For the others, entries of 48 bits, sorted by key, say whose they
are, and a table where to look. Table and entry hold 47 bits of a key, so that they hardly ever err, which the comparison of
texts then finds out. 196 bytes a document at most, in one file that is mapped into memory. Where runs lie and how they are
made from promoted rows, says `earlier.py`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.files.sealed import open_sealed, write_sealed
from tier_assets.l1_filtered.dedup import RELATED, keys_of

RUNS = "dedup-run-3"
"""Name and version of the file's form."""

_BITS_A_KEY, _WORD_BITS = 6, 64
_A_BUCKET = 32
_KEY_BITS, _ENTRY_BITS, _PARTS = 64, 48, 3
_ALIGNMENT = 64
_WORDS = _ALIGNMENT // 8


@dataclass(frozen=True)
class Run:
    """Documents are numbered in the total order.

    `bloom`: see `bloom_kernel.py`. `starts`: uint32[2^b + 1], where in `entries` the keys of the same upper b bits begin.
    `entries`: uint16[keys, 3], each a number of 48 bits, its lower end first: the key's next bits above the document's
    number, which takes as many bits as the largest needs. `digests`: uint64[documents, 2]. `shingles`: how many.
    `doc_ids`: uint8[documents, 16].
    """

    bloom: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    entries: NDArray[np.uint16]
    digests: NDArray[np.uint64]
    shingles: NDArray[np.uint32]
    doc_ids: NDArray[np.uint8]

    @classmethod
    def build(cls, indexed: pl.DataFrame) -> "Run":
        """The run of an index (`dedup.index`), given in the total order. Every doc_id has 32 hex digits."""
        from tier_assets.l1_filtered.bloom_kernel import add

        keys, valid = keys_of(indexed)
        numbers = np.broadcast_to(np.arange(len(keys), dtype=np.uint64)[:, np.newaxis], keys.shape)[valid]
        keys = keys[valid]
        order = np.argsort(keys, kind="stable")
        keys, numbers = keys[order], numbers[order]
        bloom = np.zeros(max(-(-len(keys) * _BITS_A_KEY // _WORD_BITS), 1), np.uint64)
        add(bloom, keys)
        bucket_bits, number_bits = max((len(keys) // _A_BUCKET).bit_length() - 1, 1), _number_bits(indexed.height)
        buckets = keys >> np.uint64(_KEY_BITS - bucket_bits)
        fragments = (keys << np.uint64(bucket_bits)) >> np.uint64(_KEY_BITS - _ENTRY_BITS + number_bits)
        entries = ((fragments << np.uint64(number_bits)) | numbers).astype("<u8").view("<u2").reshape(-1, 4)
        return cls(
            bloom=bloom,
            starts=np.searchsorted(buckets, np.arange(2**bucket_bits + 1, dtype=np.uint64)).astype(np.uint32),
            entries=entries[:, :_PARTS],
            digests=indexed.select("text_high", "text_low").to_numpy(),
            shingles=indexed["shingles"].to_numpy(),
            doc_ids=np.frombuffer(bytes.fromhex("".join(indexed["doc_id"])), np.uint8).reshape(-1, 16),
        )

    def related(self, keys: NDArray[np.uint64]) -> pl.DataFrame:
        """The documents with one of the sorted distinct keys, in order: `RELATED`."""
        from tier_assets.l1_filtered import bloom_kernel, run_kernel

        bucket_bits, number_bits = (len(self.starts) - 1).bit_length() - 1, _number_bits(len(self.doc_ids))
        likely = keys[bloom_kernel.find(self.bloom, keys)]
        places, found = run_kernel.find(self.starts, self.entries, bucket_bits, number_bits, likely)
        by_document = (
            pl.DataFrame({"number": found, "keys": likely[places]}).group_by("number", maintain_order=True).all()
        )
        by_document = by_document.sort("number")
        numbers = by_document["number"].to_numpy()
        return pl.DataFrame(
            {
                "doc_id": [row.tobytes().hex() for row in self.doc_ids[numbers]],
                "text_high": self.digests[numbers, 0],
                "text_low": self.digests[numbers, 1],
                "shingles": self.shingles[numbers],
                "keys": by_document["keys"],
            },
            schema=RELATED,
        )

    def write(self, path: Path) -> None:
        """Write the sealed file, durably: counts, then the arrays, each at a multiple of 64 bytes."""
        arrays = [np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)]
        sizes = np.array([array.nbytes for array in arrays], np.uint64)
        content = b"".join([_padded(sizes.tobytes()), *(_padded(array.tobytes()) for array in arrays)])

        def fill(temporary: Path) -> None:
            temporary.write_bytes(content)

        write_sealed(path, fill)

    @classmethod
    def open(cls, path: Path) -> "Run | None":
        """The run in the file, mapped into memory; None where there is none, or it is damaged in any byte."""
        content = open_sealed(path)
        if content is None:
            return None
        data = np.frombuffer(content, np.uint64)
        sizes = data[: len(fields(cls))].astype(np.int64)
        ends = np.cumsum(-(-sizes // _ALIGNMENT)) * _WORDS + _WORDS
        parts: dict[str, Any] = {}
        for field, size, end in zip(fields(cls), sizes, ends, strict=True):
            start = int(end) - -(-int(size) // _ALIGNMENT) * _WORDS
            kind, width = _FORMS[field.name]
            parts[field.name] = data[start:end].view(np.uint8)[:size].view(kind).reshape(-1, *width)
        return cls(**parts)


_FORMS: dict[str, tuple[type[np.unsignedinteger[Any]], tuple[int, ...]]] = {
    "bloom": (np.uint64, ()),
    "starts": (np.uint32, ()),
    "entries": (np.uint16, (_PARTS,)),
    "digests": (np.uint64, (2,)),
    "shingles": (np.uint32, ()),
    "doc_ids": (np.uint8, (16,)),
}


def _number_bits(documents: int) -> int:
    return max(documents - 1, 1).bit_length()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
