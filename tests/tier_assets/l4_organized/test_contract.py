import pytest

from tier_assets.gate.audit import audit
from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL
from tier_assets.l4_organized.contract import CONTRACT
from tier_assets.policy import Policy

SOUND = {expectation.metric: 0.0 for expectation in (*UNIVERSAL, *ACCOUNTED)} | {
    "kept_of_tried": 20.0, "kept_of_promoted": 20.0,
    "rows_in": 50.0, "rows_kept": 20.0, "model_error_share": 0.0, "unsupported_share": 0.2, "without_evidence": 0.0,
    "without_parent": 0.0, "repeated_facts": 0.0,
}  # fmt: skip


def verdict(check, **changed):
    report = audit(SOUND | changed, CONTRACT.expectations(Policy()))
    return report.verdict(check), report.holds


def test_a_sound_partition_passes():
    assert not audit(SOUND, CONTRACT.expectations(Policy())).holds


@pytest.mark.parametrize("breach", ["without_evidence", "without_parent", "repeated_facts"])
def test_a_fact_without_evidence_or_twice_is_held(breach):
    assert verdict("content", **{breach: 1.0}) == ("failed", True)


def test_rates_and_emptiness_warn():
    assert verdict("drops", unsupported_share=0.9) == ("warned", False)
    assert verdict("volume", rows_kept=0.0) == ("warned", False)


@pytest.mark.parametrize("metric", ["kept_of_tried", "kept_of_promoted"])
def test_nothing_left_is_held_unless_the_policy_allows_it(metric):
    assert verdict("volume", **{metric: 0.0}, kept_share=0.0)[1]
    allowing = Policy.model_validate({"audit": {"allow_empty": True}})
    assert not audit(SOUND | {metric: 0.0}, CONTRACT.expectations(allowing)).holds
