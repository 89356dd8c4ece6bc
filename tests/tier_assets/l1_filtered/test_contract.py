from typing import get_args

import polars as pl
import pytest

from tier_assets.gate.audit import audit, profile
from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL, hold_on
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.policy import Measure, Policy
from tier_assets.schemas import TABLES

SOUND = {expectation.metric: 0.0 for expectation in (*UNIVERSAL, *ACCOUNTED)} | {
    "kept_of_tried": 20.0, "kept_of_promoted": 20.0,
    "rows_in": 200.0, "kept_share": 0.5, "surviving_share": 0.6, "error_share": 0.0, "commonest_rule_share": 0.2,
    "kept_share_factor": None, "repeated_texts": 0.0, "blank_texts": 0.0, "lowest_language_score": 0.7,
    "timeout_share": 0.0, "extractor_error_share": 0.0, "duplicate_share": 0.1, "contaminated_rows": 0.0,
    "private_data_residue": 0.0, "p10_chars_factor": None, "median_chars_factor": None, "p90_chars_factor": None,
    "language_shift": None,
}  # fmt: skip


def verdict(check, policy=None, **changed):
    policy = policy or Policy()
    report = audit(SOUND | changed, hold_on(CONTRACT.expectations(policy), policy.audit))
    return report.verdict(check), report.holds


def profiled(tmp_path, outcome, measures=None):
    outcome.rows.write_parquet(tmp_path / "rows.parquet")
    outcome.decisions.write_parquet(tmp_path / "decisions.parquet")
    outcome.decisions.select("doc_id").write_parquet(tmp_path / "pages.parquet")
    files, below = [tmp_path / "rows.parquet"], {"raw": [tmp_path / "pages.parquet"]}
    return profile(files, tmp_path / "decisions.parquet", CONTRACT, TABLES["filtered"], measures or {}, below)


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


def test_a_text_that_repeats_a_benchmark_is_held():
    assert verdict("content", contaminated_rows=1.0) == ("failed", True)


def test_an_address_left_unmasked_is_held_beyond_the_policys_share():
    assert verdict("content", private_data_residue=0.001) == ("failed", True)
    lax = Policy.model_validate({"audit": {"max_residue_share": 0.01}})
    assert verdict("content", lax, private_data_residue=0.001) == ("passed", False)


def test_a_run_that_looked_for_neither_passes():
    assert verdict("content", contaminated_rows=None, private_data_residue=None) == ("passed", False)


def test_an_uncertain_language_is_held_and_single_precision_is_not():
    assert verdict("content", lowest_language_score=0.64) == ("failed", True)
    assert verdict("content", lowest_language_score=0.6499999761581421) == ("passed", False)


@pytest.mark.parametrize(
    "changed",
    [
        {"kept_share_factor": 2.5}, {"median_chars_factor": 1.6}, {"p10_chars_factor": 2.1}, {"p90_chars_factor": 2.1},
        {"language_shift": 0.2},
    ],
    ids=str,
)  # fmt: skip
def test_a_partition_unlike_its_sources_others_warns(changed):
    assert verdict("distribution", **changed) == ("warned", False)


@pytest.mark.parametrize("measure", get_args(Measure))
def test_a_measure_that_the_policy_names_holds_instead_of_warning(measure):
    strict = Policy.model_validate({"audit": {"hold_on": [measure]}})
    (check,) = {each.check for each in CONTRACT.expectations(strict) if each.metric == measure}
    missed = {measure: 0.0 if measure == "kept_share" else 99.0}
    assert verdict(check, **missed) == ("warned", False)
    assert verdict(check, strict, **missed) == ("failed", True)
    assert verdict(check, strict, rows_in=99.0, **missed) == ("warned", False)


def test_the_policy_can_name_all_that_only_warns_and_nothing_else():
    warning = {each.metric for each in CONTRACT.expectations(Policy()) if not each.blocking}
    assert set(get_args(Measure)) == warning


@pytest.mark.parametrize(
    "changed",
    [{"error_share": 0.2}, {"timeout_share": 0.01}, {"extractor_error_share": 0.01}, {"duplicate_share": 0.8}],
    ids=str,
)
def test_many_drops_of_one_kind_warn(changed):
    assert verdict("drops", **changed) == ("warned", False)


def test_a_real_outcome_gives_every_number_that_is_judged(tmp_path, documents):
    found = profiled(tmp_path, documents("a text", "another", dropped=1))
    names = ("kept_share_factor", "p10_chars_factor", "median_chars_factor", "p90_chars_factor", "language_shift")
    others = dict.fromkeys(names) | {"kept_of_promoted": None}
    report = audit(others | found, CONTRACT.expectations(Policy()))
    assert not report.holds
    lengths = [found[name] for name in ("p10_chars", "median_chars", "p90_chars")]
    assert lengths == pytest.approx([6.1, 6.5, 6.9])
    assert found["language_mix.en"] == 1


def test_an_empty_outcome_gives_them_too(tmp_path, documents):
    found = profiled(tmp_path, documents())
    assert found["median_chars"] is None
    assert found["duplicate_share"] is None


def test_drops_are_shared_out_over_all_inputs(tmp_path, documents):
    outcome = documents("a", dropped=3)
    decisions = outcome.decisions.with_columns(
        drop_reason=pl.Series([None, "timeout", "duplicate", "unreadable"]),
        rule=pl.Series([None, "max_page_seconds", "near_duplicate", "extractor_error"]),
    )
    found = profiled(tmp_path, type(outcome)(outcome.rows, decisions))
    assert (found["timeout_share"], found["duplicate_share"], found["extractor_error_share"]) == (0.25, 0.25, 0.25)


def test_equal_texts_are_counted(tmp_path, documents):
    assert profiled(tmp_path, documents("a", "b", "a", "a"))["repeated_texts"] == 2
