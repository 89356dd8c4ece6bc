"""What is copied is supported; what is invented is found: numbers, names, words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.policy import Grounding
from tier_assets.text.grounding import Breach, breach, content_words, names, support, turning_words

SOURCE = "The Volta dam, built by Ana Petrov in 1961, holds 1,480 cubic kilometres of water."
WORDS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("output", "rule"),
    [
        ("The Volta dam holds 1480 cubic kilometres of water.", None),
        ("The dam holds 1,481 cubic kilometres of water.", "number"),
        ("The Volta dam, built by Ana Ivanova, holds water.", "name"),
        ("New York has a dam of water.", "name"),
        ("Tourists adore swimming in its lovely turquoise water.", "content_words"),
    ],
)
def test_the_first_broken_rule_is_named(output, rule):
    found = breach(support(output, SOURCE), Grounding())
    assert (found.rule if found else None) == rule


def test_a_breach_says_what_was_measured_and_what_is_allowed():
    assert breach(support("It cost 7 or 8 in 1961.", SOURCE), Grounding()) == Breach("number", 2, 0)
    found = breach(support("Dam water tourists everywhere", SOURCE), Grounding())
    assert found == Breach("content_words", 0.5, 0.6)


@pytest.mark.parametrize(
    ("number", "same"),
    [("1,000", "1000"), ("3.50", "3.5"), ("05", "5"), ("1.000.000", "1000000"), ("3,5", "3.5"), ("٣٤", "34")],
)
def test_numbers_are_compared_by_value(number, same):
    assert support(f"it is {number}", f"it was {same}").numbers_ok


@pytest.mark.parametrize(("number", "other"), [("1.13.27", "1.13.2"), ("12", "1234"), ("3.125", "3125"), ("0.5", "5")])
def test_other_numbers_are_not_taken_for_the_same(number, other):
    assert not support(f"it is {number}", f"it was {other}").numbers_ok


def test_the_first_word_of_a_sentence_is_a_name_only_before_another_name():
    assert list(names("However, Ana left. Maria Petrov stayed. Then Oslo slept.")) == ["Ana", "Maria", "Petrov", "Oslo"]


def test_case_and_dots_of_initials_do_not_matter():
    assert support("The US and CAMERON", "the u.s. and Cameron").names_ok


def test_content_words_leave_out_function_words_and_split_unspaced_scripts():
    assert content_words("What did the old dam hold?") == {"old", "dam", "hold"}
    assert content_words("中国很大") == {"中国", "国很", "很大"}


def test_a_text_without_content_words_is_supported():
    assert support("It is.", "").content_word_support == 1.0


def test_words_that_turn_a_sentence_round_are_seen():
    assert turning_words("It isn't on, only off") == {"not", "only", "off"}
    assert turning_words("They cannot go") == {"not"}


@given(st.lists(WORDS, min_size=1, max_size=12), st.data())
def test_a_passage_copied_word_by_word_is_supported(words, data):
    pieces = " ".join(words).split()
    start = data.draw(st.integers(0, len(pieces)))
    end = data.draw(st.integers(start, len(pieces)))
    found = support(" ".join(pieces[start:end]), " ".join(pieces))
    assert breach(found, Grounding(min_content_word_support=1)) is None


@given(st.text(st.characters(blacklist_categories=("Nd", "No", "Nl", "Cs"))), st.integers(0, 10**9))
def test_a_number_that_the_source_does_not_have_is_never_supported(source, number):
    found = breach(support(f"{source} {number}", source), Grounding())
    assert found is not None
    assert found.rule == "number"
