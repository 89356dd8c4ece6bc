import pytest

from tier_assets.gate.audit import AuditReport, Finding
from tier_assets.gate.summaries import baseline, fall, summarize
from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.outcome import Totals
from tier_assets.policy import Policy


def summary(outcome, policy=None, findings=()):
    report = AuditReport(tuple(findings), {"kept_share": 0.5})
    totals = Totals()
    list(totals.over([outcome]))
    return summarize(CONTRACT, totals, report, seconds=2.0, policy=policy or Policy(), pool="cpu")


def test_rows_and_reasons_are_counted(documents):
    found = summary(documents("a" * 8, "b" * 4, dropped=3))
    assert (found["rows_in"], found["rows_kept"], found["dropped"]) == (5, 2, {"quality": 3})


def test_tokens_are_estimated_from_characters_where_no_model_counted(documents):
    found = summary(documents("a" * 8, "b" * 4))
    assert (found["tokens"], found["tokens_exact"]) == (3, False)


def test_without_a_price_the_cost_is_unknown_not_zero(documents):
    assert summary(documents("a"))["cost"] is None
    priced = Policy.model_validate({"cost": {"cpu_second_price": 0.25}})
    assert summary(documents("a"), priced)["cost"] == 0.5


def test_checks_are_counted_by_their_worst_expectation(documents):
    warned = Finding("drops", "m", "x", "y", 1.0, passed=False, blocking=False)
    failed = Finding("content", "m", "x", "y", 1.0, passed=False, blocking=True)
    assert summary(documents("a"), findings=[warned, failed])["checks"] == {"passed": 4, "warned": 1, "failed": 1}


def test_the_mix_of_languages_and_the_length_travel_with_the_version(documents):
    totals = Totals()
    list(totals.over([documents("a")]))
    profile = {"kept_share": 1.0, "median_chars": 7.0, "language_mix.en": 0.75, "language_mix.de": 0.25}
    found = summarize(CONTRACT, totals, AuditReport((), profile), seconds=1.0, policy=Policy(), pool="cpu")
    assert (found["median_chars"], found["language_mix"]) == (7.0, {"en": 0.75, "de": 0.25})


def test_the_commonest_rules_travel_with_it_too(documents):
    assert summary(documents("a", dropped=3))["dropped_by_rule"] == {"min_words": 3}


OTHERS = {
    "kept_share": 0.8, "p10_chars": 100.0, "median_chars": 1000.0, "p90_chars": 5000.0,
    "language_mix": {"en": 0.75, "de": 0.25},
}  # fmt: skip
FOUND = {
    "rows_kept": 100.0, "kept_share": 0.4, "p10_chars": 50.0, "median_chars": 500.0, "p90_chars": 20_000.0,
    "language_mix.en": 0.5, "language_mix.fr": 0.5,
}  # fmt: skip
UNKNOWN = dict.fromkeys(
    ("p10_chars_factor", "median_chars_factor", "p90_chars_factor", "language_shift", "kept_of_promoted")
)


def distance(lake, documents, versions, **changed):
    for number in range(versions):
        key = PartitionKey("crawl", str(number))
        candidate = lake.stage("filtered", key, documents("a"), basis=0, parts={})
        lake.promote(candidate.with_report("staged", OTHERS, ()))
    return baseline(lake, "filtered", PartitionKey("crawl", "new"), FOUND | changed, Policy(), {})


def test_a_partition_is_compared_with_the_medians_of_the_sources_others(lake, documents):
    found = distance(lake, documents, 8)
    assert found.factors == {
        "kept_share_factor": 2.0, "p10_chars_factor": 2.0, "median_chars_factor": 2.0, "p90_chars_factor": 4.0,
        "language_shift": 0.5, "kept_of_promoted": None,
    }  # fmt: skip
    assert found.details["kept_share_factor"] == "0.4, baseline 0.8"
    assert found.details["p90_chars_factor"] == "20,000, baseline 5,000"
    assert found.details["language_shift"] == "fr 0.5, baseline 0"


def test_below_the_policys_number_of_versions_there_is_no_baseline(lake, documents):
    found = distance(lake, documents, 7)
    assert set(found.factors.values()) == {None}
    assert set(found.details.values()) == {""}


def test_the_mix_and_length_of_a_handful_of_rows_are_not_compared(lake, documents):
    found = distance(lake, documents, 8, rows_kept=99.0)
    assert found.factors == {"kept_share_factor": 2.0, **UNKNOWN}


def test_a_version_of_before_the_mix_was_kept_is_no_baseline_for_it(lake, documents):
    candidate = lake.stage("filtered", PartitionKey("crawl", "old"), documents("a"), basis=0, parts={})
    lake.promote(candidate.with_report("staged", {"kept_share": 0.8}, ()))
    found = distance(lake, documents, 7)
    assert found.factors == {"kept_share_factor": 2.0, **UNKNOWN}


EARLIER = {"rows_kept": 17, "dropped": {"duplicate": 5, "quality": 8}}


@pytest.mark.parametrize(
    "kept, dropped, left",
    [
        (0, {"quality": 30}, 0),  # a rule drops all
        (0, {"duplicate": 5, "quality": 25}, 0),  # beside the duplicates of before
        (0, {"beyond_budget": 10}, 0),  # fewer inputs than before, and none of them a duplicate
        (0, {"duplicate": 22, "quality": 8}, None),  # an earlier snapshot has them all now
        (3, {"quality": 27}, 3),
    ],
)
def test_a_fall_to_nothing_is_one_unless_duplicates_explain_it(kept, dropped, left):
    found = {"rows_in": float(kept + sum(dropped.values())), "rows_kept": float(kept)}
    assert fall(EARLIER, found, dropped)[0] == left


def test_without_inputs_or_a_promoted_row_there_is_no_fall():
    assert fall(EARLIER, {"rows_in": 0.0, "rows_kept": 0.0}, {}) == (None, "")
    assert fall({"rows_kept": 0}, {"rows_in": 5.0, "rows_kept": 0.0}, {"quality": 5}) == (None, "")
