from hypothesis import given
from hypothesis import strategies as st

from tier_assets.policies.layers import Layer, giver, merged, nearest

WEAK = Layer((), {"filtered": {"a": 1, "b": {"c": 1}}})
STRONG = Layer(("source", "crawl"), {"filtered": {"b": {"c": 2}}})


def test_tables_are_joined_and_the_stronger_value_wins():
    assert merged([WEAK, STRONG]) == {"filtered": {"a": 1, "b": {"c": 2}}}
    assert merged([STRONG, WEAK]) == {"filtered": {"a": 1, "b": {"c": 1}}}


def test_a_list_is_replaced_not_joined():
    assert merged([Layer((), {"rules": ["url"]}), Layer((), {"rules": ["code"]})]) == {"rules": ["code"]}


def test_a_value_is_of_the_strongest_layer_that_gives_it():
    assert giver([WEAK, STRONG], ("filtered", "b", "c")) is STRONG
    assert giver([WEAK, STRONG], ("filtered", "a")) is WEAK
    assert giver([WEAK, STRONG], ("filtered", "z")) is None


def test_a_key_that_no_layer_gives_to_its_end_is_of_the_one_that_comes_nearest():
    assert nearest([WEAK, STRONG], ("filtered", "a", "beyond")) is WEAK
    assert nearest([WEAK, STRONG], ("filtered", "b", "c", "0")) is STRONG
    assert nearest([WEAK, STRONG], ("audit",)) is None


_TREES = st.recursive(
    st.integers(), lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3), max_leaves=8
)
_VALUES = st.dictionaries(st.sampled_from("abc"), _TREES, max_size=3)


@given(_VALUES, _VALUES)
def test_what_the_strongest_layer_gives_is_in_force(weak, strong):
    assert merged([Layer((), weak), Layer((), merged([Layer((), strong)]))]) == merged(
        [Layer((), weak), Layer((), strong)]
    )
    assert merged([Layer((), strong), Layer((), strong)]) == strong
