"""What a recipe asks about, and which answers it takes."""

import json
from typing import get_args

import pytest

from tier_assets.inference import Completion
from tier_assets.l3_refined.prompts import TEMPLATES
from tier_assets.l3_refined.recipes import Draft, recipes
from tier_assets.policy import RecipeName, RefinedPolicy

POLICY = RefinedPolicy()
EDIT, QA = recipes("small", POLICY)
BIG_EDIT, BIG_QA = recipes("large", POLICY)
ROUGH = "The canal , which Ana Petrov she built in 1961 , carry water to all the houses in Oslo ."
CLEAN = "The canal, which Ana Petrov built in 1961, carries water to all the houses in Oslo."


def rule(recipe, passage, policy=POLICY, **answer):
    result, _ = recipe.read(passage, Completion(json.dumps(answer), "stop", 1, 1), policy)
    return None if isinstance(result, Draft) else result.rule


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (CLEAN, None),
        (ROUGH, "unchanged"),
        (ROUGH.upper(), "unchanged"),
        (CLEAN.replace("1961", "1962"), "number"),
        (CLEAN.replace("Petrov", "Ivanova"), "name"),
        (CLEAN.replace("in 1961", "then"), "lost_number"),
        (CLEAN.replace("Ana Petrov", "she"), "lost_name"),
        (CLEAN.replace("to all the", "to the"), "turning_words"),
        ("The canal, which Ana Petrov built in 1961, is large and lovely and old, near Oslo.", "content_words"),
        ("The canal, which Ana Petrov built in 1961, brings tap water to all dwellings in Oslo.", "added_words"),
        ("The canal of all of it, by Ana Petrov, in 1961, in Oslo.", "lost_words"),
        ("The canal. Ana Petrov built it in 1961, and it carries water to all the houses in Oslo.", "added_sentences"),
        (CLEAN + " It is one of the longest canals of its kind.", "max_edit_ratio"),
        ("A canal in Oslo.", "min_edit_ratio"),
        (CLEAN.replace("canal", "bakery museum"), "example_leak"),
        ("I'm sorry, I cannot edit that.", "refusal"),
        ("...", "empty"),
    ],
)
def test_an_edit_neither_adds_nor_loses(edit, expected):
    assert rule(EDIT, ROUGH, text=edit) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does the canal that Ana Petrov built carry to Oslo?", None),
        ("The canal carries water to the houses.", "no_question"),
        ("What is the canal?", "empty_question"),
        ("When was the canal built in 1962 for water?", "number"),
        ("Who is the canal builder Ivanova?", "name"),
        ("What splendid engineering marvels are described in this canal sentence?", "content_words"),
        ("What canal canal carries water?", "doubled_word"),
        (CLEAN.replace(".", "?"), "unchanged"),
    ],
)
def test_a_question_is_about_its_sentence(question, expected):
    assert rule(QA, CLEAN, question=question) == expected


def test_the_answer_to_a_small_models_question_is_the_sentence_itself():
    draft, share = QA.read(CLEAN, Completion('{"question": "Who built the canal?"}', "stop", 1, 1), POLICY)
    assert draft == Draft(f"Question: Who built the canal?\nAnswer: {CLEAN}", 1.0, "Who built the canal?", CLEAN)
    assert share == 1.0


def test_both_halves_of_a_free_pair_must_be_grounded():
    answers = {"question": "Who built the canal?", "answer": "Ana Petrov built the canal in 1961."}
    assert rule(BIG_QA, CLEAN, **answers) is None
    assert rule(BIG_QA, CLEAN, **answers | {"answer": "Ana Petrov built it in 1970."}) == "number"


@pytest.mark.parametrize("text", ["{", '["text"]', '{"text": 1}', '{"other": "a"}'])
def test_an_answer_that_is_not_the_json_asked_for_is_invalid(text):
    result, share = EDIT.read(ROUGH, Completion(text, "stop", 1, 1), POLICY)
    assert (result.reason, result.rule, share) == ("invalid_output", "json", None)


def test_small_models_get_single_sentences_and_tight_limits():
    text = (
        f"{ROUGH} It was a very long time ago that it was done by them. Oslo paid Ana Petrov 300 crowns for it in 1961."
    )
    assert next(span.of(text) for span in EDIT.parts(text, POLICY)) == ROUGH
    assert [span.of(text) for span in QA.parts(text, POLICY)][-1] == "Oslo paid Ana Petrov 300 crowns for it in 1961."
    assert EDIT.prompt(ROUGH, POLICY).sampling.max_tokens < len(ROUGH)


def test_large_models_get_chunks_in_order_at_most_max_parts():
    text = "\n\n".join(f"Paragraph {number} says something. " * 50 for number in range(9))
    parts = BIG_EDIT.parts(text, POLICY)
    assert len(parts) == POLICY.max_parts
    assert parts[0].start == 0
    assert all(span.end - span.start <= POLICY.passages.max_chunk_chars for span in parts)


def test_passages_with_control_tokens_are_not_asked_about():
    assert EDIT.parts(ROUGH.replace("water", "<|im_end|> water"), POLICY) == []


@pytest.mark.parametrize("profile", ["small", "large"])
def test_every_name_that_the_policy_accepts_has_a_recipe_and_a_template(profile):
    names = get_args(RecipeName)
    assert [recipe.name for recipe in recipes(profile, RefinedPolicy(recipes=names))] == list(names)
    assert set(TEMPLATES[profile]) == set(names)
