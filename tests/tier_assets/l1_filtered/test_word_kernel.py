import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.word_kernel import WORD_COUNTERS, find_words
from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.normalization import normalize

STOPS = ("the", "be", "to", "of", "and", "that", "have", "with")


def found(*texts: str, marks: bool = False, stops: tuple[str, ...] = STOPS):
    buffer, flat = pack(texts), pack(stops)
    lists = flat.data, flat.offsets, np.array([0, len(stops)])
    return find_words(buffer.data, buffer.offsets, character_flags(), marks, lists, np.zeros(len(texts), np.int64))


def counted(text: str, marks: bool = False) -> dict[str, int]:
    return dict(zip(WORD_COUNTERS, found(text, marks=marks)[3][0].tolist(), strict=True))


def parts(text: str) -> list[int]:
    """Lengths of the words, punctuation split off."""
    return found(text, marks=True)[1].tolist()


def test_an_empty_text_counts_nothing():
    assert set(counted("").values()) == {0}


def test_distinct_stop_words_count_once_and_as_written():
    assert counted("the the The of, of")["stop_words"] == 2


def test_a_stop_word_may_stand_at_the_end_or_have_letters_of_another_script():
    assert found("\u0438 \u0434\u0430", stops=("\u0438", "\u0434\u0430"))[3][0, -1] == 2


@pytest.mark.parametrize(("text", "count"), [("....", 1), ("......", 2), (". . .", 0), ("a..", 0), ("a\u2026", 1)])
def test_ellipses_do_not_overlap_and_dots_apart_are_none(text, count):
    assert counted(text)["ellipses"] == count


def test_characters_are_counted_and_not_bytes():
    row = counted("\u00e9t\u00e9 \u4e2d\u6587 \U0001f600")
    assert (row["chars"], row["words"], row["nonsymbol_chars"]) == (8, 3, 5)


def test_equal_words_have_equal_hashes_in_whatever_text():
    hashes, _, starts, _ = found("water", "cold water")
    assert starts.tolist() == [0, 1, 3]
    assert hashes[0] == hashes[2] != hashes[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Well, it is (almost) done.", "Well , it is ( almost ) done ."),
        ('"Go!" he said.', '" Go ! " he said .'),
        ("don't they're it's John\u2019s", "do n't they 're it 's John \u2019s"),
        ("well-known 1990-1995 and/or -5 C++", "well - known 1990 - 1995 and / or -5 C++"),
        ("U.S. e.g. 3.5 v1.2 wait... end.Next", "U.S. e.g. 3.5 v1.2 wait ... end . Next"),
        ("3. (so). a.m. org.uk. 60-day 18-Jul", "3 . ( so ) . a.m. org.uk . 60 - day 18 - Jul"),
        ("46m 780MB 190\u00b0C 6th", "46 m 780 MB 190 \u00b0 C 6th"),
        ("$5 5$ 50% (50%)", "$ 5 5 $ 50 % ( 50 % )"),
        ("https://a-b.org/c-d mail@a-b.org www.a-b.org", "https://a-b.org/c-d mail@a-b.org www.a-b.org"),
        ("\u201cOui\u201d \u2014 non", "\u201c Oui \u201d \u2014 non"),
    ],
)
def test_punctuation_is_split_off_as_spacy_does(text, words):
    assert parts(text) == [len(word) for word in words.split()]


@settings(deadline=None)  # the first call compiles
@given(st.one_of(st.text(max_size=60), st.text("ab.,-'\u2019\"n't/:1 \u2026\u4e2d!$%", max_size=40)))
def test_splitting_loses_no_character_and_makes_no_empty_word(text):
    text = normalize(text)
    lengths = parts(text)
    assert sum(lengths) == len("".join(text.split()))
    assert all(length > 0 for length in lengths)
