import pytest

from tier_assets.audit import AuditReport, Finding
from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.outcome import Totals
from tier_assets.policy import Policy
from tier_assets.summaries import baseline, summarize


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


@pytest.mark.parametrize(("versions", "factor"), [(8, 2.0), (7, None)])
def test_a_yield_is_compared_only_with_enough_promoted_partitions(lake, documents, versions, factor):
    for number in range(versions):
        key = PartitionKey("crawl", str(number))
        candidate = lake.stage("filtered", key, documents("a"), basis=0, parts={})
        lake.promote(candidate.with_report("staged", {"kept_share": 0.8}, ()))
    found = baseline(lake, "filtered", PartitionKey("crawl", "new"), {"kept_share": 0.4}, Policy())
    assert found == {"kept_share_factor": factor}
