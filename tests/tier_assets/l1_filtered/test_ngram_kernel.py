import numpy as np

from tier_assets.l1_filtered.ngram_kernel import NGRAM_COUNTERS, count_ngrams


def counted(*texts: str) -> list[dict[str, int]]:
    """Counters of texts whose words are single characters."""
    hashes = np.array([hash((word, "salt")) % 2**64 for text in texts for word in text], np.uint64)
    starts = np.cumsum([0, *map(len, texts)])
    rows = count_ngrams(hashes, np.ones(len(hashes), np.int32), starts)
    return [dict(zip(NGRAM_COUNTERS, row, strict=True)) for row in rows.tolist()]


def test_words_that_never_repeat_count_nothing():
    assert set(counted("abcdefghijkl")[0].values()) == {0}


def test_the_commonest_ngram_counts_with_its_spaces_in_all_its_places():
    row = counted("abxabyabz")[0]
    assert (row["top_2gram_chars"], row["top_3gram_chars"]) == (3 * 3, 0)


def test_a_repeated_ngram_is_stepped_over_as_a_whole():
    row = counted("abcde" * 4)[0]
    assert (row["duplicate_5gram_chars"], row["duplicate_10gram_chars"]) == (15, 10)


def test_a_text_of_fewer_words_has_no_ngram():
    assert set(counted("", "a", "ab")[0].values()) == {0}


def test_one_table_serves_texts_of_any_size_in_turn():
    long = "".join(chr(0x4E00 + n) for n in range(3000))
    rows = counted("ababab", long, "ababab", "", long)
    assert rows[0] == rows[2]
    assert rows[1] == rows[4]
    assert rows[0]["top_2gram_chars"] == 9
