import pytest

from tier_assets.gate.audit import audit
from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL
from tier_assets.l2_selected.contract import CONTRACT, SCORER_CONTRACT
from tier_assets.policy import Policy

SOUND = {expectation.metric: 0.0 for expectation in (*UNIVERSAL, *ACCOUNTED)} | {
    "kept_of_tried": 20.0, "kept_of_promoted": 20.0,
    "rows_in": 200.0, "kept_share": 0.1, "kept_share_factor": None, "no_labels": 0.0, "scores_outside": 0.0,
    "scorers": 1.0, "fewest_examples": 30.0, "auc": 0.9,
}  # fmt: skip


def verdict(contract, check, **changed):
    report = audit(SOUND | changed, contract.expectations(Policy()))
    return report.verdict(check), report.holds


def test_sound_ones_pass():
    for contract in (CONTRACT, SCORER_CONTRACT):
        assert not audit(SOUND, contract.expectations(Policy())).holds


def test_selection_without_labels_warns():
    assert verdict(CONTRACT, "content", no_labels=1.0) == ("warned", False)


def test_a_score_that_is_no_probability_is_held():
    assert verdict(CONTRACT, "content", scores_outside=1.0) == ("failed", True)


def test_a_scorer_that_tells_nothing_apart_is_held():
    assert verdict(SCORER_CONTRACT, "distribution", auc=0.5) == ("failed", True)


def test_a_scorer_of_few_examples_is_held():
    assert verdict(SCORER_CONTRACT, "volume", fewest_examples=3.0) == ("failed", True)


def test_no_scorer_is_held():
    assert verdict(SCORER_CONTRACT, "completeness", scorers=0.0, fewest_examples=None, auc=None) == ("failed", True)


def test_a_scorers_row_need_not_be_one_of_its_examples():
    assert verdict(SCORER_CONTRACT, "conservation", unmatched_rows=150.0) == ("passed", False)


@pytest.mark.parametrize("metric", ["kept_of_tried", "kept_of_promoted"])
def test_nothing_left_is_held_unless_the_policy_allows_it(metric):
    assert verdict(CONTRACT, "volume", **{metric: 0.0}, kept_share=0.0)[1]
    allowing = Policy.model_validate({"audit": {"allow_empty": True}})
    assert not audit(SOUND | {metric: 0.0}, CONTRACT.expectations(allowing)).holds
