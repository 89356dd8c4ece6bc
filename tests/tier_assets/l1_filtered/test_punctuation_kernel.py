import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.punctuation_kernel import find_cuts
from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.normalization import normalize


def parts(text: str) -> list[str]:
    """The words of a text, punctuation split off."""
    buffer = pack([text])
    cuts, counts = find_cuts(buffer.data, buffer.offsets, character_flags())
    data, ends = text.encode(), cuts.tolist()
    pieces = [data[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
    words = [word for piece in pieces for word in piece.split()]
    assert counts.tolist() == [len(words)]
    return words


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
    assert parts(text) == words.split()


@settings(deadline=None)  # the first call compiles
@given(st.one_of(st.text(max_size=60), st.text("ab.,-'\u2019\"n't/:1 \u2026\u4e2d!$%", max_size=40)))
def test_splitting_loses_no_character_and_makes_no_empty_word(text):
    text = normalize(text)
    assert "".join(parts(text)) == "".join(text.split())


def test_texts_are_cut_apart_from_each_other():
    buffer = pack(["one,", "two, three.", ""])
    cuts, words = find_cuts(buffer.data, buffer.offsets, character_flags())
    assert cuts.tolist() == [3, 7, 14, buffer.data.size + 1]
    assert words.tolist() == [2, 4, 0]
