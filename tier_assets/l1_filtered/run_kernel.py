"""Look-ups in a run's sorted entries in machine code. Keys are sorted too, so memory is read from front to back.

What an entry is, says `runs.py`. Import inside functions only (see `text/compiled.py`).
"""

import numpy as np
from numpy.typing import NDArray

from tier_assets.text.compiled import compiled, inlined

_PART, _PARTS, _WORD = np.uint64(16), np.uint64(32), np.uint64(64)
_ENTRY = np.uint64(48)
_FIRST_ROOM = 1024


@inlined
def _entry(entries: NDArray[np.uint16], at: np.int64) -> np.uint64:
    return np.uint64(
        np.uint64(entries[at, 0]) | (np.uint64(entries[at, 1]) << _PART) | (np.uint64(entries[at, 2]) << _PARTS)
    )


@compiled
def find(
    starts: NDArray[np.uint32],
    entries: NDArray[np.uint16],
    bucket_bits: int,
    number_bits: int,
    keys: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the keys that are there, and the numbers of the documents that have them, in the order of both.

    The keys are sorted and distinct. A key is taken for another of the same bucket and fragment.
    """
    into_bucket, above = np.uint64(bucket_bits), _WORD - np.uint64(bucket_bits)
    down, number = _WORD - (_ENTRY - np.uint64(number_bits)), np.uint64(number_bits)
    mask = (np.uint64(1) << number) - np.uint64(1)
    places, numbers = np.empty(_FIRST_ROOM, np.int64), np.empty(_FIRST_ROOM, np.int64)
    count = 0
    entry, stop, current = np.int64(0), np.int64(0), np.int64(-1)
    for at in range(keys.shape[0]):
        bucket = np.int64(keys[at] >> above)
        if bucket != current:
            entry, stop, current = np.int64(starts[bucket]), np.int64(starts[bucket + 1]), bucket
        fragment = (keys[at] << into_bucket) >> down
        while entry < stop and (_entry(entries, entry) >> number) < fragment:
            entry += 1
        probe = entry
        while probe < stop:
            value = _entry(entries, probe)
            if (value >> number) != fragment:
                break
            if count == places.shape[0]:
                more_places, more_numbers = np.empty(2 * count, np.int64), np.empty(2 * count, np.int64)
                more_places[:count], more_numbers[:count] = places, numbers
                places, numbers = more_places, more_numbers
            places[count], numbers[count] = at, np.int64(value & mask)
            count += 1
            probe += 1
    return places[:count].copy(), numbers[:count].copy()
