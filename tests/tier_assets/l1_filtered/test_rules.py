import polars as pl
import pytest

from tier_assets.l1_filtered.rules import judge, rules, stop_words
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import FILTER_SIGNALS

POLICY = FilteredPolicy()
GOOD = {
    "language": "en",
    "text_chars": 1000.0,
    "text_words": 200.0,
    "language_score": 0.9,
    "nonsymbol_words": 200.0,
    "mean_word_length": 5.0,
    "alpha_word_ratio": 1.0,
    "stop_words": 4.0,
    "punctuated_line_ratio": 0.9,
    "c4_sentences": 12.0,
    "code_alnum_ratio": 0.8,
}


def verdict(policy: FilteredPolicy = POLICY, /, **signals: object) -> tuple:
    row = {column.name: 0.0 for column in FILTER_SIGNALS} | GOOD | signals
    return judge(pl.DataFrame([row], schema_overrides={"language": pl.String}), policy=policy).row(0)


def test_a_good_document_breaks_no_rule():
    assert verdict() == (None, None, None, None)


# Every threshold of the recipe, with a value just beyond it.
BEYOND = [
    ("repetition", "max_duplicate_line_ratio", "duplicate_line_ratio", 0.31, 0.30),
    ("repetition", "max_duplicate_paragraph_ratio", "duplicate_paragraph_ratio", 0.31, 0.30),
    ("repetition", "max_duplicate_line_char_ratio", "duplicate_line_char_ratio", 0.21, 0.20),
    ("repetition", "max_duplicate_paragraph_char_ratio", "duplicate_paragraph_char_ratio", 0.21, 0.20),
    ("repetition", "max_top_2gram_char_ratio", "top_2gram_char_ratio", 0.21, 0.20),
    ("repetition", "max_top_3gram_char_ratio", "top_3gram_char_ratio", 0.19, 0.18),
    ("repetition", "max_top_4gram_char_ratio", "top_4gram_char_ratio", 0.17, 0.16),
    ("repetition", "max_duplicate_5gram_char_ratio", "duplicate_5gram_char_ratio", 0.16, 0.15),
    ("repetition", "max_duplicate_6gram_char_ratio", "duplicate_6gram_char_ratio", 0.15, 0.14),
    ("repetition", "max_duplicate_7gram_char_ratio", "duplicate_7gram_char_ratio", 0.14, 0.13),
    ("repetition", "max_duplicate_8gram_char_ratio", "duplicate_8gram_char_ratio", 0.13, 0.12),
    ("repetition", "max_duplicate_9gram_char_ratio", "duplicate_9gram_char_ratio", 0.12, 0.11),
    ("repetition", "max_duplicate_10gram_char_ratio", "duplicate_10gram_char_ratio", 0.11, 0.10),
    ("quality", "min_words", "nonsymbol_words", 49.0, 50.0),
    ("quality", "max_words", "nonsymbol_words", 100_001.0, 100_000.0),
    ("quality", "min_mean_word_length", "mean_word_length", 2.9, 3.0),
    ("quality", "max_mean_word_length", "mean_word_length", 10.1, 10.0),
    ("quality", "max_hash_word_ratio", "hash_word_ratio", 0.11, 0.1),
    ("quality", "max_ellipsis_word_ratio", "ellipsis_word_ratio", 0.11, 0.1),
    ("quality", "max_bullet_line_ratio", "bullet_line_ratio", 0.91, 0.9),
    ("quality", "max_ellipsis_line_ratio", "ellipsis_line_ratio", 0.31, 0.3),
    ("quality", "min_alpha_word_ratio", "alpha_word_ratio", 0.79, 0.8),
    ("quality", "min_stop_words", "stop_words", 1.0, 2.0),
    ("quality", "max_lorem_ipsum", "c4_lorem_ipsum", 1.0, 0.0),
    ("quality", "max_curly_bracket", "c4_curly_bracket", 1.0, 0.0),
    ("quality", "min_sentences", "c4_sentences", 4.0, 5.0),
    ("quality", "min_punctuated_line_ratio", "punctuated_line_ratio", 0.11, 0.12),
    ("quality", "max_short_line_ratio", "short_line_ratio", 0.68, 0.67),
    ("quality", "max_duplicated_line_chars_ratio", "duplicated_line_chars_ratio", 0.011, 0.01),
    ("quality", "max_newline_word_ratio", "newline_word_ratio", 0.31, 0.3),
]
BEYOND_CODE = [
    ("quality", "max_line_chars", "code_max_line_chars", 1001.0, 1000.0),
    ("quality", "max_mean_line_chars", "code_mean_line_chars", 101.0, 100.0),
    ("quality", "min_alnum_ratio", "code_alnum_ratio", 0.24, 0.25),
    ("quality", "max_generated", "code_generated", 1.0, 0.0),
    ("quality", "max_encoded_chars", "code_encoded_chars", 1025.0, 1024.0),
    ("quality", "max_encoded_ratio", "code_encoded_ratio", 0.51, 0.5),
    ("quality", "max_markup_ratio", "code_markup_ratio", 0.81, 0.8),
    ("quality", "max_xml", "code_xml", 1.0, 0.0),
    ("quality", "max_setting_line_ratio", "code_setting_line_ratio", 0.91, 0.9),
]


@pytest.mark.parametrize(("reason", "rule", "signal", "value", "threshold"), BEYOND)
def test_a_value_beyond_a_threshold_drops_with_rule_value_and_threshold(reason, rule, signal, value, threshold):
    assert verdict(**{signal: value}) == (reason, rule, value, threshold)


@pytest.mark.parametrize(("signal", "threshold"), [(each[2], each[4]) for each in BEYOND])
def test_a_value_at_a_threshold_stays(signal, threshold):
    assert verdict(**{signal: threshold}) == (None, None, None, None)


@pytest.mark.parametrize(("reason", "rule", "signal", "value", "threshold"), BEYOND_CODE)
def test_rules_on_code_are_asked_where_the_policy_names_them(reason, rule, signal, value, threshold):
    assert verdict(FilteredPolicy(rules=("code",)), **{signal: value}) == (reason, rule, value, threshold)
    assert verdict(**{signal: value})[0] is None


def test_the_tables_above_name_every_rule():
    families = ("url", "repetition", "quality", "c4", "fineweb", "code")
    assert [rule.name for rule in rules(POLICY)] == [each[1] for each in BEYOND]
    assert [rule.name for rule in rules(FilteredPolicy(rules=families))] == [each[1] for each in BEYOND + BEYOND_CODE]


def test_only_the_families_that_the_policy_names_are_asked():
    policy = FilteredPolicy(rules=("fineweb", "repetition"))
    assert verdict(policy, nonsymbol_words=3.0, c4_sentences=0.0)[1] is None
    assert verdict(policy, short_line_ratio=1.0, duplicate_line_ratio=0.9)[1] == "max_duplicate_line_ratio"


def test_every_rule_reads_a_signal_of_the_schema():
    everything = FilteredPolicy(rules=("repetition", "quality", "c4", "fineweb", "code"))
    assert {rule.signal for rule in rules(everything)} <= {column.name for column in FILTER_SIGNALS}


def test_the_language_comes_first_then_repetition_then_quality():
    broken = {"duplicate_line_ratio": 0.9, "nonsymbol_words": 3.0, "short_line_ratio": 1.0}
    assert verdict(**broken, language_score=0.6)[1] == "min_language_score"
    assert verdict(**broken)[1] == "max_duplicate_line_ratio"
    assert verdict(**broken | {"duplicate_line_ratio": 0.0})[1] == "min_words"


@pytest.mark.parametrize("documents", [0, 1, 3])
def test_there_is_a_row_for_each_document_when_none_breaks_a_rule(documents):
    row = {column.name: 0.0 for column in FILTER_SIGNALS} | GOOD
    verdicts = judge(pl.DataFrame([row] * 3).head(documents), policy=POLICY)
    assert verdicts.columns == ["drop_reason", "rule", "value", "threshold"]
    assert verdicts.height == documents
    assert verdicts.null_count().row(0) == (documents,) * 4


def test_a_document_without_a_language_scores_zero():
    assert verdict(language=None, language_score=None) == ("language", "min_language_score", 0.0, 0.65)


def test_a_policy_may_name_the_languages_it_keeps():
    policy = FilteredPolicy(languages=("de", "fr"))
    assert verdict(policy) == ("language", "languages", None, None)
    assert verdict(policy, language="de")[0] is None


def test_stop_words_are_asked_of_english_only():
    assert verdict(stop_words=0.0, language="en")[1] == "min_stop_words"
    assert verdict(stop_words=0.0, language="pl")[1] is None


@pytest.mark.parametrize("language", ["zh", "ja", "th"])
def test_words_between_spaces_are_not_asked_of_languages_without_them(language):
    signals = {"nonsymbol_words": 4.0, "mean_word_length": 60.0, "top_2gram_char_ratio": 0.7, "newline_word_ratio": 0.9}
    assert verdict(**signals, language=language) == (None, None, None, None)
    assert verdict(**signals, language="ko")[1] == "max_top_2gram_char_ratio"


def test_lines_are_asked_of_every_language():
    assert verdict(language="zh", punctuated_line_ratio=0.0)[1] == "min_punctuated_line_ratio"


def test_a_signal_that_is_not_there_breaks_no_rule():
    assert verdict(mean_word_length=None, short_line_ratio=None)[1] is None


@pytest.mark.parametrize("language", ["th", "lo", "km"])
def test_sentences_are_not_asked_of_languages_without_full_stops(language):
    assert verdict(c4_sentences=1.0, language=language)[0] is None
    assert verdict(c4_sentences=1.0, language="zh")[1] == "min_sentences"


def test_a_language_may_have_thresholds_of_its_own():
    policy = FilteredPolicy.model_validate(
        {"by_language": {"de": {"max_mean_word_length": 14, "min_language_score": 0.4, "min_words": 20}}}
    )
    assert verdict(policy, language="de", mean_word_length=12.0, language_score=0.5, nonsymbol_words=30.0)[0] is None
    assert verdict(policy, language="de", mean_word_length=15.0) == ("quality", "max_mean_word_length", 15.0, 14.0)
    assert verdict(policy, language="de", language_score=0.3) == ("language", "min_language_score", 0.3, 0.4)
    assert verdict(policy, language="fr", mean_word_length=12.0) == ("quality", "max_mean_word_length", 12.0, 10.0)


def test_a_language_with_stop_words_of_its_own_is_asked_for_them():
    own = {"de": {"stop_words": ("der", "die", "und"), "min_stop_words": 3}}
    policy = FilteredPolicy.model_validate({"by_language": own})
    assert stop_words(policy) == {"de": ("der", "die", "und")}
    assert verdict(policy, language="de", stop_words=2.0) == ("quality", "min_stop_words", 2.0, 3.0)
    assert verdict(policy, language="fr", stop_words=0.0)[0] is None


def test_bad_words_drop_only_where_the_policy_sets_a_limit():
    assert verdict(bad_word_ratio=0.5)[0] is None
    policy = FilteredPolicy.model_validate({"bad_words": {"max_bad_word_ratio": 0.1}})
    assert verdict(policy, bad_word_ratio=0.5) == ("quality", "max_bad_word_ratio", 0.5, 0.1)
    assert verdict(policy, bad_word_ratio=None)[0] is None
