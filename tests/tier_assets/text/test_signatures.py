import datasketch
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.text.shingles import lowered, shingle_hash, shingle_hashes, shingles
from tier_assets.text.signatures import band_keys, hash32, signatures, signatures_of, sketches

WORDS = st.lists(st.sampled_from(["a", "bb", "\u00c9t\u00e9", "\u4e2d\u6587", "x."]), max_size=30).map(" ".join)


def of_datasketch(text: str, permutations: int) -> np.ndarray:
    sketch = datasketch.MinHash(num_perm=permutations, scheme="affine32", hashfunc=hash32)
    for shingle in shingles(text, 5):
        sketch.update(shingle.encode())
    return sketch.hashvalues


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.one_of(WORDS, st.text()), max_size=4), st.sampled_from([112, 16]))
def test_signatures_are_those_of_datasketch(texts, permutations):
    found = signatures(texts, ngram=5, permutations=permutations)
    assert found.shape == (len(texts), permutations)
    for row, text in zip(found, texts, strict=True):
        assert row.tolist() == of_datasketch(text, permutations).tolist()


def test_a_text_without_shingles_has_the_empty_signature():
    assert set(signatures(["only four words here"], ngram=5, permutations=112)[0].tolist()) == {2**32 - 1}


def test_a_band_key_depends_on_its_rows_and_its_number_alone():
    values = np.arange(16, dtype=np.uint32).reshape(2, 8) % 4
    keys = band_keys(np.vstack([values, [[0, 1, 2, 3, 9, 9, 9, 9]]]), bands=2, rows=4)
    assert keys[0, 0] == keys[1, 0] == keys[2, 0]
    assert keys[0, 1] == keys[1, 1] != keys[2, 1]
    assert keys[0, 0] != keys[0, 1]


def test_band_keys_are_what_the_definition_says():
    key = 1
    for value in (7, 8):
        key = ((key ^ value) * 0x9E3779B97F4A7C15) % 2**64
        key ^= key >> 31
    assert band_keys(np.array([[7, 8]], np.uint32), bands=1, rows=2).tolist() == [[key]]


def test_bands_across_take_the_same_values_row_by_row_six_at_a_time():
    one, other = np.arange(112, dtype=np.uint32), np.arange(112, dtype=np.uint32) + 1000
    # The third band across: row 0 of the bands 12 and 13, row 1 of the bands 0 to 3.
    for band, row in ((12, 0), (13, 0), (0, 1), (1, 1), (2, 1), (3, 1)):
        other[band * 8 + row] = one[band * 8 + row]
    keys = band_keys(np.vstack([one, other]), bands=14, rows=8)
    assert keys.shape == (2, 14 + 8)
    assert np.flatnonzero(keys[0] == keys[1]).tolist() == [14 + 2]
    assert len(np.unique(keys)) == 2 * 22 - 1


def test_there_are_as_many_bands_across_as_there_are_values_for():
    assert band_keys(np.zeros((3, 40), np.uint32), bands=20, rows=2).shape == (3, 20 + 6)
    assert band_keys(np.zeros((0, 5), np.uint32), bands=1, rows=5).shape == (0, 1)


def test_a_sketch_counts_and_adds_up_shingles_repeated_ones_too():
    found = sketches(lowered(["a b a b a b", "one two", "b a b"]), ngram=2, permutations=16)
    ab, ba = shingle_hash(b"a b"), shingle_hash(b"b a")
    assert found.shingles.tolist() == [5, 1, 2]
    assert found.sums.tolist() == [(3 * ab + 2 * ba) % 2**64, shingle_hash(b"one two"), (ab + ba) % 2**64]
    assert found.values.tolist() == signatures(["a b a b a b", "one two", "b a b"], ngram=2, permutations=16).tolist()


def test_signatures_of_sets_are_those_of_the_texts():
    texts = ["a b a b a b", "one", "b a b"]
    sets = shingle_hashes(texts, 2)
    starts = np.array([0, *np.cumsum([len(each) for each in sets])])
    found = signatures_of(np.concatenate(sets), starts, permutations=16)
    assert found.tolist() == signatures(texts, ngram=2, permutations=16).tolist()
