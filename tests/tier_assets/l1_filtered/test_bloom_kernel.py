import numpy as np

from tier_assets.l1_filtered.bloom_kernel import add, find

DICE = np.random.default_rng(7)


def filled(count: int):
    """A filter of six bits a key, its keys, and as many others."""
    keys = DICE.integers(0, 2**64, size=2 * count, dtype=np.uint64)
    bloom = np.zeros(-(-count * 6 // 64), np.uint64)
    add(bloom, keys[:count])
    return bloom, keys[:count], keys[count:]


def test_every_key_that_was_added_is_found():
    bloom, keys, _ = filled(10_000)
    assert find(bloom, keys).all()


def test_few_others_are_found():
    bloom, _, others = filled(10_000)
    assert find(bloom, others).mean() < 0.08


def test_the_smallest_and_the_largest_key_lie_in_the_filter():
    bloom = np.zeros(3, np.uint64)
    add(bloom, np.array([0, 2**64 - 1], np.uint64))
    assert find(bloom, np.array([0, 2**64 - 1, 2**63], np.uint64)).tolist() == [True, True, False]
    assert (bloom != 0).tolist() == [True, False, True]
