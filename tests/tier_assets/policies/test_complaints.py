import datetime

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
        "strata.toml: raw.max_line_bytes: must be more than 0, not 0"
    )


def test_a_misspelt_choice_is_shown_the_one_that_is_like_it():
    sentence = said([Layer((), {"language_model": {"backend": "vlm"}})])
    assert sentence.endswith("must be 'embedded', 'openai' or 'vllm', not 'vlm'; did you mean 'vllm'?")


def test_the_blame_is_on_the_layer_that_gave_the_value():
    common, own = Layer((), {"raw": {"max_line_bytes": 0}}), Layer(("source", "crawl"), {"raw": {"x": 1}})
    assert said([common, own]).startswith("strata.toml: raw.max_line_bytes:")
    assert said([own]).startswith("strata.toml: source.crawl.raw.x: no such key")
    assert said([Layer((), {"raw": {"x": 1}}, preset="mine"), Layer((), {})]).startswith("preset mine: raw.x: ")


def test_a_misspelt_section_is_shown_what_may_stand_there():
    assert "did you mean 'filtered'?" in said([Layer((), {"filterd": {}})])
    assert said([Layer((), {"x": {}})]).endswith("execution, retention, preset, domain, source")
    assert said([Layer(("domain", "code"), {"x": {}})]).endswith("execution, retention, preset")


def test_a_key_that_is_not_written_out_has_the_line_of_its_table():
    assert where("a.toml", ("raw", "x"), {("raw",): 3}) == "a.toml: line 3: raw.x"
    assert where("a.toml", ("raw", "x"), {}) == "a.toml: raw.x"


def test_nothing_is_meant_by_a_word_unlike_any():
    assert did_you_mean("zzz", ["fineweb"]) == ""
    assert did_you_mean(3, ["fineweb"]) == ""


def test_a_key_of_a_section_under_a_name_of_the_users_choice_is_known_too():
    sentence = said([Layer((), {"filtered": {"by_language": {"de": {"min_word": 1}}}})])
    assert sentence.startswith("strata.toml: filtered.by_language.de.min_word: no such key; did you mean 'min_words'?")


@pytest.mark.parametrize(
    ("filtered", "sentence"),
    [
        ({"rules": "c4"}, """filtered.rules: must be a list such as ["c4"], not 'c4'"""),
        ({"rules": 3}, """filtered.rules: must be a list such as ["..."], not 3"""),
        ({"extractor": 1}, "filtered.extractor: must be 'cascade' or 'trafilatura', not 1"),
        ({"media_types": [1]}, "filtered.media_types: each must be a text in quotes, not 1"),
        ({"quality": 3}, "filtered.quality: must be a table such as [filtered.quality], not 3"),
        ({"by_language": []}, "filtered.by_language: must be a table such as [filtered.by_language], not a list"),
        ({"min_language_score": True}, "filtered.min_language_score: must be a number, not true"),
        ({"min_language_score": "0.5"}, "filtered.min_language_score: must be a number, not '0.5'"),
        ({"min_language_score": float("nan")}, "filtered.min_language_score: must be a finite number, not nan"),
        ({"min_language_score": 5}, "filtered.min_language_score: must be at most 1, not 5"),
        ({"language_chars": 1.0}, "filtered.language_chars: must be a whole number, not 1.0"),
        ({"language_chars": {"a": 1}}, "filtered.language_chars: must be a whole number, not a table"),
        ({"language_chars": datetime.date(2026, 1, 2)}, "filtered.language_chars: must be a whole number, not 2026-01-02"),
        (
            {"c4": {"require_terminal_punctuation": 1}},
            "filtered.c4.require_terminal_punctuation: must be true or false, not 1",
        ),
        ({"private_data": {"spacy_model": 1}}, "filtered.private_data.spacy_model: must be a text in quotes, not 1"),
        ({"quality": {"max_words": 10}}, "filtered.quality: min_words = 50 lies above max_words = 10: change one of them"),
        (
            {"by_language": {"de": {"stop_words": ["x"] * 65}}},
            "filtered.by_language.de.stop_words: must have at most 64 entries, not 65",
        ),
        ({"rules": "x" * 99}, f"""filtered.rules: must be a list such as ["{"x" * 99}"], not '{"x" * 58}…"""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_words_of_toml(filtered, sentence):
    assert said([Layer((), {"filtered": filtered})]) == f"strata.toml: {sentence}"


def test_a_language_is_asked_for_by_its_code():
    expected = (
        """must be one of the 176 codes that the language identifier knows, such as "en" for English, not 'english'"""
    )
    assert said([Layer((), {"filtered": {"languages": ["english"]}})]).endswith(f"filtered.languages: each {expected}")
    assert said([Layer((), {"filtered": {"by_language": {"english": {}}}})]).endswith(f".english: {expected}")


@pytest.mark.parametrize(
    ("values", "place"),
    [
        (
            {"selected": {"preset": "dclm"}},
            "at the top of the file, above its first table, or in [domain.NAME] or [source.NAME]",
        ),
        ({"filtered": {"domain": "code"}}, "in [source.NAME]"),
        ({"filtered": {"source": {"crawl": {}}}}, "at the top of the file: [source.NAME.filtered]"),
        ({"selected": {"filtered": {}}}, "at the top of the file: [filtered]"),
    ],
)  # fmt: skip
def test_a_key_of_no_section_is_shown_where_it_belongs(values, place):
    assert said([Layer((), values)]).endswith(f": no such key; it belongs {place}")


def test_a_table_of_a_source_is_shown_in_full():
    own = Layer(("source", "crawl"), {"filtered": {"quality": 3}})
    assert said([own]).endswith("must be a table such as [source.crawl.filtered.quality], not 3")
