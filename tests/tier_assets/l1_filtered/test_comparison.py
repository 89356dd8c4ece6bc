import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.comparison import NONE, Documents, first_repeated
from tier_assets.l1_filtered.dedup import index, keys_of
from tier_assets.l1_filtered.shared_keys import shared_keys
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.shingles import shingles

# Short texts of few words, shingles of two words: many pairs of every similarity.
LOOSE = Deduplication(ngram=2, bands=20, rows=2, min_jaccard=0.5)
TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "B", "d,"]), min_size=1, max_size=7).map(" ".join), max_size=24
)


class Compared:
    """Texts as the new documents of one pass; remembers how many were read at once."""

    def __init__(self, texts, piece_shingles, policy=LOOSE):
        self.texts, self.read = texts, []
        ids = [str(number) for number in range(len(texts))]
        frame = pl.DataFrame({"doc_id": ids, "text": texts}, schema={"doc_id": pl.String, "text": pl.String})
        indexed = index(frame, policy=policy)
        keys, valid = keys_of(indexed)
        shared = shared_keys(keys, valid, np.empty(0, np.uint64), np.empty(0, np.int64), 0)
        digests = indexed.select("text_high", "text_low").to_numpy()
        documents = Documents(digests, indexed["shingles"].to_numpy(), self.texts_at)
        found = first_repeated(documents, shared, policy=policy, piece_shingles=piece_shingles)
        self.first = [None if place == NONE else int(place) for place in found.first]
        self.values = found.values.tolist()

    def texts_at(self, places):
        self.read.append(len(places))
        return [self.texts[place] for place in places]


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(1, 30))
def test_the_verdicts_are_the_same_however_small_the_pieces(texts, piece_shingles):
    whole, pieces = Compared(texts, 1000), Compared(texts, piece_shingles)
    assert pieces.first == whole.first
    assert pieces.values == whole.values


def test_no_more_texts_are_read_at_once_than_fit_in_a_piece():
    texts = [f"a b c d e f{number}" for number in range(30)]
    compared = Compared(texts, piece_shingles=15)
    assert compared.first == [None, *[0] * 29]
    assert max(compared.read) <= 3


def test_a_text_larger_than_a_piece_is_compared_all_the_same():
    assert Compared(["a b c d e f g", "a b c d e f g h"], piece_shingles=1).first == [None, 0]


@settings(deadline=None)
@given(TEXTS)
def test_the_similarity_is_that_of_the_sets_of_shingles(texts):
    compared, sets = Compared(texts, 1000), [shingles(text, LOOSE.ngram) for text in texts]
    for place, (first, value) in enumerate(zip(compared.first, compared.values, strict=True)):
        if first is not None and folded_sha256(texts[place]) != folded_sha256(texts[first]):
            assert value == len(sets[place] & sets[first]) / len(sets[place] | sets[first])


def test_a_similarity_of_just_the_least_is_enough_whatever_rounding_does():
    # 11 / 20 = .55, and .55 x 20 is more than 11 in floating point.
    words = [f"w{number}" for number in range(21)]
    policy = Deduplication(ngram=2, bands=20, rows=1, min_jaccard=0.55)
    assert Compared([" ".join(words), " ".join(words[:12])], 1000, policy).first == [None, 0]


def test_texts_that_share_nothing_are_not_read():
    assert Compared(["a b c d", "e f g h", "i"], 1000).read == []
