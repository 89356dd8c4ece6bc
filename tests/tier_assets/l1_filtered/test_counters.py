import numpy as np

from tier_assets.l1_filtered.counters import COUNTERS, count
from tier_assets.l1_filtered.signals import STOP_WORDS
from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.shingles import word_hash


def counted(*texts: str, short: int = 30) -> list[dict[str, int]]:
    buffer = pack(texts)
    stops = np.array([word_hash(word.encode()) for word in STOP_WORDS], np.uint64)
    rows = count(buffer.data, buffer.offsets, character_flags(), stops, short, buffer.longest)
    return [dict(zip(COUNTERS, row, strict=True)) for row in rows.tolist()]


def test_there_is_a_column_for_every_counter():
    assert list(counted("")[0].values()) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + [0] * 19


def test_distinct_stop_words_count_once_and_as_written():
    assert counted("the the The of, of")[0]["stop_words"] == 2


def test_four_dots_are_one_ellipsis_and_six_are_two():
    assert [row["ellipses"] for row in counted("....", "......")] == [1, 2]


def test_a_line_ends_in_an_ellipsis_but_for_white_space_and_dots_apart_are_none():
    assert counted("a...  \nb. . .\nc\u2026")[0]["ellipsis_lines"] == 2


def test_an_empty_line_parts_paragraphs_and_their_own_line_breaks_count():
    row = counted("ab\ncd\n\nab\ncd")[0]
    assert (row["paragraphs"], row["duplicate_paragraphs"], row["duplicate_paragraph_chars"]) == (2, 1, 5)


def test_the_same_word_in_another_script_is_another_word():
    assert counted("A \u0410 A \u0410")[0]["top_2gram_chars"] == 3 * 2


def test_one_table_serves_texts_of_any_size_in_turn():
    long = " ".join(f"w{n}" for n in range(500))
    rows = counted("a b a b a b", long, "a b a b a b", "", long)
    assert rows[0] == rows[2]
    assert rows[1] == rows[4]
    assert rows[0]["top_2gram_chars"] == 9
