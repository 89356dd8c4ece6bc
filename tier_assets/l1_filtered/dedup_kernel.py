"""Machine code behind `shared_keys.py` and `comparison.py`, which say what it is for; the tests hold it to them.

Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import compiled, inlined

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_BYTE_BITS, _BIT = np.uint64(3), np.uint64(7)
_ONE8 = np.uint8(1)


@compiled
def mark(keys: NDArray[np.uint64], shift: int, seen: NDArray[np.uint8], again: NDArray[np.uint8]) -> None:
    """Set the bit of each key in `seen`, and in `again` where it was set already. Tables have 2^(61 - shift) bytes."""
    down = np.uint64(shift)
    for at in range(keys.shape[0]):
        place = (keys[at] * _SPREAD) >> down
        byte, bit = place >> _BYTE_BITS, _ONE8 << np.uint8(place & _BIT)
        if seen[byte] & bit:
            again[byte] |= bit
        seen[byte] |= bit


@compiled
def marked(keys: NDArray[np.uint64], shift: int, table: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the bit of each key is set."""
    down = np.uint64(shift)
    out = np.empty(keys.shape[0], np.bool_)
    for at in range(keys.shape[0]):
        place = (keys[at] * _SPREAD) >> down
        out[at] = (table[place >> _BYTE_BITS] >> np.uint8(place & _BIT)) & _ONE8 != 0
    return out


@compiled
def _jaccard(hashes: NDArray[np.uint64], left: int, left_end: int, right: int, right_end: int, least: float) -> float:
    """Shared hashes / all hashes of two sorted sets; 0 once it is sure to be less than `least`, and for empty sets.

    That of the shingles up to collisions of 64-bit hashes: for two texts of 10,000 shingles, one chance in 10^11.
    """
    left_size, right_size = left_end - left, right_end - right
    shared = 0
    while left < left_end and right < right_end:
        # Half a shingle of slack: rounding decides nothing here, only the quotient in the end does.
        most = shared + min(left_end - left, right_end - right)
        if most + 0.5 < least * (left_size + right_size - most):
            return 0.0
        a, b = hashes[left], hashes[right]
        shared += a == b
        left += a <= b
        right += b <= a
    every = left_size + right_size - shared
    return shared / every if every else 0.0


@inlined
def _equal(digests: NDArray[np.uint64], left: int, right: int) -> bool:
    return bool(digests[left, 0] == digests[right, 0] and digests[left, 1] == digests[right, 1])


@compiled
def wanted(
    first: int,
    last: int,
    offset: int,
    group_starts: NDArray[np.int64],
    members: NDArray[np.int64],
    document_starts: NDArray[np.int64],
    groups: NDArray[np.int64],
    digests: NDArray[np.uint64],
    kept: NDArray[np.bool_],
    want: NDArray[np.bool_],
) -> None:
    """Mark the documents whose texts decide about `first` to `last`: those that may be near-duplicates, of one another.

    A candidate after the first kept one of equal text is none.
    """
    for document in range(first, last):
        stop = document
        for at in range(document_starts[document - offset], document_starts[document - offset + 1]):
            group = groups[at]
            for member in members[group_starts[group] : group_starts[group + 1]]:
                if member >= min(first, stop):
                    break
                if kept[member] and _equal(digests, member, document):
                    stop = member
        for at in range(document_starts[document - offset], document_starts[document - offset + 1]):
            group = groups[at]
            for member in members[group_starts[group] : group_starts[group + 1]]:
                if member >= stop:
                    break
                if kept[member] and not _equal(digests, member, document):
                    want[member] = True
                    want[document] = True


@compiled
def settle(
    first: int,
    last: int,
    begin: int,
    end: int,
    offset: int,
    group_starts: NDArray[np.int64],
    members: NDArray[np.int64],
    group_keys: NDArray[np.uint64],
    document_starts: NDArray[np.int64],
    groups: NDArray[np.int64],
    digests: NDArray[np.uint64],
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    hash_starts: NDArray[np.int64],
    bands: NDArray[np.uint64],
    least: float,
    kept: NDArray[np.bool_],
    found: NDArray[np.int64],
    values: NDArray[np.float64],
    tested: NDArray[np.int64],
) -> None:
    """For the documents `first` to `last`, in order: the first kept one from `begin` to `end` that each repeats.

    Documents for which one was found before keep it. `found`: place of the repeated document, a large number for none;
    `values`: the similarity. `rows` says where a document's hashes and bands are, -1 for not at hand.
    """
    for document in range(first, last):
        for at in range(document_starts[document - offset], document_starts[document - offset + 1]):
            group = groups[at]
            start, stop = group_starts[group], group_starts[group + 1]
            start += np.searchsorted(members[start:stop], begin)
            for place in range(start, stop):
                member = members[place]
                if member >= min(end, document, found[document]):
                    break
                if not kept[member]:
                    continue
                if _equal(digests, member, document):
                    found[document], values[document] = member, 1.0
                    break
                left, right = rows[member], rows[document]
                if left < 0 or right < 0 or tested[member] == document:
                    continue
                similarity = _jaccard(
                    hashes, hash_starts[left], hash_starts[left + 1], hash_starts[right], hash_starts[right + 1], least
                )
                if similarity < least:
                    tested[member] = document
                # What an earlier partition's index says is sure only once the text has been read.
                elif (bands[left] == group_keys[group]).any():
                    found[document], values[document] = member, similarity
                    break
        if found[document] < document:
            kept[document] = False
