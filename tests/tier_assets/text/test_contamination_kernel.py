import numpy as np

from tier_assets.policies.filtered import Contamination
from tier_assets.text.buffers import pack
from tier_assets.text.contamination import Item, _kinds, build, words
from tier_assets.text.contamination_kernel import all_grams, all_words, bitmap, overlaps

TEXTS = ["Don\u2019t STOP, a(n) 0.5 x_1\n", "\u4e2d\u6587GPU \u00e9t\u00e9", "", "a", "\u4e2d" * 5]


MASK = (1 << 64) - 1


def finalized(value):
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & MASK
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & MASK
    return value ^ (value >> 33)


def word_hash(word):
    digest = 0xCBF29CE484222325
    for byte in word.encode():
        digest = ((digest ^ byte) * 0x100000001B3) & MASK
    return finalized(digest)


def gram_hash(gram):
    total = 0
    for word in gram.split():
        total = (total * 0x9E3779B97F4A7C15 + word_hash(word)) & MASK
    return finalized(total)


def hashed(texts):
    buffer = pack(texts)
    return all_words(buffer.data, buffer.offsets, _kinds())


def test_words_of_each_text_stand_between_its_starts_in_reading_order():
    hashes, starts = hashed(TEXTS)
    assert starts.tolist() == [0, 7, 11, 11, 12, 17]
    assert hashes.tolist() == [word_hash(word) for text in TEXTS for word in words(text)]


def test_rolling_hashes_are_those_of_the_words_as_digits():
    hashes, starts = hashed(["a b c d", "e f", "g h i"])
    found, items, places = all_grams(hashes, starts, 3)
    assert found.tolist() == [gram_hash(gram) for gram in ("a b c", "b c d", "g h i")]
    assert items.tolist() == [0, 0, 2]
    assert places.tolist() == [0, 1, 6]


def test_the_bitmap_has_the_bits_that_the_highest_bits_of_the_keys_name():
    keys = np.array([0, 5 << 54, (1 << 64) - 1], np.uint64)
    assert np.flatnonzero(np.unpackbits(bitmap(keys, 10), bitorder="little")).tolist() == [0, 5, 1023]


def overlapping(texts, max_gap):
    index = build(
        [Item("b", "1", "a b c d e f"), Item("b", "2", "x y z"), Item("b", "3", "d e f")],
        Contamination(ngram=3, min_item_words=3),
    )
    buffer = pack(texts)
    return overlaps(
        buffer.data, buffer.offsets, _kinds(), buffer.longest, 3, index.filter_bits, index.bitmap, index.keys,
        index.first, index.posting_items, index.posting_places, index.words, index.starts, max_gap,
    ).tolist()  # fmt: skip


def test_each_text_and_item_that_share_a_run_are_a_row():
    # text, item, words of the text, words of the item in shared runs: each counts once, however often it is repeated.
    found = overlapping(["q a b c q d e f", "", "a b d e", "x y z x y z"], 1)
    assert found == [[0, 0, 8, 6], [0, 2, 8, 3], [3, 1, 6, 3]]


def test_runs_with_more_words_between_them_are_of_different_places_and_the_place_with_most_words_counts():
    assert overlapping(["a b c q q d e f", "a b c q q b c d e"], 1) == [[0, 0, 8, 3], [0, 2, 8, 3], [1, 0, 9, 4]]
