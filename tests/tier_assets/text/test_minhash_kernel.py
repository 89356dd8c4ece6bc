from itertools import pairwise

import numpy as np

from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.minhash_kernel import collapse_space, hash_shingles, minimum_hashes
from tier_assets.text.shingles import shingle_hash


def test_shingles_of_each_text_stand_between_its_starts_in_reading_order():
    buffer = pack(["a b c b c", "too short", "\u4e2d\u6587a b"])
    hashes, starts = hash_shingles(buffer.data, buffer.offsets, character_flags(), 3)
    expected = ["a b c", "b c b", "c b c", "\u4e2d \u6587 a", "\u6587 a b"]
    assert starts.tolist() == [0, 3, 3, 5]
    assert hashes.tolist() == [shingle_hash(shingle.encode()) for shingle in expected]


def test_the_most_words_that_fit_in_a_text_have_room():
    buffer = pack(["a b c d e", "\u4e2d" * 9, "", "a\u4e2db\u4e2dc"])
    assert hash_shingles(buffer.data, buffer.offsets, character_flags(), 2)[1].tolist() == [0, 4, 12, 12, 16]


def test_the_least_permuted_hash_counts():
    one, none = np.uint32(1), np.uint32(0)
    hashes = np.array([0, 5 << 32], np.uint64)
    found = minimum_hashes(hashes, np.array([0, 2, 2]), np.array([one, one]), np.array([none, np.uint32(3)]))
    assert found.tolist() == [[0, 3], [2**32 - 1, 2**32 - 1]]


def test_every_run_of_white_space_becomes_one_space_and_those_at_the_ends_go():
    texts = [" a\t\n b\u2003\u3000c\u0085", "\u00e9\u4e00 \u2019", "  ", "", "x"]
    buffer = pack(texts)
    data, starts = collapse_space(buffer.data, buffer.offsets, character_flags())
    found = [data[start:end].tobytes().decode() for start, end in pairwise(starts)]
    assert found == [" ".join(text.split()) for text in texts]
