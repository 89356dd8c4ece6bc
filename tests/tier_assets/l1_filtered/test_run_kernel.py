import numpy as np

from tier_assets.l1_filtered.run_kernel import find

# One bit says the bucket, 8 bits the number, so that a fragment has 40 bits: the key's bits 62 to 23.
BUCKET_BITS, NUMBER_BITS = 1, 8


def key(bucket: int, fragment: int, rest: int = 0) -> int:
    return (bucket << 63) | (fragment << 23) | rest


def entries(*pairs: tuple[int, int]) -> np.ndarray:
    packed = np.array([(fragment << NUMBER_BITS) | number for fragment, number in pairs], "<u8")
    return packed.view("<u2").reshape(-1, 4)[:, :3]


def found(starts: list[int], packed: np.ndarray, *keys: int) -> list[tuple[int, int]]:
    places, numbers = find(
        np.array(starts, np.uint32), packed, BUCKET_BITS, NUMBER_BITS, np.array(sorted(keys), np.uint64)
    )
    return list(zip(places.tolist(), numbers.tolist(), strict=True))


def test_all_documents_of_a_key_are_found_in_order():
    packed = entries((5, 1), (5, 200), (2**40 - 1, 7), (5, 3))
    assert found([0, 3, 4], packed, key(0, 4), key(0, 5), key(0, 2**40 - 1), key(1, 5)) == [
        (1, 1),
        (1, 200),
        (2, 7),
        (3, 3),
    ]


def test_keys_of_one_fragment_are_taken_for_each_other():
    assert found([0, 1, 1], entries((5, 1)), key(0, 5, 1), key(0, 5, 2)) == [(0, 1), (1, 1)]


def test_nothing_is_found_in_an_empty_bucket():
    assert found([0, 0, 1], entries((5, 1)), key(0, 5), key(1, 6)) == []


def test_more_are_found_than_there_is_room_for_at_first():
    packed = entries(*[(9, 4)] * 5000)
    assert found([0, 5000, 5000], packed, key(0, 9)) == [(0, 4)] * 5000
