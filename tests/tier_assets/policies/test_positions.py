import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.policies.positions import key_lines


def test_tables_and_keys_have_the_line_on_which_they_are_written():
    text = "# a comment\n\n[filtered]\nmin = 1 # why\n[source.crawl.filtered]\nmin = 2\n"
    found = key_lines(text)
    assert (found["filtered",], found["filtered", "min"]) == (3, 4)
    assert (found["source",], found["source", "crawl", "filtered", "min"]) == (5, 6)


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a.b = 1", ("a", "b"), 1),
        ("'a b' = 1", ("a b",), 1),
        ("x = 1\n[ 'a' . b ]\n c = 2", ("a", "b", "c"), 3),
        ("a = {b = {c = 1}}", ("a", "b", "c"), 1),
        ('a = [\n  "b = 1",\n]\nc = 2', ("c",), 4),
        ('a = """\nc = 1\n"""\nc = 2', ("c",), 4),
        ("[[a]]\nb = 1", ("a", "b"), 2),
        ("[a]\n[a.b]\nc = 1", ("a", "b", "c"), 3),
    ],
)
def test_every_way_to_write_a_key_is_understood(text, key, line):
    tomllib.loads(text)
    assert key_lines(text)[key] == line


def test_a_text_without_keys_has_none():
    assert key_lines("") == {}
    assert key_lines("# nothing\n") == {}


@given(st.lists(st.sampled_from(["a", "b", "c-d"]), unique=True, min_size=1), st.integers(0, 3))
def test_line_numbers_count_from_one_whatever_stands_between(names, gap):
    text = ("\n" * gap).join(f"{name} = [1,\n 2]\n" for name in names)
    expected = {(name,): 1 + number * (2 + gap) for number, name in enumerate(names)}
    assert key_lines(text) == expected
