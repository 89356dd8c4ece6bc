import pytest

from tier_assets.gate.audit import audit
from tier_assets.l0_raw.contract import CONTRACT
from tier_assets.policy import Policy

SOUND = {
    "rows_in": 10.0, "rows_kept": 10.0, "error_share": 0.0, "repeated_ids": 0.0, "repeated_decisions": 0.0,
    "undecided": 0.0, "unmatched_rows": 0.0, "drops_without_reason": 0.0, "kept_with_reason": 0.0,
    "columns_different": 0.0, "required_nulls": 0.0, "files_empty": 0.0, "files_truncated": 0.0,
    "files_unreadable": 0.0, "files_missing": 0.0, "files_incomplete": 0.0,
    "entries_unaccounted": 0.0,
}  # fmt: skip


def verdict(check, **changed):
    report = audit(SOUND | changed, CONTRACT.expectations(Policy()))
    return report.verdict(check), report.holds


def test_a_whole_landing_passes():
    assert not audit(SOUND, CONTRACT.expectations(Policy())).holds


@pytest.mark.parametrize(
    "measure", ["files_empty", "files_truncated", "files_incomplete", "files_unreadable", "files_missing"]
)
def test_an_incomplete_file_holds_the_partition(measure):
    assert verdict("completeness", **{measure: 1.0}) == ("failed", True)


def test_nothing_captured_holds_the_partition():
    assert verdict("volume", rows_kept=0.0) == ("failed", True)


def test_damaged_captures_warn():
    assert verdict("drops", error_share=0.1) == ("warned", False)


@pytest.mark.parametrize("seen, unaccounted", [(12, 0), (13, 1), (11, 1)])
def test_every_entry_seen_is_decided_on_or_passed(seen, unaccounted):
    measure = CONTRACT.derived["entries_unaccounted"]
    assert measure({"entries_seen": seen, "entries_passed": 2, "rows_in": 10}) == unaccounted
    assert verdict("conservation", entries_unaccounted=float(unaccounted))[1] == bool(unaccounted)


def test_a_step_that_counts_no_entries_accounts_for_none():
    assert CONTRACT.derived["entries_unaccounted"]({"entries_seen": None, "entries_passed": None, "rows_in": 10}) == 10
