from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l0_raw.identity import doc_id, document_uri

NAMES = st.text(max_size=8)


def test_an_id_is_32_hex_digits_of_the_documented_encoding():
    assert doc_id("crawl.2026-34", "a.warc.gz", 1234, "00" * 32) == "b28da5545444d93ae3e9c63b083348d1"


@given(st.tuples(NAMES, NAMES, st.integers(0), NAMES), st.tuples(NAMES, NAMES, st.integers(0), NAMES))
def test_different_fields_give_different_ids(one, other):
    assert (doc_id(*one) == doc_id(*other)) == (one == other)


def test_fields_are_kept_apart():
    assert doc_id("a", "bc", 1, "") != doc_id("ab", "c", 1, "")
    assert doc_id("a", "b", 12, "") != doc_id("a", "b1", 2, "")


def test_a_uri_is_kept_as_it_is():
    assert document_uri("HTTP://Example.org/%7Ea?b#c", "a.jsonl", 7) == "HTTP://Example.org/%7Ea?b#c"


def test_angle_brackets_around_a_uri_are_removed():
    assert document_uri("<https://example.org/>", "a.warc", 7) == "https://example.org/"


def test_without_a_uri_the_place_in_the_file_is_the_uri():
    assert document_uri(None, "a.jsonl", 7) == "file:a.jsonl#7"
    assert document_uri("  ", "a.jsonl", 7) == "file:a.jsonl#7"
