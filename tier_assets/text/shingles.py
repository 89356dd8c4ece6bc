"""Words and shingles of a text for near-duplicate search: what they are, and their hashes.

Signatures made of the hashes are in `signatures.py`; how alike two sets are is L1's to compute. The words that L1's rules
count are others: runs of non-space.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import ALONE_RANGES, Buffer, character_flags, chunks, pack

SHINGLES = "word-shingles-2"
"""Name and version of words, shingles and their hash: signatures made by different versions do not compare."""

Hashes = NDArray[np.uint64]

_ALONE = "".join(f"{chr(first)}-{chr(last)}" for first, last in ALONE_RANGES)
_WORD = re.compile(rf"(?=[{_ALONE}])\w|(?:(?![{_ALONE}])\w)+")
_MASK = (1 << 64) - 1
_CHUNK = 8
WORD_BASIS = 0xCBF29CE484222325
SHINGLE_FACTOR = 0x9E3779B97F4A7C15


def words(text: str) -> list[str]:
    r"""Runs of `\w` of the lower-cased text; a character of a script written without spaces is a word by itself.

    Without that exception a Chinese clause would be one word, and five clauses one shingle.
    """
    return _WORD.findall(text.lower())


def shingles(text: str, ngram: int) -> set[str]:
    """The set that Jaccard similarity is about: every `ngram` consecutive words, joined by spaces.

    A text of fewer words has none, and is compared for exact equality only: as one short shingle, all would match.
    """
    found = words(text)
    return {" ".join(found[start : start + ngram]) for start in range(len(found) - ngram + 1)}


def shingle_hash(shingle: bytes) -> int:
    """64-bit hash of a shingle in UTF-8: what the kernel computes, said plainly.

    The words' hashes as digits of a number in base `SHINGLE_FACTOR` modulo 2^64, then MurmurHash3's finaliser.
    Unkeyed: not meant to withstand someone who seeks collisions.
    """
    total = 0
    for word in shingle.split(b" "):
        total = (total * SHINGLE_FACTOR + word_hash(word)) & _MASK
    return _finalize(total)


def word_hash(word: bytes) -> int:
    """64-bit hash of a word in UTF-8: eight bytes at a time, little-endian, then MurmurHash3's finaliser.

    A multiplication for each byte, as FNV has it, takes most of the time of a signature.
    """
    digest = WORD_BASIS
    for start in range(0, max(len(word), 1), _CHUNK):
        chunk = int.from_bytes(word[start : start + _CHUNK], "little")
        digest = ((digest ^ chunk) * SHINGLE_FACTOR) & _MASK
        digest ^= digest >> 32
    return _finalize(digest)


def _finalize(value: int) -> int:
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK
    return value ^ (value >> 33)


def lowered(texts: Sequence[str]) -> Buffer:
    """The lower-cased texts as one buffer: what shingles are hashed from."""
    return pack([text.lower() for text in texts])


def shingle_hashes(texts: Sequence[str], ngram: int) -> list[Hashes]:
    """For each text the sorted distinct hashes of its shingles, uint64; empty for a text of fewer words than `ngram`."""
    from tier_assets.text.minhash_kernel import hash_shingles

    found: list[Hashes] = []
    for chunk in chunks(texts):
        buffer = lowered(chunk)
        hashes, starts = hash_shingles(buffer.data, buffer.offsets, character_flags(), ngram)
        found.extend(sorted_distinct(part) for part in np.split(hashes, starts[1:-1]))
    return found


def sorted_distinct(hashes: Hashes) -> Hashes:
    """The hashes in order, each once. `np.unique` goes through a hash table, which takes several times as long."""
    ordered = np.sort(hashes)
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]
