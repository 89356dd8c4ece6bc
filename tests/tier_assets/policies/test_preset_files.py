from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.policies.preset_files import DOMAINS, presets
from tier_assets.policies.section import settings
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook


def in_force(**top):
    return PolicyBook(top).default.filtered


def test_the_presets_are_these_and_say_where_they_come_from():
    assert list(presets()) == ["code", "dclm", "fineweb", "math"]
    assert all(preset.title and preset.source for preset in presets().values())


def test_every_preset_is_a_policy():
    for preset in presets().values():
        Policy.model_validate(preset.values)


def test_presets_say_nothing_of_what_is_the_homes():
    assert {section for preset in presets().values() for section in preset.values} == {"filtered"}


def test_every_domain_has_a_preset_or_the_defaults():
    assert {name for name in DOMAINS.values() if name} <= presets().keys()
    assert DOMAINS["web"] is None


def test_fineweb_is_the_defaults():
    assert in_force(preset="fineweb") == FilteredPolicy()


def test_fineweb_gives_every_threshold_of_its_rules():
    """So that a home with this preset stays as it is when a default changes."""
    given = presets()["fineweb"].values["filtered"]
    for section in ("quality", "repetition", "c4", "fineweb", "deduplication"):
        assert given[section].keys() == type(getattr(FilteredPolicy(), section)).model_fields.keys(), section
    assert {"rules", "tokenizer", "min_language_score", "extractor"} <= given.keys()


def test_dclm_is_english_by_the_rules_of_refinedweb_alone():
    policy = in_force(preset="dclm")
    assert policy.rules == ("url", "repetition", "quality")
    assert (policy.languages, policy.min_language_score) == (("en",), 0.65)
    assert policy.deduplication.min_jaccard == 0.8
    assert policy.quality == FilteredPolicy().quality


def test_math_keeps_what_latex_looks_like():
    policy = in_force(preset="math")
    assert "fineweb" not in policy.rules
    assert (policy.c4.min_line_words, policy.c4.max_curly_bracket) == (0, 1_000_000_000)
    assert policy.quality.min_alpha_word_ratio < FilteredPolicy().quality.min_alpha_word_ratio
    assert policy.quality.min_stop_words == 0


def test_code_is_judged_by_its_own_rules_and_deduplicated_as_ever():
    policy = in_force(preset="code")
    assert policy.rules == ("code",)
    assert policy.min_language_score == 0
    assert policy.deduplication == FilteredPolicy().deduplication


def test_a_preset_changes_only_what_it_names():
    for preset in presets():
        changed = {setting.key[0] for setting in settings(in_force(preset=preset)) if setting.value != setting.default}
        assert changed <= presets()[preset].values["filtered"].keys()
