from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.shared_keys import shared_keys


def grouped(new, valid, earlier, offset):
    keys = np.array(new, np.uint64).reshape(len(new), len(new[0]) if len(new) else 3)
    before = np.array([key for key, _ in earlier], np.uint64)
    places = np.array([place for _, place in earlier], np.int64)
    return shared_keys(keys, np.array(valid, np.bool_).reshape(keys.shape), before, places, offset)


def groups_of(shared) -> dict[int, list[int]]:
    return {
        int(key): shared.members[shared.group_starts[number] : shared.group_starts[number + 1]].tolist()
        for number, key in enumerate(shared.keys)
    }


def test_documents_of_one_key_are_a_group_in_order_the_earlier_first():
    shared = grouped([[5, 1], [6, 2], [5, 2]], [[True, True]] * 3, [(5, 1), (5, 0), (9, 0)], offset=2)
    assert groups_of(shared) == {2: [3, 4], 5: [0, 1, 2, 4]}
    assert shared.involved.tolist() == [2, 3, 4]
    assert shared.groups[shared.document_starts[2] : shared.document_starts[3]].tolist() == [0, 1]


def test_a_key_that_does_not_count_groups_nobody():
    assert groups_of(grouped([[5, 1], [5, 2]], [[False, True]] * 2, [], offset=0)) == {}


def test_without_documents_there_are_no_groups():
    shared = grouped([], [], [], offset=0)
    assert groups_of(shared) == {}
    assert shared.involved.tolist() == []


KEYS = st.integers(0, 12).map(lambda key: key * 0x123456789ABCDEF % 2**64)


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.tuples(KEYS, st.booleans()), max_size=30),
    st.lists(st.tuples(KEYS, st.integers(0, 4)), max_size=20, unique=True),
)
def test_all_groups_with_a_new_document_and_another_are_found(new, earlier):
    expected = defaultdict(list)
    for key, place in sorted(earlier, key=lambda pair: pair[1]):
        expected[key].append(place)
    for number, (key, valid) in enumerate(new):
        if valid:
            expected[key].append(number + 5)
    wanted = {key: places for key, places in expected.items() if len(places) > 1 and places[-1] >= 5}
    shared = grouped([[key] for key, _ in new], [[valid] for _, valid in new], earlier, offset=5)
    assert groups_of(shared) == wanted
