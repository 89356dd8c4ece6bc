from dataclasses import replace

import dagster as dg

from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.promotion.events import check_results, runless_events


def test_a_version_is_told_without_a_run_with_its_number_and_a_result_for_each_check(lake, key, documents):
    version = lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    made, *checks = runless_events(lake, CONTRACT, version, "reported", asset="l1_filtered", partition=str(key))
    assert isinstance(made, dg.AssetMaterialization)
    assert made.tags == {"dagster/data_version": version.fingerprint}
    assert made.metadata["strata/version"].value == 1
    assert [check.check_name for check in checks] == list(CONTRACT.checks)
    assert {check.partition for check in checks} == {str(key)}


FAILED = {
    "check": "content", "metric": "m", "meaning": "x", "allowed": "= 0", "observed": 1.0, "passed": False, "blocking": True
}  # fmt: skip


def overridden(lake, key, documents):
    staged = lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"})
    held = staged.with_report("held", {}, (FAILED,))
    lake.record(held)
    return lake.promote(held, kind="override", actor="ada", reason="looked at it")


def content_of(lake, version):
    told = runless_events(lake, CONTRACT, version, "reported", asset="l1_filtered", partition=version.partition)
    return next(event for event in told if getattr(event, "check_name", "") == "content")


def test_the_failed_check_of_an_overridden_version_warns_with_who_when_and_why(lake, key, documents):
    version = overridden(lake, key, documents)
    content = content_of(lake, version)
    assert (content.passed, content.severity) == (False, dg.AssetCheckSeverity.WARN)
    said = f"content failed, overridden by ada on {version.promoted_at[:16]}: looked at it"
    assert content.metadata["override"].value == content.description == said


def test_a_failed_check_that_nobody_is_known_to_have_overridden_warns_too(lake, key, documents):
    version = replace(overridden(lake, key, documents), candidate="another")
    assert content_of(lake, version).passed  # its report is gone
    lost = replace(lake.head("filtered", key), kind="rollback", number=2, actor="bob", reason="back")
    assert "overridden by ada" in content_of(lake, lost).metadata["override"].value


def test_the_check_of_a_held_candidate_is_an_error():
    [content] = [each for each in check_results(CONTRACT, [FAILED]) if each.check_name == "content"]
    assert (content.passed, content.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "override" not in content.metadata
