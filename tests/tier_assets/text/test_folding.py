from hypothesis import example, given, settings
from hypothesis import strategies as st

from tier_assets.text.folding import folded_digests
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.shingles import lowered

# Compatibility characters, marks that combine, and letters whose case depends on their neighbours.
HARD = st.text(
    st.sampled_from(
        "aA \u00a0\u2026\uff0c\u3000\u2122\u0308\u0345\u0130\u03a3\u03c2\u00bd\uff21\ufb01\n\u1680\u2028\uac00\u1100\u1161"
    )
)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.one_of(st.text(), HARD), max_size=4))
@example(["A  \u03a3\u2122 b", "\u00a0"])
def test_digests_are_the_first_half_of_the_folded_texts(texts):
    found = folded_digests(texts, lowered(texts))
    assert [f"{high:016x}{low:016x}" for high, low in found.tolist()] == [folded_sha256(text)[:32] for text in texts]


def test_texts_that_differ_in_case_form_and_space_alone_have_one_digest():
    texts = ["\u210cello  World", "Hello world", "\tHELLO\u00a0WORLD", "other"]
    found = folded_digests(texts, lowered(texts)).tolist()
    assert found[0] == found[1] == found[2] != found[3]
