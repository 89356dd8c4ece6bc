"""A run: the immutable index of one promoted partition's documents, by which later partitions find their candidates.

A Bloom filter says of most keys that they are not there; sorted upper halves of the keys with document numbers say of the
others whose they are, and err once in 2^32, which the comparison of texts then finds out. About 186 bytes a document, in
one file that is mapped into memory. Where runs lie and how they are made from promoted rows, says `earlier.py`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.l1_filtered.dedup import RELATED, keys_of

RUNS = "dedup-run-1"
"""Name and version of the file's form."""

_MAGIC = int.from_bytes(b"strata01", "little")
_BITS_A_KEY, _WORDS_A_BLOCK, _WORD_BITS = 16, 8, 64
_HALF = np.uint64(32)
_ALIGNMENT = 64


@dataclass(frozen=True)
class Run:
    """Documents are numbered in the total order. Entry i says that document `numbers[i]` has a key with upper half `keys[i]`.

    `bloom`: blocks of 512 bits; `doc_ids`: uint8[documents, 16]; `digests`: uint64[documents, 2]; `shingles`: how many.
    """

    bloom: NDArray[np.uint64]
    digests: NDArray[np.uint64]
    keys: NDArray[np.uint32]
    numbers: NDArray[np.uint32]
    shingles: NDArray[np.uint32]
    doc_ids: NDArray[np.uint8]

    @classmethod
    def build(cls, indexed: pl.DataFrame) -> "Run":
        """The run of an index (`dedup.index`), given in the total order. Every doc_id has 32 hex digits."""
        from tier_assets.l1_filtered.bloom_kernel import add

        keys, valid = keys_of(indexed)
        numbers = np.broadcast_to(np.arange(len(keys), dtype=np.uint32)[:, np.newaxis], keys.shape)[valid]
        keys = keys[valid]
        blocks = -(-len(keys) * _BITS_A_KEY // (_WORDS_A_BLOCK * _WORD_BITS))
        bloom = np.zeros(max(blocks, 1) * _WORDS_A_BLOCK, np.uint64)
        add(bloom, keys)
        order = np.argsort(keys, kind="stable")
        return cls(
            bloom=bloom,
            digests=indexed.select("text_high", "text_low").to_numpy(),
            keys=(keys[order] >> _HALF).astype(np.uint32),
            numbers=numbers[order],
            shingles=indexed["shingles"].to_numpy(),
            doc_ids=np.frombuffer(bytes.fromhex("".join(indexed["doc_id"])), np.uint8).reshape(-1, 16),
        )

    def related(self, keys: NDArray[np.uint64]) -> pl.DataFrame:
        """The documents with one of the sorted distinct keys, in order: `RELATED`."""
        from tier_assets.l1_filtered.bloom_kernel import find

        likely = keys[find(self.bloom, keys)]
        halves = (likely >> _HALF).astype(np.uint32)
        begin, end = np.searchsorted(self.keys, halves, "left"), np.searchsorted(self.keys, halves, "right")
        counts = end - begin
        # Entry after entry of every key's span.
        entries = np.arange(counts.sum()) + np.repeat(begin - np.cumsum(counts) + counts, counts)
        pairs = pl.DataFrame({"number": self.numbers[entries], "keys": np.repeat(likely, counts)})
        found = pairs.group_by("number").agg("keys").sort("number")
        numbers = found["number"].to_numpy()
        return pl.DataFrame(
            {
                "doc_id": [row.tobytes().hex() for row in self.doc_ids[numbers]],
                "text_high": self.digests[numbers, 0],
                "text_low": self.digests[numbers, 1],
                "shingles": self.shingles[numbers],
                "keys": found["keys"],
            },
            schema=RELATED,
        )

    def write(self, path: Path) -> None:
        """Write the file: counts and a sum over everything, then the arrays, each at a multiple of 64 bytes."""
        arrays = [np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)]
        parts = [_padded(array.tobytes()) for array in arrays]
        sizes = np.array([_MAGIC, *(array.nbytes for array in arrays)], np.uint64)
        body = b"".join([_padded(sizes.tobytes()), *parts])
        with path.open("wb") as stream:
            stream.write(body)
            stream.write(_padded(_sum(np.frombuffer(body, np.uint64)).tobytes()))

    @classmethod
    def open(cls, path: Path) -> "Run | None":
        """The run in the file, mapped into memory; None where there is none, or it is damaged in any byte."""
        try:
            data = np.memmap(path, np.uint64, "r")
        except (OSError, ValueError):
            return None
        tail = _ALIGNMENT // 8
        if len(data) < 2 * tail or data[0] != _MAGIC or (_sum(data[:-tail]) != data[-tail : 2 - tail]).any():
            return None
        sizes = data[1 : 1 + len(fields(cls))].astype(np.int64)
        ends = np.cumsum(-(-sizes // _ALIGNMENT)) * tail + tail
        parts: dict[str, Any] = {}
        for field, size, end in zip(fields(cls), sizes, ends, strict=True):
            start = int(end) - -(-int(size) // _ALIGNMENT) * tail
            kind, width = _FORMS[field.name]
            parts[field.name] = data[start:end].view(np.uint8)[:size].view(kind).reshape(-1, *width)
        return cls(**parts)


_FORMS: dict[str, tuple[type[np.unsignedinteger[Any]], tuple[int, ...]]] = {
    "bloom": (np.uint64, ()),
    "digests": (np.uint64, (2,)),
    "keys": (np.uint32, ()),
    "numbers": (np.uint32, ()),
    "shingles": (np.uint32, ()),
    "doc_ids": (np.uint8, (16,)),
}


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)


def _sum(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Two sums over the words, as fast as memory: no single change leaves both as they were."""
    return np.array([np.bitwise_xor.reduce(words), words.sum(dtype=np.uint64)], np.uint64)
