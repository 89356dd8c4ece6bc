import pytest

from tier_assets.gate.audit import audit
from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL
from tier_assets.l3_refined.contract import CONTRACT
from tier_assets.policy import Policy

SOUND = {expectation.metric: 0.0 for expectation in (*UNIVERSAL, *ACCOUNTED)} | {
    "kept_of_tried": 20.0, "kept_of_promoted": 20.0,
    "rows_in": 200.0, "rows_kept": 20.0, "model_error_share": 0.0, "invalid_share": 0.0, "unsupported_share": 0.2,
    "lowest_support": 0.6, "without_parent": 0.0, "cut_rows": 0.0, "blank_texts": 0.0, "completion_tokens": 900.0,
}  # fmt: skip


def verdict(check, **changed):
    report = audit(SOUND | changed, CONTRACT.expectations(Policy()))
    return report.verdict(check), report.holds


def test_a_sound_partition_passes():
    assert not audit(SOUND, CONTRACT.expectations(Policy())).holds


@pytest.mark.parametrize(
    "breach", [{"lowest_support": 0.5}, {"without_parent": 1.0}, {"cut_rows": 1.0}, {"blank_texts": 1.0}]
)
def test_what_is_kept_must_be_whole_and_grounded(breach):
    assert verdict("content", **breach) == ("failed", True)


@pytest.mark.parametrize("share", ["model_error_share", "invalid_share", "unsupported_share"])
def test_rates_of_dropped_attempts_only_warn(share):
    assert verdict("drops", **{share: 0.9}) == ("warned", False)


def test_nothing_refined_and_a_broken_budget_warn():
    assert verdict("volume", rows_kept=0.0) == ("warned", False)
    assert verdict("cost", completion_tokens=1e6) == ("warned", False)


def test_decontamination_counts_for_the_fingerprint_only_where_there_are_benchmarks():
    def values(**contamination):
        return CONTRACT.policy_digest(Policy.model_validate({"filtered": {"contamination": contamination}}))

    assert values(min_words=20) == values()
    assert len({values(), values(benchmarks=["b"]), values(benchmarks=["b"], min_words=20)}) == 3


@pytest.mark.parametrize("metric", ["kept_of_tried", "kept_of_promoted"])
def test_nothing_left_is_held_unless_the_policy_allows_it(metric):
    assert verdict("volume", **{metric: 0.0}, kept_share=0.0)[1]
    allowing = Policy.model_validate({"audit": {"allow_empty": True}})
    assert not audit(SOUND | {metric: 0.0}, CONTRACT.expectations(allowing)).holds
