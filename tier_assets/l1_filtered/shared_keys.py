"""Which documents share a key (a band of the signature, or the digest of the text): the candidates for duplicates.

Documents are known by their place in the total order: first the earlier partitions' related ones, then the new ones.
What is done with candidates is `comparison.py`'s.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.shingles import sorted_distinct

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]

_BITS_A_KEY = 16
_SMALLEST_TABLE_BITS, _WORD_BITS = 10, 64


@dataclass(frozen=True)
class SharedKeys:
    """Groups of documents of one key, and the groups of each new document.

    Group i: `keys[i]`, its documents `members[group_starts[i]:group_starts[i + 1]]` in order, two or more. The groups of
    the new document at place `offset + j`: `groups[document_starts[j]:document_starts[j + 1]]`.
    """

    offset: int
    keys: Keys
    group_starts: Places
    members: Places
    document_starts: Places
    groups: Places

    @property
    def involved(self) -> Places:
        """Places of the new documents that are in a group, in order."""
        return np.flatnonzero(np.diff(self.document_starts)) + self.offset


def shared_keys(new: Keys, valid: NDArray[np.bool_], earlier: Keys, earlier_places: Places, offset: int) -> SharedKeys:
    """Group the new documents (keys[documents, columns], those that are `valid`) with the earlier ones' (key, place).

    `offset` is the place of the first new document. Few keys occur twice, and only those are sorted: two tables of bits
    tell most of the others apart.
    """
    rows, columns = np.nonzero(_repeated(new, valid, sorted_distinct(earlier)))
    keys = np.concatenate([earlier, new[rows, columns]])
    places = np.concatenate([earlier_places, rows + offset])
    order = np.lexsort((places, keys))
    keys, places = keys[order], places[order]
    # A document may have a key twice only by a chance of one in 2^64, and then is no candidate of itself.
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1]]))
    ends = np.append(starts[1:], len(keys))[: len(starts)]
    useful = (ends - starts > 1) & (places[ends - 1] >= offset)
    sizes = (ends - starts)[useful]
    taken = np.repeat(useful, ends - starts)
    members = places[taken]
    group = np.repeat(np.arange(len(sizes)), sizes)
    of_new = members >= offset
    by_document = np.argsort(members[of_new], kind="stable")
    counts = np.bincount(members[of_new] - offset, minlength=len(new))
    return SharedKeys(
        offset=offset,
        keys=keys[starts[useful]],
        group_starts=_starts(sizes),
        members=members,
        document_starts=_starts(counts),
        groups=group[of_new][by_document],
    )


def _repeated(new: Keys, valid: NDArray[np.bool_], earlier: Keys) -> NDArray[np.bool_]:
    """Which new keys occur again or among the earlier: all that do, and one in sixteen others."""
    from tier_assets.l1_filtered.dedup_kernel import mark, marked

    bits = max(_SMALLEST_TABLE_BITS, int(_BITS_A_KEY * (len(new) + len(earlier))).bit_length())
    found = np.zeros(new.shape, np.bool_)
    for column in range(new.shape[1]):
        keys = np.ascontiguousarray(new[valid[:, column], column])
        seen, again = np.zeros((2, 1 << (bits - 3)), np.uint8)
        mark(earlier, _WORD_BITS - bits, seen, again)
        again |= seen
        mark(keys, _WORD_BITS - bits, seen, again)
        found[valid[:, column], column] = marked(keys, _WORD_BITS - bits, again)
    return found


def _starts(sizes: NDArray[Any]) -> Places:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
