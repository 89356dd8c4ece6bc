"""Which passages are asked about, and the claims that an answer makes, each with the exact span of its evidence."""

import json

from tier_assets.inference import Completion
from tier_assets.l4_organized.claims import (
    MAX_FACTS,
    Claim,
    Refined,
    claims_of_choice,
    claims_of_list,
    large_passages,
    small_passages,
)
from tier_assets.policy import OrganizedPolicy
from tier_assets.text.answers import Flaw
from tier_assets.text.sentences import Span

POLICY = OrganizedPolicy()
ONE = "Ana Petrov built the long canal to Oslo in 1961."
TWO = "The canal carried water to the old houses in Bergen."
TEXT = f"Menu\n\n{ONE} {TWO}"


def refined(*spans, text=TEXT, doc_id="d"):
    return Refined({"doc_id": doc_id, "text": text}, tuple((Span(*span), row, 1) for span, row in spans))


def said(**fields):
    return Completion(json.dumps(fields), "stop", 1, 1)


def test_a_small_model_is_asked_about_each_sentence_once_with_all_rows_that_led_to_it():
    passages = small_passages(iter([refined(((6, len(TEXT)), "r1"), ((6, 6 + len(ONE)), "r2"))]), POLICY)
    assert [passage.text for passage in passages] == [ONE, TWO]
    assert [passage.parent_ids for passage in passages] == [["d", "r1", "r2"], ["d", "r1"]]


def test_every_document_is_asked_about_before_any_is_asked_about_again():
    first, second = (refined(((0, len(TEXT)), f"r{doc}"), doc_id=doc) for doc in "ab")
    passages = small_passages(iter([first, second]), POLICY)
    assert [(passage.document["doc_id"], passage.text) for passage in passages] == [
        ("a", ONE),
        ("b", ONE),
        ("a", TWO),
        ("b", TWO),
    ]


def test_a_choice_is_a_claim_whose_text_is_the_clause_and_whose_evidence_is_the_sentence():
    (passage, _) = small_passages(iter([refined(((0, len(TEXT)), "r"))]), POLICY)
    answer = said(subject="Ana Petrov", predicate="built", object="the long canal to Oslo in 1961")
    assert claims_of_choice(passage, answer) == [
        Claim("Ana Petrov", "built", "the long canal to Oslo in 1961", ONE, Span(6, 6 + len(ONE)))
    ]


def test_a_division_that_was_not_offered_is_no_claim():
    (passage, _) = small_passages(iter([refined(((0, len(TEXT)), "r"))]), POLICY)
    answer = said(subject="Ana Petrov", predicate="sold", object="the long canal")
    assert claims_of_choice(passage, answer) == Flaw.invalid("division")
    leaked = said(subject="The old lighthouse on Cape Verra", predicate="was built", object="in 1874")
    assert claims_of_choice(passage, leaked) == Flaw.unsupported("example_leak")


def test_a_large_model_is_asked_once_about_each_span():
    passages = large_passages(iter([refined(((0, len(TEXT)), "r1"), ((0, len(TEXT)), "r2"), ((0, 4), "r3"))]), POLICY)
    assert [(passage.text, passage.refined_ids, passage.most_claims) for passage in passages] == [
        (TEXT, ("r1", "r2"), MAX_FACTS)
    ]


def test_a_quotation_is_located_exactly_and_one_that_is_not_verbatim_is_unsupported():
    (passage,) = large_passages(iter([refined(((6, len(TEXT)), "r"))]), POLICY)
    facts = [
        {"subject": "The canal", "predicate": "carried", "object": "water to Bergen", "quote": TWO},
        {"subject": "Ana", "predicate": "built", "object": "it", "quote": ONE.replace("built", "has built")},
        {"subject": "Ana"},
    ]
    start = TEXT.index(TWO)
    assert claims_of_list(passage, said(facts=facts)) == [
        Claim("The canal", "carried", "water to Bergen", "The canal carried water to Bergen.", Span(start, len(TEXT))),
        Flaw.unsupported("quote"),
        Flaw.invalid("json"),
    ]


def test_a_list_that_is_none_or_empty_is_invalid():
    (passage,) = large_passages(iter([refined(((6, len(TEXT)), "r"))]), POLICY)
    assert claims_of_list(passage, said(facts="a")) == Flaw.invalid("json")
    assert claims_of_list(passage, said(facts=[])) == Flaw.invalid("empty")
    assert claims_of_list(passage, Completion("", "length", 1, 1)) == Flaw.invalid("cut")
