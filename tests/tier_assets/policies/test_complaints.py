import pytest
from pydantic import ValidationError

from tier_assets.policies.complaints import complaint, did_you_mean, where
from tier_assets.policies.layers import Layer, merged
from tier_assets.policy import Policy


def said(layers, lines=None):
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(merged(layers))
    return complaint(caught.value, layers, Policy, "strata.toml", lines or {})


def test_an_unknown_key_is_shown_with_its_line_and_what_was_meant():
    lines = {("execution",): 1, ("execution", "wokers"): 2}
    assert said([Layer((), {"execution": {"wokers": 1}})], lines) == (
        "strata.toml: line 2: execution.wokers: no such key; did you mean 'workers'?; known keys: workers"
    )


def test_a_key_of_another_section_is_shown_its_place():
    assert "no such key; it is a key of [filtered.quality];" in said([Layer((), {"filtered": {"max_words": 3}})])
    assert "; it is a key of [refined.passages], [organized.passages];" in said([Layer((), {"min_letter_ratio": 3})])


def test_of_several_sections_with_a_key_those_within_the_one_it_stands_in_are_shown():
    sentence = said([Layer((), {"filtered": {"min_words": 3}})])
    assert "it is a key of [filtered.by_language.NAME], [filtered.quality]" in sentence
    assert "refined" not in sentence


def test_a_value_out_of_bounds_is_shown_with_what_was_given():
    assert said([Layer((), {"raw": {"max_line_bytes": 0}})]) == (
        "strata.toml: raw.max_line_bytes: Input should be greater than 0, not 0"
    )


def test_a_misspelt_choice_is_shown_the_one_that_is_like_it():
    sentence = said([Layer((), {"language_model": {"backend": "vlm"}})])
    assert sentence.endswith("Input should be 'embedded', 'openai' or 'vllm', not 'vlm'; did you mean 'vllm'?")


def test_the_blame_is_on_the_layer_that_gave_the_value():
    common, own = Layer((), {"raw": {"max_line_bytes": 0}}), Layer(("source", "crawl"), {"raw": {"x": 1}})
    assert said([common, own]).startswith("strata.toml: raw.max_line_bytes:")
    assert said([own]).startswith("strata.toml: source.crawl.raw.x: no such key")
    assert said([Layer((), {"raw": {"x": 1}}, preset="mine"), Layer((), {})]).startswith("preset mine: raw.x: ")


def test_a_misspelt_section_is_shown_what_may_stand_there():
    assert "did you mean 'filtered'?" in said([Layer((), {"filterd": {}})])
    assert said([Layer((), {"x": {}})]).endswith("execution, preset, domain, source")
    assert said([Layer(("domain", "code"), {"x": {}})]).endswith("execution, preset")


def test_a_key_that_is_not_written_out_has_the_line_of_its_table():
    assert where("a.toml", ("raw", "x"), {("raw",): 3}) == "a.toml: line 3: raw.x"
    assert where("a.toml", ("raw", "x"), {}) == "a.toml: raw.x"


def test_nothing_is_meant_by_a_word_unlike_any():
    assert did_you_mean("zzz", ["fineweb"]) == ""
    assert did_you_mean(3, ["fineweb"]) == ""


def test_a_key_of_a_section_under_a_name_of_the_users_choice_is_known_too():
    sentence = said([Layer((), {"filtered": {"by_language": {"de": {"min_word": 1}}}})])
    assert sentence.startswith("strata.toml: filtered.by_language.de.min_word: no such key; did you mean 'min_words'?")
