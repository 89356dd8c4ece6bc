"""Refined rows in, facts out: every candidate claim is decided, equal ones are merged, each fact has verbatim evidence."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.embedded_server import EmbeddedLanguageModel
from tests.recorded import RecordedLanguageModel
from tier_assets.inference import Completion, silent
from tier_assets.l4_organized.organizing import organize
from tier_assets.policy import OrganizedPolicy
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

SENTENCE = "Ana Petrov built the long canal to {} in 1961."


def selected(*texts):
    rows = [
        {
            "doc_id": f"s{number}",
            "uri": f"https://example.org/{number}",
            "source": "crawl",
            "file": "a.warc",
            "offset": number * 100,
            "text": text,
            "language": "en",
        }
        for number, text in enumerate(texts)
    ]
    return ROWS[Tier.SELECTED].conform(pl.DataFrame(rows))


def refined(documents, generation=1):
    rows = [
        {
            "doc_id": f"r{number}",
            "uri": row["uri"],
            "source": "crawl",
            "generation": generation,
            "parent_ids": [row["doc_id"]],
            "recipe": "qa",
            "part": 0,
            "evidence_start": 0,
            "evidence_end": len(row["text"]),
        }
        for number, row in enumerate(documents.iter_rows(named=True))
    ]
    return ROWS[Tier.REFINED].conform(pl.DataFrame(rows)) if rows else pl.DataFrame(schema=ROWS[Tier.REFINED].polars)


def first_choice(prompt):
    """A model that takes the first division it may choose."""
    parts = prompt.json_schema["anyOf"][0]["properties"]
    return json.dumps({name: parts[name]["const"] for name in parts})


def organized(documents, answers=first_choice, budget=10_000, rows=None, profile="small", **policy):
    model = RecordedLanguageModel(answers, profile=profile)
    frame = refined(documents) if rows is None else rows
    return organize(
        frame, documents, model, policy=OrganizedPolicy(**policy), token_budget=budget, report=silent
    ), model


def test_a_fact_has_its_parts_its_evidence_and_its_parents():
    text = f"Menu\n\n{SENTENCE.format('Oslo')}"
    outcome, model = organized(selected(text))
    (fact,) = outcome.rows.to_dicts()
    assert fact["text"] == "Ana Petrov built the long canal to Oslo in 1961."
    assert (fact["subject"], fact["predicate"]) == ("Ana Petrov", "built")
    assert fact["evidence"] == [
        {
            "text": text[6:],
            "doc_id": "s0",
            "uri": "https://example.org/0",
            "file": "a.warc",
            "offset": 0,
            "start": 6,
            "end": len(text),
        }
    ]
    assert (fact["parent_ids"], fact["generation"], fact["evidence_count"]) == (["r0", "s0"], 2, 1)
    assert fact["prompt_hash"] == model.asked[0].digest


def test_rows_and_decisions_conform_and_agree():
    outcome, _ = organized(selected(SENTENCE.format("Oslo"), "Nothing.", SENTENCE.format("Bergen")))
    assert outcome.rows.schema == ROWS[Tier.ORGANIZED].polars
    assert outcome.decisions.schema == DECISIONS[Tier.ORGANIZED].polars
    assert set(outcome.rows["doc_id"]) == set(outcome.decisions.filter("kept")["doc_id"])
    assert outcome.decisions["doc_id"].is_unique().all()


def test_equal_claims_of_two_documents_are_one_fact_with_both_pieces_of_evidence():
    outcome, _ = organized(selected(SENTENCE.format("Oslo"), SENTENCE.format("Oslo")))
    (fact,) = outcome.rows.to_dicts()
    assert [span["doc_id"] for span in fact["evidence"]] == ["s0", "s1"]
    assert fact["parent_ids"] == ["r0", "r1", "s0", "s1"]
    (second,) = outcome.decisions.filter(~pl.col("kept")).to_dicts()
    assert (second["drop_reason"], second["duplicate_of"]) == ("duplicate", fact["doc_id"])
    assert second["fact_id"] == fact["fact_id"]


def test_claims_beyond_the_policy_and_the_token_budget_are_counted_drops():
    documents = selected(*(SENTENCE.format(town) for town in ("Oslo", "Bergen", "Molde", "Bodo")))
    outcome, model = organized(documents, max_claims=2)
    assert model.calls == outcome.rows.height == 2
    assert outcome.decisions.filter(pl.col("rule") == "max_claims").height == 2
    outcome, model = organized(documents, budget=1)
    assert model.calls == 1
    assert set(outcome.decisions.filter(~pl.col("kept"))["rule"]) == {"max_tokens"}
    outcome, model = organized(documents, max_claims=0)
    assert (model.calls, outcome.decisions.height) == (0, 4)


def test_a_refined_row_whose_document_is_gone_is_decided():
    documents = selected(SENTENCE.format("Oslo"))
    outcome, model = organized(documents.clear(), rows=refined(documents))
    assert outcome.decisions.select("drop_reason", "rule", "parent_ids").rows() == [
        ("unsupported", "parent_gone", ["r0"])
    ]
    assert model.calls == 0


def test_a_failed_request_and_an_invalid_answer_are_counted_drops():
    documents = selected(SENTENCE.format("Oslo"), SENTENCE.format("Bergen"))
    outcome, _ = organized(documents, lambda prompt: None if "Oslo" in prompt.messages[-1].content else "{}")
    assert sorted(outcome.decisions["rule"]) == ["error", "json"]
    assert outcome.rows.is_empty()


def test_a_large_model_gives_several_claims_that_share_the_tokens_of_their_answer():
    text = "Ana Petrov built the canal in 1961. It has 12 locks and is 30 km long."
    facts = [
        {"subject": "Ana Petrov", "predicate": "built", "object": "the canal in 1961", "quote": text[:35]},
        {"subject": "It", "predicate": "has", "object": "12 locks", "quote": text[36:]},
        {"subject": "The canal", "predicate": "has", "object": "13 locks", "quote": text[36:]},
    ]
    answer = Completion(json.dumps({"facts": facts}), "stop", 100, 60)
    outcome, _ = organized(selected(text), lambda _: answer, profile="large")
    assert outcome.rows["text"].to_list() == ["Ana Petrov built the canal in 1961."]
    assert outcome.rows["evidence"].to_list()[0][0]["text"] == text[:35]
    assert sorted(outcome.decisions["rule"].to_list(), key=str) == [None, "number", "vague_subject"]
    assert outcome.decisions["completion_tokens"].to_list() == [20.0, 20.0, 20.0]


def test_nothing_refined_gives_an_empty_outcome():
    outcome, model = organized(selected("A text.").clear())
    assert (outcome.rows.height, outcome.decisions.height, model.calls) == (0, 0, 0)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(4)), budget=st.integers(0, 100))
def test_the_order_of_the_rows_changes_nothing(order, budget):
    documents = selected(*(SENTENCE.format(town) for town in ("Oslo", "Bergen", "Oslo", "Bodo")))
    expected, _ = organized(documents, budget=budget)
    outcome, _ = organized(documents[list(order)], budget=budget, rows=refined(documents)[list(order)])
    assert outcome.rows.equals(expected.rows)
    assert outcome.decisions.equals(expected.decisions)


@pytest.mark.model
def test_the_embedded_model_divides_a_sentence_into_a_fact():
    documents = selected("The old harbour of Bergen was built by German merchants in 1360.")
    with EmbeddedLanguageModel(concurrency=1, threads=1) as model:
        outcome = organize(
            refined(documents), documents, model, policy=OrganizedPolicy(), token_budget=500, report=silent
        )
    (fact,) = outcome.rows.to_dicts()
    assert fact["text"].startswith("The old harbour of Bergen was built")
    assert fact["subject"] == "The old harbour of Bergen"
    assert fact["evidence"][0]["text"] == documents["text"].item()


@pytest.mark.parametrize("profile", ["small", "large"])
@pytest.mark.parametrize(
    "text", ["[" * 1_000, '{"facts": ' + "[" * 5_000, '{"subject": "\\ud800"}', "\ud800", "9" * 5_000]
)
def test_a_hostile_answer_is_an_invalid_output_and_ends_nothing(profile, text):
    chosen = selected(" ".join(SENTENCE.format(city) for city in ("Oslo", "Bergen", "Malmö", "Lund")))
    model = RecordedLanguageModel(lambda _: Completion(text, "stop", 10**30, 10**30), profile=profile)
    outcome = organize(refined(chosen), chosen, model, policy=OrganizedPolicy(), token_budget=10_000, report=silent)
    assert outcome.rows.is_empty()
    assert set(outcome.decisions["drop_reason"]) == {"invalid_output"}


def test_a_refined_row_that_leads_to_no_passage_is_decided_on_too():
    documents = selected(SENTENCE.format("Oslo"), "Menu")
    outcome, _ = organized(documents)
    (dropped,) = outcome.decisions.filter(~pl.col("kept")).to_dicts()
    assert (dropped["drop_reason"], dropped["rule"], dropped["parent_ids"]) == ("empty", "no_passage", ["r1", "s1"])
    assert set(outcome.decisions["parent_ids"].explode()) >= {"r0", "r1"}
