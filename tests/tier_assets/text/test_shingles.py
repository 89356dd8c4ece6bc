import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.shingles import (
    lowered,
    shingle_hash,
    shingle_hashes,
    shingles,
    sorted_distinct,
    word_hash,
    words,
)

SOME_TEXT = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "\u00c9t\u00e9",
            "\u039f\u03a3",
            "\u0130x",
            "\u4e2d\u6587",
            "\u30ab\u30bf",
            "x_1",
            "seventeen_letters",
            "\u03b1\u03b2\u03b3\u03b4\u03b5",
            ",",
            "\n",
            "\ud55c\uad6d",
        ]
    )
).map(" ".join)


def test_words_are_runs_of_word_characters_in_lower_case():
    assert words("It's SNAKE_case, 42!") == ["it", "s", "snake_case", "42"]


def test_a_character_of_a_script_without_spaces_is_a_word_alone():
    assert words("GPU\u52a0\u901f abc") == ["gpu", "\u52a0", "\u901f", "abc"]


def test_shingles_are_consecutive_words():
    assert shingles("One two, three FOUR", 3) == {"one two three", "two three four"}


def test_a_text_of_fewer_words_has_no_shingles():
    assert shingles("one two three four", 5) == set()
    assert shingle_hashes(["one two three four", ""], 5)[0].tolist() == []


def test_hashes_do_not_change_from_version_to_version():
    assert word_hash(b"") == 0x551F1AD12918BEAF
    assert word_hash(b"a word of more than eight bytes") == 0x7ADE7AEA442EAA05
    assert shingle_hash(b"a b c d e") == shingle_hashes(["A, b c D e"], 5)[0].tolist()[0]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.one_of(SOME_TEXT, st.text())), st.integers(2, 6))
def test_the_kernel_hashes_the_shingles_that_python_finds(texts, ngram):
    expected = [sorted({shingle_hash(shingle.encode()) for shingle in shingles(text, ngram)}) for text in texts]
    assert [found.tolist() for found in shingle_hashes(texts, ngram)] == expected


def test_each_hash_stands_once_in_order():
    assert sorted_distinct(np.array([3, 1, 3, 2, 1], np.uint64)).tolist() == [1, 2, 3]
    assert sorted_distinct(np.empty(0, np.uint64)).tolist() == []


def test_lowered_texts_lie_in_one_buffer():
    buffer = lowered(["A\u00c9", "b"])
    assert buffer.data.tobytes().decode() == "a\u00e9b"
    assert buffer.offsets.tolist() == [0, 3, 4]
