"""Every division is a verbatim stretch of its sentence, and there is none where a clause would say something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l4_organized.divisions import choice_schema, divisions


def ways(sentence):
    return [" | ".join(way[:3]) for way in divisions(sentence)]


@pytest.mark.parametrize(
    ("sentence", "way"),
    [
        ("Ana Petrov built the canal in 1961.", "Ana Petrov | built | the canal in 1961"),
        ("The canal was built by hand in Oslo.", "The canal | was built | by hand in Oslo"),
        ("In 1961, the canal carried water to Oslo.", "the canal | carried | water to Oslo"),
        ("MADRID — Nadal won the last match.", "Nadal | won | the last match"),
        ("Water reached Oslo by boat, but few people drank it.", "Water | reached | Oslo by boat"),
        ("He called the town a “gas chamber.”", "He | called | the town a “gas chamber”"),
    ],
)
def test_a_sentence_is_divided_at_its_verb(sentence, way):
    assert way in ways(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "A heading without any form of verb.",
        "The canal, which was built by hand in Oslo.",
        "Having recently carried out a purchase of the house, Austria will rebuild it.",
        "We have a canal in the town.",
        "“The town is a gas chamber,” Ana Petrov said.",
        "If the canal was built by hand, it would leak.",
        "Wrote.",
        "",
    ],
)
def test_a_sentence_that_would_be_torn_is_not_divided(sentence):
    assert ways(sentence) == []


def test_an_adverbial_stays_in_the_clause_though_in_no_part():
    assert {way.text for way in divisions("In 1961, the canal carried water to Oslo.")} == {
        "In 1961, the canal carried water to Oslo"
    }


def test_a_predicate_does_not_end_in_a_determiner():
    assert not [way for way in divisions("The canal carried the water to Oslo.") if way.predicate.endswith("the")]


def test_the_schema_allows_exactly_the_divisions():
    options = divisions("Ana Petrov built the canal in 1961.")
    allowed = [
        tuple(choice["properties"][part]["const"] for part in ("subject", "predicate", "object"))
        for choice in choice_schema(options)["anyOf"]
    ]
    assert allowed == [way[:3] for way in options]


WORDS = st.sampled_from("The canal in 1961, was built which but — Oslo carries the (water) said “old” : ; , is".split())


@given(st.lists(WORDS, max_size=25))
def test_every_part_is_verbatim_and_in_order(words):
    sentence = " ".join(words)
    for way in divisions(sentence):
        assert way.text in sentence
        at = 0
        for part in way[:3]:
            assert part
            at = way.text.index(part, at) + len(part)
