import numpy as np

from tier_assets.l1_filtered.dedup_kernel import mark, marked, settle, wanted

NONE = np.iinfo(np.int64).max


def places(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_a_key_is_marked_again_when_it_comes_twice():
    keys = np.array([7, 8, 7], np.uint64)
    seen, again = np.zeros((2, 128), np.uint8)
    mark(keys, 54, seen, again)
    assert marked(keys, 54, seen).tolist() == [True, True, True]
    assert marked(keys, 54, again).tolist() == [True, False, True]


class Four:
    """Four new documents that all share the key 5: the last two have equal texts."""

    def __init__(self):
        self.offset = 0
        self.group_starts, self.members = places(0, 4), places(0, 1, 2, 3)
        self.document_starts, self.groups = places(0, 1, 2, 3, 4), places(0, 0, 0, 0)
        self.digests = np.array([[1, 1], [2, 2], [3, 3], [3, 3]], np.uint64)
        self.kept = np.ones(4, np.bool_)

    def wanted(self, first, last):
        want = np.zeros(4, np.bool_)
        wanted(first, last, self.offset, self.group_starts, self.members, self.document_starts, self.groups,
               self.digests, self.kept, want)  # fmt: skip
        return np.flatnonzero(want).tolist()

    def settle(self, sets, bands=((5,), (5,), (5,), (5,)), least=0.5, begin=0):
        hashes = np.array([value for each in sets for value in sorted(each)], np.uint64)
        starts = places(0, *np.cumsum([len(each) for each in sets]))
        found, values, tested = np.full(4, NONE), np.zeros(4), np.full(4, -1)
        settle(0, 4, begin, 4, self.offset, self.group_starts, self.members, np.array([5], np.uint64),
               self.document_starts, self.groups, self.digests, places(0, 1, 2, 3), hashes, starts,
               np.array(bands, np.uint64), least, self.kept, found, values, tested)  # fmt: skip
        return [None if place == NONE else int(place) for place in found], values.tolist()


def test_texts_of_all_that_share_a_key_are_wanted():
    assert Four().wanted(0, 2) == [0, 1]
    assert Four().wanted(0, 4) == [0, 1, 2, 3]


def test_texts_after_an_equal_kept_one_decide_nothing():
    four = Four()
    four.kept[:2] = False
    assert four.wanted(3, 4) == []


def test_the_first_similar_kept_document_is_found_with_its_similarity():
    found, values = Four().settle([{1, 2, 3}, {7, 8}, {1, 2, 3, 4}, {1, 2, 3, 4}])
    assert found == [None, None, 0, 0]
    assert values == [0, 0, 0.75, 0.75]


def test_a_dropped_document_is_found_by_no_other():
    four = Four()
    found, _ = four.settle([{1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5, 6, 7}, {8}])
    assert found == [None, 0, None, 2]
    assert four.kept.tolist() == [True, False, True, False]


def test_a_similar_document_without_the_key_is_none():
    assert Four().settle([{1}, {1}, {9}, {9}], bands=((4,), (5,), (5,), (5,)))[0] == [None, None, None, 2]


def test_documents_before_the_span_are_left_alone():
    assert Four().settle([{1}, {1}, {1}, {2}], begin=1)[0] == [None, None, 1, None]
