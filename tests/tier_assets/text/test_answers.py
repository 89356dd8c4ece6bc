"""An answer is finished, parsed, no refusal and no example before anyone looks at what it says."""

import pytest

from tier_assets.inference import Completion
from tier_assets.schemas import DropReason
from tier_assets.text.answers import Flaw, fields, foreign_letters, leaks, parsed
from tier_assets.text.grounding import Breach


def answer(text, finish_reason="stop"):
    return Completion(text, finish_reason, 1, 1)


@pytest.mark.parametrize(
    ("completion", "flaw"),
    [
        (answer("", "error"), Flaw(DropReason.MODEL_ERROR, "error")),
        (answer('{"text": "a"}', "length"), Flaw.invalid("cut")),
        (answer("", "refused"), Flaw.invalid("refusal")),
        (answer('{"text": '), Flaw.invalid("json")),
        (answer("I'm sorry, I can't do that."), Flaw.invalid("refusal")),
        (answer("[" * 1_000), Flaw.invalid("json")),
        (answer("[" * 1_000 + "]" * 1_000), Flaw.invalid("json")),
        (answer('{"text":' * 100_000), Flaw.invalid("json")),
        (answer(f'{{"text": {"9" * 5_000}}}'), Flaw.invalid("json")),
        (answer('{"text": "\\ud800 is half a letter"}'), Flaw.invalid("json")),
        (answer('{"\\udfff": "a"}'), Flaw.invalid("json")),
    ],
)
def test_what_is_no_answer_is_named(completion, flaw):
    assert parsed(completion) == flaw


def test_a_pair_of_surrogates_is_a_letter_and_numbers_that_are_none_are_looked_at_later():
    assert parsed(answer('{"text": "\\ud83d\\ude00"}')) == {"text": "\U0001f600"}
    assert fields(parsed(answer('{"text": NaN}')), ("text",), "a") == Flaw.invalid("json")


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        (["a"], Flaw.invalid("json")),
        ({"text": 1}, Flaw.invalid("json")),
        ({"text": "a", "more": "b"}, Flaw.invalid("json")),
        ({"text": " . "}, Flaw(DropReason.EMPTY, "empty")),
        ({"text": "As an AI language model, I"}, Flaw.invalid("refusal")),
        ({"text": "I cannot help with this."}, Flaw.invalid("refusal")),
        ({"text": "привет"}, Flaw(DropReason.LANGUAGE, "script", 1.0, 0.1)),
    ],
)
def test_fields_that_are_of_no_use_are_named(value, flaw):
    assert fields(value, ("text",), "hello there") == flaw


def test_fields_are_normalised():
    assert fields({"text": " cafe\u0301\u200b \r\n"}, ("text",), "café") == {"text": "café"}


def test_a_refusal_that_the_document_itself_makes_is_none():
    assert fields({"text": "I cannot help you, he said."}, ("text",), "“I cannot help you,” he said") == {
        "text": "I cannot help you, he said."
    }


def test_two_words_of_the_examples_that_the_source_lacks_are_a_leak():
    examples = "Bees find their way home using the sun."
    assert leaks("Bees spend the sun", "People spend it", examples)
    assert not leaks("Bees spend it", "People spend it", examples)
    assert not leaks("Bees in the sun", "The sun and the bees", examples)


def test_japanese_scripts_are_one():
    assert foreign_letters("漢字かなカナ", "字") == 0.0
    assert foreign_letters("123", "abc") == 0.0


def test_a_breach_of_grounding_is_unsupported():
    assert Flaw.of(Breach("number", 2, 0)) == Flaw(DropReason.UNSUPPORTED, "number", 2, 0)
