from tier_assets.audit import UNIVERSAL, audit
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.policy import Policy

SOUND = {expectation.metric: 0.0 for expectation in UNIVERSAL} | {
    "rows_in": 200.0, "kept_share": 0.5, "surviving_share": 0.6, "error_share": 0.0, "commonest_rule_share": 0.2,
    "kept_share_factor": None, "repeated_texts": 0.0, "blank_texts": 0.0, "lowest_language_score": 0.7,
}  # fmt: skip


def verdict(check, **changed):
    report = audit(SOUND | changed, CONTRACT.expectations(Policy()))
    return report.verdict(check), report.holds


def test_a_sound_partition_passes():
    assert not audit(SOUND, CONTRACT.expectations(Policy())).holds


def test_a_source_that_is_wiped_out_is_held():
    assert verdict("volume", kept_share=0.01, surviving_share=0.01) == ("failed", True)


def test_a_handful_of_documents_only_warns():
    assert verdict("volume", kept_share=0.0, surviving_share=0.0, rows_in=99.0) == ("warned", False)


def test_a_source_captured_again_unchanged_survives_in_its_duplicates():
    assert verdict("volume", kept_share=0.0, surviving_share=0.98) == ("warned", False)


def test_equal_or_blank_texts_are_held():
    assert verdict("content", repeated_texts=1.0) == ("failed", True)
    assert verdict("content", blank_texts=1.0) == ("failed", True)


def test_an_uncertain_language_is_held_and_single_precision_is_not():
    assert verdict("content", lowest_language_score=0.64) == ("failed", True)
    assert verdict("content", lowest_language_score=0.6499999761581421) == ("passed", False)


def test_a_yield_far_from_the_sources_warns():
    assert verdict("distribution", kept_share_factor=2.5) == ("warned", False)


def test_many_unreadable_pages_warn():
    assert verdict("drops", error_share=0.2) == ("warned", False)
