"""Digests of folded texts, many at a time: what `normalization.folded_sha256` says of one. Equal: exact duplicates."""

import hashlib
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.buffers import Buffer, character_flags
from tier_assets.text.shingles import lowered

DIGEST_BYTES = 16
"""How much of the sha256 is kept: among 10^12 texts, two different ones agree in it with probability 10^-15."""

# Full decompositions may be put in beforehand without changing form KC. With the marks that make most texts differ from
# it gone, the check for a text already in form KC succeeds, which is ten times as fast as making the form.
_COMMON = {
    mark: unicodedata.normalize("NFKD", mark)
    for mark in "\u00a0\u2026\uff0c\uff1a\uff08\uff09\uff1b\uff1f\uff01\u3000\u2122\uff0f\u2011\uff05\uff0d\uff5e\u00b2\u00bd"
}


def folded_digests(texts: Sequence[str], buffer: Buffer) -> NDArray[np.uint64]:
    """The first 16 bytes of each text's `folded_sha256` as two big-endian numbers, uint64[texts, 2].

    `buffer` holds the lower-cased texts (`shingles.lowered`): most texts are in form KC already, and their digest is
    made from there.
    """
    heads = _heads(buffer)
    others = [place for place, text in enumerate(texts) if not unicodedata.is_normalized("NFKC", text)]
    for place, head in zip(others, _heads(lowered([_compatible(texts[place]) for place in others])), strict=True):
        heads[place] = head
    return np.frombuffer(b"".join(heads), ">u8").astype(np.uint64).reshape(-1, 2)


def _compatible(text: str) -> str:
    for mark, plain in _COMMON.items():
        text = text.replace(mark, plain)
    return unicodedata.normalize("NFKC", text)


def _heads(buffer: Buffer) -> list[bytes]:
    from tier_assets.text.minhash_kernel import collapse_space

    collapsed, starts = collapse_space(buffer.data, buffer.offsets, character_flags())
    view, ends = memoryview(collapsed.tobytes()), starts.tolist()
    return [hashlib.sha256(view[start:end]).digest()[:DIGEST_BYTES] for start, end in pairwise(ends)]
