import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.punctuation_kernel import find_cuts
from tier_assets.l1_filtered.word_kernel import WORD_COUNTERS, find_words
from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.normalization import normalize

STOPS = ("the", "be", "to", "of", "and", "that", "have", "with")


def found(*texts: str, marks: bool = False, stops: tuple[str, ...] = STOPS):
    buffer, flat = pack(texts), pack(stops)
    lists = flat.data, flat.offsets, np.array([0, len(stops)])
    cuts = np.array([buffer.data.size + 1])
    if marks:
        cuts, _ = find_cuts(buffer.data, buffer.offsets, character_flags())
    return find_words(buffer.data, buffer.offsets, character_flags(), cuts, lists, np.zeros(len(texts), np.int64))


def counted(text: str, marks: bool = False) -> dict[str, int]:
    return dict(zip(WORD_COUNTERS, found(text, marks=marks)[3][0].tolist(), strict=True))


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


def test_words_that_differ_only_behind_their_first_eight_bytes_differ():
    words = [letters[:size] for letters in ("abcdefghijklmnopq", "abcdefgh)?.,!;:-_") for size in range(8, 18)]
    hashes = found(" ".join(dict.fromkeys(words)))[0]
    assert len(set(hashes.tolist())) == len(set(words))


@settings(deadline=None)  # the first call compiles
@given(st.one_of(st.text(max_size=60), st.text("ab.# \u00e9\u00a0\u2026\n\t1", max_size=60)))
def test_words_and_their_counters_are_those_of_python(text):
    text = normalize(text)
    words, row = text.split(), counted(text)
    plain = [word for word in words if any(unicodedata.category(each)[0] not in "PS" for each in word)]
    assert row["words"] == len(words)
    assert (row["chars"], row["hashes"]) == (len(text), text.count("#"))
    assert row["ellipses"] == text.count("...") + text.count("\u2026")
    assert row["alpha_words"] == sum(any(map(str.isalpha, word)) for word in words)
    assert (row["nonsymbol_words"], row["nonsymbol_chars"]) == (len(plain), sum(map(len, plain)))
